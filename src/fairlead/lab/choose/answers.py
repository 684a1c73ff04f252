"""The answers about a use case, checked: from a file, from flags, from prompts."""

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure
from fairlead.cost.scenario import MOST
from fairlead.lab.choose.questions import QUESTIONS, Form, Question
from fairlead.routing.decision import Budget, Latency, Task

__all__ = ["Answers", "answers_from", "parse_answers", "read_answer"]

WORKLOAD: Final = ("requests_per_day", "input_tokens", "output_tokens")
_YES: Final = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


class Answers(Struct, frozen=True, kw_only=True):
    """What is known of the use case. None: not stated, and never taken for a number."""

    task: Task
    largest_prompt: int | None = None
    media: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    latency: Latency = "normal"
    budget: Budget = "normal"
    largest_answer: int | None = None
    requests_per_day: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cached_share: Decimal = Decimal(0)
    batch_share: Decimal = Decimal(0)
    mainland_china: bool = False


def parse_answers(text: str, where: str) -> dict[str, object]:
    """The plain answers of a file, TOML or JSON. Raises `Failure`."""
    try:
        if text.lstrip().startswith("{"):
            found = msgspec.json.decode(text, type=dict[str, object])
        else:
            found = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise Failure.invalid(f"is neither TOML nor JSON: {error}", where) from error
    for key in found:
        if key not in QUESTIONS:
            raise Failure.invalid(
                "is no question", f"{where}: {key:.80}", hint=f"there are {', '.join(QUESTIONS)}"
            )
    return found


def answers_from(given: Mapping[str, object], where: Mapping[str, str]) -> Answers:
    """The answers, checked. `where` says for messages where each one stands (else its key).

    Raises `Failure` for one that does not fit its question, for the task left out, for a workload
    told by halves.
    """
    stated = {key: value for key, value in given.items() if value is not None}
    for question in QUESTIONS.values():
        if question.needed and question.key not in stated:
            words = ", ".join(question.words)
            raise Failure.invalid(
                f"is missing: {question.ask}", f"--{question.key}", hint=f"one of: {words}"
            )
    read = {
        key: read_answer(QUESTIONS[key], value, where.get(key, key))
        for key, value in stated.items()
    }
    told = [key for key in WORKLOAD if key in read]
    missing = [key for key in WORKLOAD if key not in read]
    if "requests_per_day" in told and missing:
        raise Failure.invalid(
            f"the monthly cost needs {' and '.join(missing)} too",
            where.get("requests_per_day", "requests_per_day"),
        )
    if "batch_share" not in read and read.get("latency") == "batch":
        read["batch_share"] = Decimal(1)
    answers = msgspec.convert(read, Answers, strict=False)
    _between(answers, where)
    return answers


def _between(answers: Answers, where: Mapping[str, str]) -> None:
    """What holds between two answers: the largest is not smaller than the usual."""
    pairs = (("largest_prompt", "input_tokens"), ("largest_answer", "output_tokens"))
    for most, usual in pairs:
        largest, common = getattr(answers, most), getattr(answers, usual)
        if largest is not None and common is not None and largest < common:
            said = f"is smaller than {usual}: {largest:,} against {common:,}"
            raise Failure.invalid(said, where.get(most, most))


def read_answer(question: Question, value: object, where: str) -> object:
    """One answer in its form, from plain data or from text. Raises `Failure`."""
    return _FORMS[question.form](question, value, where)


def _word(question: Question, value: object, where: str) -> str:
    word = value.strip().lower() if isinstance(value, str) else value
    if not isinstance(word, str) or word not in question.words:
        raise Failure.invalid(
            f"{_short(value)} is no answer", where, hint=f"one of: {', '.join(question.words)}"
        )
    return word


def _words(question: Question, value: object, where: str) -> tuple[str, ...]:
    """Several words: a list, or text with commas; `none` for none."""
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise Failure.invalid(f"must be a list of words, not {_short(value)}", where)
    named = [each for each in parts if each != "none"]
    return tuple(dict.fromkeys(_word(question, each, where) for each in named))


def _count(question: Question, value: object, where: str) -> int:
    del question
    number = value
    if isinstance(value, str) and value.isascii():
        plain = value.strip().replace(",", "").replace("_", "")
        number = int(plain) if plain.isdigit() and len(plain) <= len(str(MOST)) else value
    if type(number) is not int or not 0 <= number <= MOST:
        raise Failure.invalid(
            f"must be a whole number from 0 to {MOST:,}, not {_short(value)}", where
        )
    return number


def _share(question: Question, value: object, where: str) -> Decimal:
    del question
    wrong = Failure.invalid(
        f"must be a share from 0 to 1, not {_short(value)}", where, hint="0.5 or 50%"
    )
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise wrong
    text = str(value).strip()
    try:
        share = Decimal(text.removesuffix("%").strip())
    except InvalidOperation as error:
        raise wrong from error
    share = share / 100 if text.endswith("%") else share
    if not (share.is_finite() and 0 <= share <= 1):
        raise wrong
    return share


def _flag(question: Question, value: object, where: str) -> bool:
    del question
    found = _YES.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise Failure.invalid(f"must be yes or no, not {_short(value)}", where)
    return found


def _short(value: object) -> str:
    return f"{value!r:.60}"


_FORMS: Final[dict[Form, Callable[[Question, object, str], object]]] = {
    "word": _word,
    "words": _words,
    "count": _count,
    "share": _share,
    "flag": _flag,
}
