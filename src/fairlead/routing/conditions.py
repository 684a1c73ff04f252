"""Questions that a policy may ask: features, operators, and how an answer is told.

Both are tables. A condition is one feature, one operator and a wanted value; a rule is the
conjunction of its conditions.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from fairlead.routing.decision import Budget, Features, Latency, Task

__all__ = [
    "FEATURES",
    "OPERATORS",
    "Condition",
    "Feature",
    "Form",
    "Wanted",
    "holds",
    "implies",
    "tell",
]

Scalar = bool | int | str
Wanted = bool | int | str | tuple[str, ...]
Form = Literal["number", "flag", "word", "names"]


class Feature(Struct, frozen=True):
    """A feature that may be asked for: its form, its unit in words, the words that it knows."""

    form: Form
    unit: str = ""
    words: tuple[str, ...] = ()


FEATURES: dict[str, Feature] = {
    "prompt_tokens": Feature("number", "tokens"),
    "prompt_tokens_high": Feature("number", "tokens at most"),
    "max_tokens": Feature("number", "output tokens"),
    "tools": Feature("number", "tools"),
    "turns": Feature("number", "turns"),
    "candidates": Feature("number", "answers"),
    "stream": Feature("flag"),
    "task": Feature("word", words=get_args(Task)),
    "latency": Feature("word", words=get_args(Latency)),
    "budget": Feature("word", words=get_args(Budget)),
    "modalities": Feature("names", words=("text", "image", "audio", "video", "document")),
    "needs": Feature("names"),
}


class Condition(Struct, frozen=True):
    """`feature` `operator` `wanted`: `prompt_tokens` `over` 200,000."""

    feature: str
    operator: str
    wanted: Wanted


class Operator(NamedTuple):
    """A test of an actual value; the features that it fits; how a yes and a no are told."""

    forms: tuple[Form, ...]
    takes: str
    test: Callable[[object, object], bool]
    yes: str
    no: str


def _over(actual: object, wanted: object) -> bool:
    return isinstance(actual, int) and isinstance(wanted, int) and actual > wanted


def _under(actual: object, wanted: object) -> bool:
    return isinstance(actual, int) and isinstance(wanted, int) and actual < wanted


def _is(actual: object, wanted: object) -> bool:
    return actual == wanted


def _any_of(actual: object, wanted: object) -> bool:
    if not isinstance(wanted, tuple):
        return False
    return any(each in wanted for each in (actual if isinstance(actual, tuple) else (actual,)))


def _has(actual: object, wanted: object) -> bool:
    return isinstance(actual, tuple) and wanted in actual


OPERATORS: dict[str, Operator] = {
    "over": Operator(("number",), "number", _over, ">", "<="),
    "under": Operator(("number",), "number", _under, "<", ">="),
    "is": Operator(("number", "flag", "word"), "scalar", _is, "is", "is not"),
    "any_of": Operator(("word", "names"), "list", _any_of, "among", "not among"),
    "has": Operator(("names",), "word", _has, "has", "has no"),
}


def holds(condition: Condition, features: Features) -> bool:
    """Whether the features meet the condition. A feature that is not set meets none."""
    actual = getattr(features, condition.feature)
    return actual is not None and OPERATORS[condition.operator].test(actual, condition.wanted)


def tell(condition: Condition, features: Features) -> str:
    """The condition with the request's figures: `212,331 tokens > 200,000`."""
    actual = getattr(features, condition.feature)
    feature, operator = FEATURES[condition.feature], OPERATORS[condition.operator]
    if actual is None:
        return f"{condition.feature} is not set"
    word = operator.yes if operator.test(actual, condition.wanted) else operator.no
    if feature.form == "number":
        return f"{_say(actual)} {feature.unit} {word} {_say(condition.wanted)}"
    evidence = ""
    if condition.feature == "task" and features.task_evidence:
        evidence = f" ({features.task_evidence})"
    if feature.form == "names":
        return f"{condition.feature} {_say(actual)}: {word} {_say(condition.wanted)}"
    return f"{condition.feature} {_say(actual)}{evidence} {word} {_say(condition.wanted)}"


def _say(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def implies(narrow: Condition, wide: Condition) -> bool:
    """Whether everything that meets `narrow` meets `wide`: for finding rules that never decide."""
    if narrow.feature != wide.feature:
        return False
    if isinstance(narrow.wanted, int) and isinstance(wide.wanted, int):
        if narrow.operator == "is":
            return OPERATORS[wide.operator].test(narrow.wanted, wide.wanted)
        if narrow.operator != wide.operator:
            return False
        return (
            (narrow.wanted >= wide.wanted)
            if wide.operator == "over"
            else (narrow.wanted <= wide.wanted)
        )
    return set(_set(narrow.wanted)) <= set(_set(wide.wanted))


def _set(wanted: Wanted) -> tuple[Scalar, ...]:
    return wanted if isinstance(wanted, tuple) else (wanted,)
