"""Questions that a policy may ask: features, operators, and how an answer is told.

Both are tables. A condition is one feature, one operator and a wanted value; a rule is the
conjunction of its conditions.
"""

from collections.abc import Callable
from functools import lru_cache
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
    "ask",
    "implies",
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
    if isinstance(actual, tuple):
        return not set(wanted).isdisjoint(actual)
    return actual in wanted


def _has(actual: object, wanted: object) -> bool:
    return isinstance(actual, tuple) and wanted in actual


OPERATORS: dict[str, Operator] = {
    "over": Operator(("number",), "number", _over, ">", "<="),
    "under": Operator(("number",), "number", _under, "<", ">="),
    "is": Operator(("number", "flag", "word"), "scalar", _is, "is", "is not"),
    "any_of": Operator(("word", "names"), "list", _any_of, "among", "not among"),
    "has": Operator(("names",), "word", _has, "has", "has no"),
}


def ask(condition: Condition, features: Features) -> tuple[bool, str]:
    """The answer, and the condition with the request's figures: `212,331 tokens > 200,000`.

    A feature that is not set meets no condition.
    """
    name = condition.feature
    actual = getattr(features, name)
    if actual is None:
        return False, f"{name} is not set"
    feature, operator = FEATURES[name], OPERATORS[condition.operator]
    answer = operator.test(actual, condition.wanted)
    word = operator.yes if answer else operator.no
    wanted = _say(condition.wanted)
    if feature.form == "number":
        return answer, f"{actual:,} {feature.unit} {word} {wanted}"
    if feature.form == "names":
        return answer, f"{name} {', '.join(actual)}: {word} {wanted}"
    if name == "task" and features.task_evidence:
        return answer, f"task {actual} ({features.task_evidence}) {word} {wanted}"
    return answer, f"{name} {_say(actual)} {word} {wanted}"


@lru_cache(maxsize=1024)
def _say(value: Wanted) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(value) if isinstance(value, tuple) else value


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
