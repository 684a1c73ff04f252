"""Whether a rule can ever decide: whether some request says yes to it and no to all before it.

Theory. For a policy, a feature has only so many values that differ: a number has the bounds that
the rules compare it with and the ranges between them, a word the words that are asked for and all
others, a set of names the subsets of those that are asked for. Each is one bit of a mask, and a
condition is the mask of the values that meet it. A rule holds where all its conditions do; an
earlier one fails where one of its conditions fails. So the question is whether masks can be found,
one a feature, that leave each feature a value: tried rule by rule, going back where one runs empty.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from typing import Final

from fairlead.routing.conditions import FEATURES, OPERATORS, Condition
from fairlead.routing.rule import Rule

__all__ = ["reached"]

MOST_STEPS: Final = 20_000
"""Trials for one rule; where they don't suffice it is taken to be reached."""
MOST_NAMES: Final = 8
"""Names of one feature whose subsets are told apart."""

_UNSET: Final = frozenset({"max_tokens", "budget_pressure"})
"""Numbers that a request may have none of."""
_ALWAYS: Final = "text"
"""A kind of content that every request has."""

Masks = dict[str, int]


def reached(rules: Sequence[Rule], index: int) -> bool:
    """Whether rule `index` decides for some request (the last index: none of the rules does)."""
    asked = [rule.when for rule in rules[:index]]
    own = rules[index].when if index < len(rules) else ()
    values = _values(chain(own, *asked))
    if values is None:
        return True
    allowed: Masks = {feature: (1 << len(each)) - 1 for feature, each in values.items()}
    masks = {c: _mask(c, values[c.feature]) for c in chain(own, *asked)}
    for condition in own:
        allowed[condition.feature] &= masks[condition]
    if not all(allowed.values()):
        return False
    steps = [MOST_STEPS]
    return _all_fail(asked, masks, allowed, steps)


def _all_fail(
    asked: Sequence[Sequence[Condition]],
    masks: dict[Condition, int],
    allowed: Masks,
    steps: list[int],
) -> bool:
    """Whether values are left with which one condition of each earlier rule fails."""
    if not asked or steps[0] <= 0:
        return True
    steps[0] -= 1
    for condition in asked[0]:
        left = allowed[condition.feature] & ~masks[condition]
        if left and _all_fail(asked[1:], masks, allowed | {condition.feature: left}, steps):
            return True
    return False


def _values(conditions: Iterable[Condition]) -> dict[str, list[object]] | None:
    """For each feature asked for, one value of each kind that the conditions tell apart."""
    wanted: dict[str, list[object]] = {}
    for condition in conditions:
        each = condition.wanted
        wanted.setdefault(condition.feature, []).extend(
            each if isinstance(each, tuple) else (each,)
        )
    values: dict[str, list[object]] = {}
    for feature, compared in wanted.items():
        known = FEATURES[feature]
        if known.form == "number":
            bounds = [each for each in compared if isinstance(each, int)]
            near = {max(0, bound + step) for bound in bounds for step in (-1, 0, 1)}
            if known.most is not None:
                near = {min(number, known.most) for number in near}
            values[feature] = [*sorted(near), *([None] if feature in _UNSET else [])]
        elif known.form == "flag":
            values[feature] = [True, False]
        elif known.form == "word":
            # Of words that are the user's own (a key, a team) there are others, or none.
            values[feature] = list(known.words) or [*dict.fromkeys(compared), "", None]
        else:
            names = list(dict.fromkeys(compared))
            if len(names) > MOST_NAMES:
                return None
            sizes = range(len(names) + 1)
            sets = [each for size in sizes for each in combinations(names, size)]
            always = {_ALWAYS} & set(names) if feature == "modalities" else set()
            values[feature] = [each for each in sets if always.issubset(each)]
    return values


def _mask(condition: Condition, values: Sequence[object]) -> int:
    test = OPERATORS[condition.operator].test
    return sum(1 << bit for bit, value in enumerate(values) if test(value, condition.wanted))
