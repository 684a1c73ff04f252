"""What would have sent a request elsewhere: one feature changed, everything else as it is.

For each feature that the rules ask for, the values next to what they compare it with are tried, and
those are told with which another model comes first. Only the questions and the hard limits are
asked again; what an objective weighs has its own bounds (`weigh`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from fairlead.routing.conditions import FEATURES, OPERATORS, Condition
from fairlead.routing.decision import Features, Flip
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy

__all__ = ["flips"]

MOST: Final = 8
"""Changes that are told."""

Value = bool | int | str | tuple[str, ...] | None


def flips(
    features: Features, policy: Policy, options: Sequence[Option], first: str
) -> tuple[Flip, ...]:
    """The changes of one feature that would have put another model than `first` in front."""
    found: dict[tuple[str, str], list[str]] = {}
    tried: set[tuple[str, str]] = set()
    for condition in [each for rule in policy.rules for each in rule.when]:
        for value, change, word in _changes(condition, features):
            if (change, word) in tried:
                continue
            tried.add((change, word))
            other = _first(_changed(features, condition.feature, value), policy, options)
            if other is not None and other != first:
                found.setdefault((change, other), []).append(word)
    told = [Flip(_told(how, words), model) for (how, model), words in found.items()]
    return tuple(told[:MOST])


def _told(how: str, words: list[str]) -> str:
    """`task math or science`; where it is nearly all words, those that it is not."""
    known = FEATURES[how].words if how in FEATURES else ()
    others = [word for word in known if word not in words]
    if len(words) > len(others) > 0:
        return f"{how} other than {' or '.join(others)}"
    return f"{how} {' or '.join(words)}"


def _changes(condition: Condition, features: Features) -> Iterator[tuple[Value, str, str]]:
    """Values with which the condition is answered the other way, and how they are told."""
    feature, operator, wanted = condition.feature, condition.operator, condition.wanted
    actual = getattr(features, feature)
    holds = OPERATORS[operator].test(actual, wanted)
    form = FEATURES[feature].form
    words = wanted if isinstance(wanted, tuple) else (str(wanted),)
    if form == "number" and isinstance(wanted, int):
        yield from _number(feature, operator, wanted, holds=holds)
    elif form == "names" and holds:
        left = tuple([name for name in actual if name not in words])
        yield left, f"{feature} without", " or ".join(words)
    elif form == "names":
        for name in words:
            yield (*actual, name), f"{feature} with", name
    elif form == "flag":
        yield not actual, feature, "no" if actual else "yes"
    else:
        for word in FEATURES[feature].words:
            if (word in words) is not holds:
                yield word, feature, word


def _number(
    feature: str, operator: str, wanted: int, *, holds: bool
) -> Iterator[tuple[int, str, str]]:
    told = f"{wanted:,}"
    if operator == "over":
        value, said = (wanted, "at most") if holds else (wanted + 1, "over")
        yield value, f"{feature} {said}", told
    elif operator == "under":
        value, said = (wanted, "at least") if holds else (wanted - 1, "under")
        if value >= 0:
            yield value, f"{feature} {said}", told
    elif holds:
        yield wanted + 1, f"{feature} not", told
    else:
        yield wanted, feature, told


def _changed(features: Features, feature: str, value: Value) -> Features:
    """The features with one other value. A prompt has no more tokens than its high estimate."""
    changed = {feature: value}
    if feature == "prompt_tokens" and isinstance(value, int):
        changed["prompt_tokens_high"] = max(features.prompt_tokens_high, value)
    return replace(features, **changed)


def _first(features: Features, policy: Policy, options: Sequence[Option]) -> str | None:
    """The model that the rules would take, where they leave no choice; None else."""
    use = policy.otherwise
    for rule in policy.rules:
        if rule.ask(features).answer:
            use = rule.use
            break
    if policy.chooses and len(use) > 1:
        return None
    for name in use:
        for option in options:
            if option.answers_to(name) and option.fits(features):
                return option.model.id
    return None
