"""What Google's services have in common: JSON answers, lists by the page, durations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fairlead.emulator.faces.face import Answered, Trouble, Usage
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.json_value import JsonValue

__all__ = ["TYPE", "answered", "duration", "page_of", "unknown_name"]

TYPE = "application/json; charset=UTF-8"
DEFAULT, MOST = 50, 1000
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s")


def answered(value: JsonValue, usage: Usage | None = None) -> Answered:
    """A JSON answer, laid out as the vendor does."""
    body = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    return Answered(Reply(200, TYPE, body=body), usage or {})


def page_of(name: str, pages: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """`pageSize` of them from `pageToken` on; a list without anything in it is left out."""
    size, token = query.get("pageSize", ""), query.get("pageToken", "")
    limit = min(max(int(size), 1), MOST) if size.isdecimal() else DEFAULT
    start = int(token) if token.isdecimal() else 0
    shown = list(pages[start : start + limit])
    found: dict[str, Any] = {name: shown} if shown else {}
    if start + limit < len(pages):
        found["nextPageToken"] = str(start + limit)
    return found


def duration(value: JsonValue) -> float | None:
    """Seconds of a duration as protobuf's JSON writes it, `300s`; None for what is none."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else None


def unknown_name(name: str) -> Trouble:
    """A field that the message doesn't have, in the parser's words [R]."""
    return Trouble(400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
