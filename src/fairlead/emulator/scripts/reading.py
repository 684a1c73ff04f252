"""Scripts from TOML and JSON, with errors that name the place at fault."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.scripts.script import Check, Script, Turn

__all__ = ["BadScript", "Source", "from_text", "read_scripts", "scripts_from_file", "scripts_of"]

Source = Path | str | Script | Iterable[Script]
"""A file, a text of TOML, or scripts that are read already."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class BadScript(ValueError):
    """A script that cannot be read; the text says where and why."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    script: list[Script]


def scripts_from_file(path: Path) -> tuple[Script, ...]:
    """The scripts of a TOML file with `[[script]]` tables.

    Raises:
        BadScript: the file is absent, is not TOML, or holds a bad script.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadScript(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise BadScript(f"{path}: not valid TOML: {error}") from None
    return from_text(text, str(path))


def from_text(text: str, where: str) -> tuple[Script, ...]:
    """The scripts of a TOML text; `where` is what errors call it.

    Raises:
        BadScript: with the place at fault.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScript(f"{where}: not valid TOML: {error}") from None
    return read_scripts(raw, where)


def read_scripts(raw: JsonValue, where: str) -> tuple[Script, ...]:
    """Scripts from decoded TOML or JSON: a table with the list `script`, or that list.

    Raises:
        BadScript: with the place at fault.
    """
    if isinstance(raw, list):
        raw = {"script": raw}
    try:
        scripts = msgspec.convert(raw, _File).script
    except msgspec.ValidationError as error:
        raise BadScript(f"{where}: {error}") from None
    names: set[str] = set()
    for script in scripts:
        for place, fault in _faults(script):
            here = f"script {script.name!r}" + (f", {place}" if place else "")
            raise BadScript(f"{where}: {here}: {fault}")
        if script.name in names:
            raise BadScript(f"{where}: two scripts are named {script.name!r}")
        names.add(script.name)
    return tuple(scripts)


def scripts_of(source: Source) -> tuple[Script, ...]:
    """The scripts of a source.

    Raises:
        BadScript: the file or the text cannot be read.
    """
    if isinstance(source, Path):
        return scripts_from_file(source)
    if isinstance(source, str):
        return from_text(source, "script")
    return (source,) if isinstance(source, Script) else tuple(source)


def _faults(script: Script) -> Iterator[tuple[str, str]]:
    if not script.name:
        yield "", "its name is empty"
    yield from _pattern("matches", script.matches)
    for name, said in script.facts.items():
        if not _NAME.fullmatch(name):
            yield f"facts.{name}", "a fact's name has small letters, digits and _ only"
        for pattern in [said] if isinstance(said, str) else said:
            yield from _pattern(f"facts.{name}", pattern)
    if not script.turn:
        yield "", "it has no [[script.turn]]"
    for number, turn in enumerate(script.turn, 1):
        yield from _turn_faults(f"turn {number}", turn, last=number == len(script.turn))
    if script.turn[0].expect:
        yield "turn 1", "expect looks at results, and nothing was called before the first turn"


def _turn_faults(place: str, turn: Turn, *, last: bool) -> Iterator[tuple[str, str]]:
    if turn.calls and last:
        yield place, "the last turn answers: it may have no calls"
    if not turn.calls and not last:
        yield place, "only the last turn may be without calls, for it ends the script"
    if not turn.calls and not turn.say:
        yield place, "it neither calls nor says anything"
    for at, call in enumerate(turn.calls, 1):
        ways = call if isinstance(call, list) else [call]
        if not ways or not all(way.names and all(way.names) for way in ways):
            yield f"{place}, call {at}", "it names no tool"
    for check in turn.expect:
        if isinstance(check, Check):
            yield from _check_faults(f"{place}, expect", check)


def _check_faults(place: str, check: Check) -> Iterator[tuple[str, str]]:
    if [check.contains, check.matches, check.lacks].count(None) != 2:
        yield place, "a check has one of contains, matches and lacks"
    if check.result is not None and check.result < 1:
        yield place, f"results are numbered from 1 on, got {check.result}"
    yield from _pattern(place, check.matches)


def _pattern(place: str, pattern: str | None) -> Iterator[tuple[str, str]]:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        yield place, f"{pattern!r} is no regular expression: {error}"
