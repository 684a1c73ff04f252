"""The table `[cascade]` of a policy's file, read and checked (`cascade` says what it means)."""

from collections.abc import Container, Mapping
from typing import Final

from fairlead.routing.answer_checks import CHECKS
from fairlead.routing.cascade import USUAL, Cascade
from fairlead.routing.toml_reader import TomlReader

__all__ = ["NOT_ACCEPTED", "read_cascade"]

NOT_ACCEPTED: Final = (
    "is not accepted: `fairlead policy cascade FILE` shows what it is expected to cost; then write"
    " the cost ratio that you accept as accepted_cost_ratio"
)
_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "ask": (str,),
    "then": (str,),
    "checks": (list,),
    "agree": (int,),
    "graders": (list,),
    "max_held_bytes": (int,),
    "accepted_cost_ratio": (int, float),
}
_MOST_AGREE: Final = 5
_LEAST_HELD, _MOST_HELD = 1024, 64 * 1024 * 1024


def read_cascade(
    table: Mapping[str, object],
    candidates: tuple[str, ...],
    reader: TomlReader,
    graders: Container[str] | None,
) -> Cascade:
    """The table, checked; `graders` are those of the configuration, None: not looked at.

    Raises `PolicyError`.
    """
    flags = {key: value for key, value in table.items() if isinstance(value, bool)}
    rest = {key: value for key, value in table.items() if key not in flags}
    for key in flags:
        if key != "streams":
            reader.fail(f"cascade.{key}", None, "must not be true or false")
    if "streams" in rest:
        reader.fail("cascade.streams", None, "must be true or false")
    reader.table(rest, _KEYS, ("ask", "then"), "cascade", None)
    ask, then = str(table["ask"]), str(table["then"])
    for key, name in (("ask", ask), ("then", then)):
        reader.among(name, candidates, f"cascade.{key}", None)
    if ask == then:
        reader.fail("cascade.then", None, f"'{then}' is asked first already")
    checks = _names(table, "checks", CHECKS, "check", reader)
    known = _names(table, "graders", graders, "grader of the configuration", reader) or ()
    agree = _whole(table, "agree", 1, 1, _MOST_AGREE, reader)
    if checks is not None and not checks and not known and agree == 1:
        reader.fail("cascade.checks", None, "nothing is checked: then nothing would escalate")
    ratio = table.get("accepted_cost_ratio")
    return Cascade(
        ask=ask,
        then=then,
        checks=USUAL if checks is None else checks,
        agree=agree,
        graders=known,
        streams=flags.get("streams", False),
        max_held_bytes=_whole(
            table, "max_held_bytes", 1024 * 1024, _LEAST_HELD, _MOST_HELD, reader
        ),
        accepted_cost_ratio=None
        if ratio is None
        else reader.number(ratio, "cascade.accepted_cost_ratio"),
    )


def _names(
    table: Mapping[str, object],
    key: str,
    known: Container[str] | None,
    what: str,
    reader: TomlReader,
) -> tuple[str, ...] | None:
    """A list of names that are known; None where it is left out. It may be empty."""
    value = table.get(key)
    if value is None or value == []:
        return None if value is None else ()
    names = reader.names(value, f"cascade.{key}")
    for name in names:
        if known is not None and name not in known:
            listed = ", ".join(sorted(known)) if isinstance(known, Mapping) else ""
            said = f"; there are: {listed}" if listed else ""
            reader.fail(f"cascade.{key}", None, f"there is no {what} '{name}'{said}")
    return names


def _whole(
    table: Mapping[str, object], key: str, usual: int, least: int, most: int, reader: TomlReader
) -> int:
    value = table.get(key, usual)
    if type(value) is not int or not least <= value <= most:
        reader.fail(f"cascade.{key}", None, f"must be a whole number from {least} to {most}")
    return value
