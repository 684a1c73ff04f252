"""Tests of a policy: cases of a request (or of features) and what is expected of the decision.

    [[cases]]
    name = "a long contract"
    features = { prompt_tokens = 212_331, task = "document" }
    expect = { model = "flash", question = "large document? (more than 200,000 tokens)" }

    [[cases]]
    name = "code, as it is sent"
    request = { messages = [{ role = "user", content = "Fix this: def f(: pass" }] }
    hints = { latency = "interactive" }
    expect = { model = "haiku", task = "coding" }

A file is TOML or JSON of the same shape. Features that are left out have their defaults; `moment`
holds what an objective looks at. How a request is read is the caller's matter (`Read`): this room
knows no dialect.
"""

import tomllib
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.routing.chooser import Chooser
from fairlead.routing.decision import Decision, Features, Hints
from fairlead.routing.moment import NO_MOMENT, Moment
from fairlead.routing.options import Option
from fairlead.routing.policy import PolicyError
from fairlead.routing.table_lines import TableLines, not_json

__all__ = ["Case", "Expect", "Outcome", "Read", "parse_cases", "run_case"]


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a decision must show; what is left out is not looked at.

    Models are ids or names that the policy uses. `question` is the one that decides ("" where none
    does), `ruled_out` models that a hard limit excludes, `refused` a part of the message where no
    model can serve. `reason` is a part of the decision's reason.
    """

    model: str | None = None
    fallbacks: tuple[str, ...] | None = None
    question: str | None = None
    task: str | None = None
    reason: str | None = None
    ruled_out: tuple[str, ...] | None = None
    refused: str | None = None


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One case. `request` is a body in `dialect` (recognised where it is left out); `without` names
    vendors that have no key.
    """

    name: str
    expect: Expect
    features: Features | None = None
    request: Raw = Raw(b"")
    dialect: str | None = None
    hints: Hints | None = None
    moment: Moment = NO_MOMENT
    without: tuple[str, ...] = ()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    cases: tuple[Case, ...]


class Outcome(Struct, frozen=True):
    """What became of a case. `wrong` says what is not as expected, a sentence each."""

    name: str
    passed: bool
    wrong: tuple[str, ...]
    model: str | None
    reason: str


Read = Callable[[bytes, str | None, Hints | None], Features]
"""A request's body, its dialect if that is known, and hints, to its features."""

_decode = msgspec.json.Decoder(_File).decode
_FEATURES = frozenset(Features.__struct_fields__)
_MOMENT = frozenset(Moment.__struct_fields__)


def parse_cases(text: str, where: str = "<cases>") -> tuple[Case, ...]:
    """The cases of a file, JSON where it begins with a brace. Raises `PolicyError`."""
    lines = TableLines(text, where, "cases")
    is_json = text.lstrip().startswith("{")
    try:
        raw = text.encode() if is_json else msgspec.json.encode(tomllib.loads(text))
        cases = _decode(raw).cases
    except msgspec.ValidationError as error:
        raise PolicyError(lines.explained(error)) from error
    except (*NOT_TOML, msgspec.MsgspecError, TypeError, UnicodeError) as error:
        said = None
        if is_json:
            said = not_json(text, where)
        elif isinstance(error, NOT_TOML):
            said = not_toml(error, text, where)
        raise PolicyError(said or f"{where}: {error}") from error
    if not cases:
        raise PolicyError(f"{where}: there are no cases in it")
    _known(raw, lines)
    seen: set[str] = set()
    for number, case in enumerate(cases):
        said = _wrong(case, seen)
        if said is not None:
            raise PolicyError(f"{lines.place(number)}: cases[{number}] ('{case.name}'): {said}")
        seen.add(case.name)
    return cases


class _Loose(Struct):
    features: dict[str, Raw] = {}
    moment: dict[str, Raw] = {}


class _LooseFile(Struct):
    cases: tuple[_Loose, ...]


def _known(raw: bytes, lines: TableLines) -> None:
    """Refuse a misspelt feature, which would silently keep its default."""
    for number, loose in enumerate(msgspec.json.decode(raw, type=_LooseFile).cases):
        for key, names, known in (
            ("features", loose.features, _FEATURES),
            ("moment", loose.moment, _MOMENT),
        ):
            for name in names:
                if name not in known:
                    listed = ", ".join(sorted(known))
                    said = f"unknown; known are {listed}"
                    raise PolicyError(lines.told(number, f"{key}.{name}", said))


def _wrong(case: Case, seen: set[str]) -> str | None:
    if case.name in seen:
        return "another case has this name"
    if (case.features is None) is not bool(len(case.request)):
        return "give either `features` or `request`"
    if case.features is not None and (case.dialect is not None or case.hints is not None):
        return "`dialect` and `hints` belong to a `request`"
    if case.expect == Expect():
        return "expects nothing"
    return None


def run_case(case: Case, chooser: Chooser, read: Read) -> Outcome:
    """The case under a policy; a request at fault fails the case, and nothing else."""
    try:
        features = case.features
        if features is None:
            features = read(bytes(case.request), case.dialect, case.hints)
        elif features.prompt_tokens_high < features.prompt_tokens:
            features = replace(features, prompt_tokens_high=features.prompt_tokens)
        made = _without(chooser, case.without).decide(features, case.moment)
    except Failure as failure:
        said = failure.problem.message
        wanted = case.expect.refused
        if wanted is not None and wanted in said:
            return Outcome(case.name, True, (), None, said)
        return Outcome(case.name, False, (f"refused: {said}",), None, said)
    wrong = tuple(_differences(case.expect, made, chooser.options))
    return Outcome(case.name, not wrong, wrong, made.ranked[0], made.reason)


def _without(chooser: Chooser, vendors: Sequence[str]) -> Chooser:
    return chooser.without(vendors) if vendors else chooser


def _differences(expect: Expect, made: Decision, options: Sequence[Option]) -> list[str]:
    wrong: list[str] = []

    def check(what: str, wanted: object, actual: object) -> None:
        if wanted is not None and wanted != actual:
            wrong.append(f"{what}: expected {wanted!r}, got {actual!r}")

    if expect.refused is not None:
        wrong.append(f"expected a refusal with '{expect.refused}', got {made.ranked[0]}")
    if expect.model is not None:
        check("model", _id(expect.model, options), made.ranked[0])
    if expect.fallbacks is not None:
        wanted = tuple([_id(name, options) for name in expect.fallbacks])
        check("fallbacks", wanted, made.ranked[1:])
    decided = [step.question for step in made.path if step.answer]
    check("question", expect.question, decided[0] if decided else "")
    check("task", expect.task, made.features.task)
    if expect.reason is not None and expect.reason not in made.reason:
        wrong.append(f"reason: expected '{expect.reason}' in '{made.reason}'")
    if expect.ruled_out is not None:
        out = {each.model for each in made.candidates if each.ruled_out is not None}
        check("ruled_out", {_id(name, options) for name in expect.ruled_out}, out)
    return wrong


def _id(name: str, options: Sequence[Option]) -> str:
    """The model that a name of the policy means; a name that it does not know stays."""
    return next((o.model.id for o in options if o.answers_to(name)), name)
