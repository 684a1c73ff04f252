"""Clients that speak to Claude as on Vertex AI (`AnthropicVertex` of Anthropic's SDK): their
requests as the Messages API's.

The inverse of `wire.vertex.claude`: the model comes in the path, as `claude-haiku-4-5@20251001`,
the version in the body, where it takes the header's place (anthropic 2.12, `lib/vertex/_client.py`,
sends `2026-10-21`; before 2.0 `vertex-2023-10-16`). A count names its model in the body.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from fairlead.canon import Failure
from fairlead.wire.anthropic.types import dump
from fairlead.wire.splice import splice

__all__ = ["anthropics_name", "as_message"]

Headers = Sequence[tuple[bytes, bytes]]

_VERSIONS: Final = {
    "vertex-2023-10-16": b"2023-06-01",
    "2023-06-01": b"2023-06-01",
    "2026-10-21": b"2026-10-21",
}
_DATED: Final = re.compile(r"@(\d{8}|default|latest)$")
_HEADER: Final = b"anthropic-version"
_FIELD: Final = "anthropic_version"


class _Said(msgspec.Struct):
    model: str | None = None
    anthropic_version: str | None = None


_SAID: Final = msgspec.json.Decoder(_Said)


def anthropics_name(name: str) -> str:
    """`claude-haiku-4-5@20251001` is `claude-haiku-4-5-20251001`; `@default` says nothing."""
    return _DATED.sub(lambda found: f"-{found[1]}" if found[1].isdecimal() else "", name)


def as_message(
    headers: Headers, body: bytes, model: str | None, stream: bool | None
) -> tuple[Headers, bytes]:
    """The headers and the body for `POST /v1/messages`. `model` is the path's, `stream` its verb's;
    None for a count, whose body names the model.

    Raises:
        Failure: `body` is no JSON object, names no known version, or another model.
    """
    try:
        said = _SAID.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"the body cannot be read: {error}") from error
    version = said.anthropic_version
    if version is not None:
        known = _VERSIONS.get(version)
        if known is None:
            raise Failure.invalid(
                f"{version[:40]!r} is not a version",
                _FIELD,
                hint=f"known are {', '.join(_VERSIONS)}",
            )
        headers = [*(pair for pair in headers if pair[0] != _HEADER), (_HEADER, known)]
    elif all(name != _HEADER for name, _ in headers):
        raise Failure.invalid("is required", _FIELD, hint="send vertex-2023-10-16")
    values: dict[str, bytes] = {}
    if model is None:
        if said.model is not None:
            values["model"] = dump(anthropics_name(said.model))
    else:
        if said.model is not None:
            raise Failure.invalid("is in the path, and not in the body", "model")
        values["model"] = dump(anthropics_name(model))
    if stream:
        values["stream"] = b"true"
    drop = (_FIELD,) if stream is not False else (_FIELD, "stream")
    return headers, splice(body, values, drop)
