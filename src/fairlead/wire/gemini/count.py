"""Counting tokens: `POST /v1beta/models/{model}:countTokens`.

https://ai.google.dev/api/tokens#method:-models.counttokens: the body holds `contents`, or a
`generateContentRequest`, "the overall input given to the Model. This includes the prompt as well
as other model steering information like system instructions, and/or function declarations for
function calling. ... Note: generateContentRequest and contents are mutually exclusive."
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure
from fairlead.wire.counting import Counting, Unwrapped

__all__ = ["COUNTING"]

_WRAPPINGS: Final = ("generateContentRequest", "generate_content_request")
_GATEWAY: Final = "fairlead"
"""The gateway's own object of hints, which stands beside the wrapping and never goes on."""


class _Answer(Struct):
    total_tokens: int = msgspec.field(name="totalTokens", default=0)  # protobuf leaves out zeros


_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_NAME: Final = msgspec.json.Decoder(str)
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_encode: Final = msgspec.json.Encoder().encode


def _object(body: bytes | Raw, where: str) -> dict[str, Raw]:
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        whole = "" if where else "the body "
        raise Failure.invalid(f"{whole}is no JSON object: {error}", where or None) from error


def _wrapping(fields: dict[str, Raw]) -> str | None:
    return next((name for name in _WRAPPINGS if name in fields), None)


def _unwrap(body: bytes) -> Unwrapped:
    fields = _object(body, "")
    name = _wrapping(fields)
    if name is None:
        return Unwrapped(body)
    if "contents" in fields:
        message = "contents and generateContentRequest are mutually exclusive"
        raise Failure.invalid(message, "contents")
    request = _object(fields[name], name)
    request.pop("model", None)  # the URL names it
    if _GATEWAY in fields:
        request[_GATEWAY] = fields[_GATEWAY]
    return Unwrapped(_encode(request), f"{name}.")


def _renamed(body: bytes, asked: str, model: str) -> bytes:
    """The very same bytes unless the wrapped request names an alias, or holds hints."""
    fields = _object(body, "")
    changed = fields.pop(_GATEWAY, None) is not None
    name = _wrapping(fields)
    if name is not None:
        request = _object(fields[name], name)
        named = request.get("model")
        if named is not None and _text(named).removeprefix("models/") == asked != model:
            request["model"] = Raw(_encode(f"models/{model}"))
            fields[name] = Raw(_encode(request))
            changed = True
    return _encode(fields) if changed else body


def _text(raw: Raw) -> str:
    try:
        return _NAME.decode(raw)
    except msgspec.DecodeError:
        return ""  # the vendor says what is wrong with it


def _fit(body: bytes, model: str) -> bytes:
    # "generateContentRequest.model: Required. ... Format: models/{model}" (the same page)
    request = {"model": Raw(_encode(f"models/{model}")), **_OBJECT.decode(body)}
    return _encode({_WRAPPINGS[0]: request})


def _read(body: bytes) -> int:
    try:
        return _ANSWER.decode(body).total_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"no count of tokens: {error}") from error


def _say(tokens: int) -> bytes:
    return _encode({"totalTokens": tokens})


COUNTING: Final = Counting(
    "gemini", fit=_fit, read=_read, say=_say, unwrap=_unwrap, renamed=_renamed
)
