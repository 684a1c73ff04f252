"""What must hold between the parts of a policy, asked of one whose every key is right by itself.

No rule that can't be reached, no objective with nothing to choose from, no cycle of fallbacks, a
candidate for each kind of content. Faults are told at the lines of the policy's file (`reader`).
"""

from collections.abc import Callable, Collection, Mapping
from typing import NoReturn

from msgspec.structs import replace

from fairlead.routing.conditions import FEATURES, implies
from fairlead.routing.objective import NO_CONSTRAINTS
from fairlead.routing.policy import Policy
from fairlead.routing.reach import reached
from fairlead.routing.rule import Rule
from fairlead.routing.toml_reader import TomlReader

__all__ = [
    "Takes",
    "cascade_begins",
    "reachable",
    "served",
    "something_to_choose",
    "way_back",
]

Takes = Callable[[str], Collection[str]]
"""A candidate's name to the kinds of content that its model takes today; empty: not known."""


def reachable(rules: tuple[Rule, ...], reader: TomlReader) -> None:
    """Every rule must be able to decide: no contradiction, something left to say yes to."""
    for index, rule in enumerate(rules):
        if not reached((rule,), 0):
            _contradiction(index, rule, reader)
        if not reached(rules, index):
            reader.fail("when", index, f"is never reached: {_covering(rules, index)}")


def _contradiction(index: int, rule: Rule, reader: TomlReader) -> NoReturn:
    for each in rule.when:
        own = tuple(c for c in rule.when if c.feature == each.feature)
        if not reached((replace(rule, when=own),), 0):
            said = " and ".join([f"{c.operator} {c.wanted}" for c in own])
            known = FEATURES[each.feature]
            noun = "number" if known.form == "number" else "value"
            if known.most is not None:
                noun = each.feature
            reader.fail(f"when.{each.feature}", index, f"no {noun} is {said}")
    reader.fail("when", index, "contradicts itself")


def something_to_choose(policy: Policy, reader: TomlReader) -> None:
    """An objective and constraints need a branch with several names."""
    several = len(policy.otherwise) > 1 or any(len(rule.use) > 1 for rule in policy.rules)
    if several:
        return
    said = "chooses nothing: no `use` and no `otherwise` names several candidates"
    if policy.objective is not None:
        reader.fail("objective", None, said)
    if policy.constraints != NO_CONSTRAINTS:
        reader.fail("constraints", None, said)
    if policy.sticky:
        reader.fail("options.sticky", None, said)
    if policy.scorer is not None:
        reader.fail("scorer", None, said)


def cascade_begins(policy: Policy, reader: TomlReader) -> None:
    """A cascade stands before a choice of its second model: something has to take that."""
    cascade = policy.cascade
    if cascade is None:
        return
    taken = {*policy.otherwise, *[name for rule in policy.rules for name in rule.use]}
    if cascade.then not in taken:
        said = f"no rule and no `otherwise` takes '{cascade.then}': the cascade would never begin"
        reader.fail("cascade.then", None, said)


def served(policy: Policy, takes: Takes, reader: TomlReader) -> None:
    """Each kind of content needs a candidate, and a rule that asks for one needs a model."""
    kinds = {name: frozenset(takes(name)) for name in policy.candidates}

    def none(names: tuple[str, ...], kind: str) -> bool:
        return not any(not kinds[name] or kind in kinds[name] for name in names)

    for kind in policy.modalities or FEATURES["modalities"].words:
        if none(policy.candidates, kind):
            reader.fail(
                "candidates",
                None,
                f"none takes {kind}; add a model that does, or say what the policy is for with"
                " `modalities`",
            )
    for index, rule in enumerate(policy.rules):
        for condition in rule.when:
            if condition.feature != "modalities":
                continue
            wanted = condition.wanted if isinstance(condition.wanted, tuple) else ()
            asked = wanted or (str(condition.wanted),)
            if all(none(rule.use, kind) for kind in asked):
                said = f"{', '.join(rule.use)} takes no {' or '.join(asked)}"
                reader.fail("use", index, f"{said}, which is what this rule asks for")


def _covering(rules: tuple[Rule, ...], index: int) -> str:
    """Which earlier rules leave nothing to this one."""
    own = rules[index]
    for before, earlier in enumerate(rules[:index]):
        if all(any(implies(mine, wide) for mine in own.when) for wide in earlier.when):
            return (
                f"rules[{before}] ('{earlier.question}') already says yes to all that this rule"
                " asks for"
            )
    needed = list(range(index))
    for before in range(index):
        fewer = [rules[n] for n in needed if n != before]
        if not reached([*fewer, own], len(fewer)):
            needed.remove(before)
    names = ", ".join([f"rules[{n}]" for n in needed])
    return f"{names} together already say yes to all that this rule asks for"


def way_back(start: str, fallbacks: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The way from a name back to itself, empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for following in fallbacks.get(way[-1], ()):
            if following == start:
                return (*way, start)
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()
