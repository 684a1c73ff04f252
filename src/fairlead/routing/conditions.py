"""Questions that a policy may ask: features, operators, and how an answer is told.

Both are tables. A condition is one feature, one operator and a wanted value. It is compiled once
into a function of the features (`asking`), so that on the request path only what the request brings
is looked at: the wanted value is spelled out in advance, and the answer to a word of a closed list
is told once and remembered.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from fairlead.routing.decision import Budget, Features, Latency, Step, Task
from fairlead.routing.language import LANGUAGES
from fairlead.routing.source_code import CODE

__all__ = [
    "FEATURES",
    "OPERATORS",
    "Asking",
    "Condition",
    "Feature",
    "Form",
    "Wanted",
    "asking",
    "implies",
]

Scalar = bool | int | str
Wanted = bool | int | str | tuple[str, ...]
Actual = bool | str | tuple[str, ...]
Form = Literal["number", "flag", "word", "names"]


class Feature(Struct, frozen=True):
    """A feature that may be asked for: its form, its unit in words, the words that it knows, the
    greatest number that it can be.
    """

    form: Form
    unit: str = ""
    words: tuple[str, ...] = ()
    most: int | None = None


FEATURES: dict[str, Feature] = {
    "prompt_tokens": Feature("number", "tokens"),
    "prompt_tokens_high": Feature("number", "tokens at most"),
    "max_tokens": Feature("number", "output tokens"),
    "tools": Feature("number", "tools"),
    "turns": Feature("number", "turns"),
    "candidates": Feature("number", "answers"),
    "images": Feature("number", "images"),
    "image_bytes": Feature("number", "bytes in the largest image"),
    "videos": Feature("number", "videos"),
    "document_bytes": Feature("number", "bytes in the largest PDF"),
    "document_pages": Feature("number", "pages in the longest PDF"),
    "pages": Feature("number", "pages of PDF"),
    "inline_bytes": Feature("number", "bytes of media as base64"),
    "stream": Feature("flag"),
    "task": Feature("word", words=get_args(Task)),
    "latency": Feature("word", words=get_args(Latency)),
    "budget": Feature("word", words=get_args(Budget)),
    "modalities": Feature("names", words=("text", "image", "audio", "video", "document")),
    "needs": Feature("names"),
    "language": Feature("word", words=LANGUAGES),
    "code": Feature("word", words=CODE),
    "mathematics": Feature("flag"),
    "depth": Feature("number", "answers before"),
    "schema": Feature("number", "bytes of schema"),
    "key": Feature("word"),
    "hour": Feature("number", "o'clock UTC", most=23),
    "warm_tokens": Feature("number", "tokens sent before"),
    "team": Feature("word"),
    "budget_pressure": Feature("number", "% of the budget spent"),
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


Asking = Callable[[Features], Step]
"""Features to the step that tells a question's answer."""


def asking(condition: Condition, question: str = "") -> Asking:
    """The condition as a function: the step it makes of features, told with the request's figures
    (`212,331 tokens > 200,000`).

    A feature that is not set meets no condition.
    """
    feature = FEATURES[condition.feature]
    if feature.form == "number":
        return _asking_number(condition, question)
    if condition.feature == "task":
        return _asking_task(condition, question)
    read: Callable[[Features], Actual | None] = attrgetter(condition.feature)

    def tell(actual: Actual | None) -> Step:
        if actual is None:
            return Step(question, answer=False, because=f"{condition.feature} is not known")
        answer, wanted = _answer(condition, actual)
        if isinstance(actual, tuple):
            told = f"{condition.feature} {', '.join(actual)}: {wanted}"
        else:
            told = f"{condition.feature} {_say(actual)} {wanted}"
        return Step(question, answer, told)

    # What a request needs may hold the client's own words: those are not kept.
    remembered = lru_cache(maxsize=64)(tell) if feature.words or feature.form == "flag" else tell
    return lambda features: remembered(read(features))


def _asking_number(condition: Condition, question: str) -> Asking:
    name, wanted, unit = condition.feature, condition.wanted, FEATURES[condition.feature].unit
    operator = OPERATORS[condition.operator]
    read: Callable[[Features], int | None] = attrgetter(name)
    test, unset = operator.test, Step(question, answer=False, because=f"{name} is not set")
    yes, no = (f"{unit} {word} {_say(wanted)}" for word in (operator.yes, operator.no))

    def ask(features: Features) -> Step:
        actual = read(features)
        if actual is None:
            return unset
        answer = test(actual, wanted)
        # Setting commas takes half of the time, and most figures have none.
        figure = str(actual) if -1000 < actual < 1000 else f"{actual:,}"
        return Step(question, answer, f"{figure} {yes if answer else no}")

    return ask


def _asking_task(condition: Condition, question: str) -> Asking:
    """The task is told with what it was recognised by."""
    answers = {task: _answer(condition, task) for task in FEATURES["task"].words}
    bare = {
        task: Step(question, a, f"task {task} {wanted}") for task, (a, wanted) in answers.items()
    }

    def ask(features: Features) -> Step:
        task, evidence = features.task, features.task_evidence
        if not evidence:
            return bare[task]
        answer, wanted = answers[task]
        return Step(question, answer, f"task {task} ({evidence}) {wanted}")

    return ask


def _answer(condition: Condition, actual: Actual) -> tuple[bool, str]:
    """The answer and the words for it: `among math, science`."""
    operator = OPERATORS[condition.operator]
    answer = operator.test(actual, condition.wanted)
    return answer, f"{operator.yes if answer else operator.no} {_say(condition.wanted)}"


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
