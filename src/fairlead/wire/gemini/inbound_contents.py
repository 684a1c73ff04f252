"""A Gemini client's `contents` to turns.

A call without an id (2.5 has none) gets one from its place, `call_<content>_<n>`; a result without
one gets the id of the first call of its name that has no result yet.
"""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Base64,
    Failure,
    FileRef,
    Media,
    Opaque,
    Part,
    Role,
    Signature,
    Source,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from fairlead.wire.gemini.fields import Fields
from fairlead.wire.gemini.media import is_vendor_uri
from fairlead.wire.gemini.signature import DUMMY_SIGNATURES
from fairlead.wire.gemini.types import ENCODER, OBJECT
from fairlead.wire.media import check_base64, kind_of

__all__ = ["InboundContents"]

_ROLES: Final[dict[str, Role]] = {
    "user": "user",
    "": "user",  # "If not set, the service will default to 'user'" (discovery document)
    "model": "assistant",
    "function": "user",
}
_NOTES: Final = frozenset({"thought", "thoughtSignature", "partMetadata"})
_EMPTY: Final = (b"{}", b"")


class InboundContents:
    """Reads contents in order, and remembers which calls still want a result."""

    __slots__ = ("_count", "_open")

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []  # (name, id) of calls without a result
        self._count = 0

    def turn(self, content: Fields) -> Turn:
        """One Content. One that holds nothing but results is a `tool` turn."""
        said = content.text("role") or ""
        role = _ROLES.get(said)
        if role is None:
            message = "Please use a valid role: user, model."
            raise Failure.invalid(message, content.at("role"))
        parts: list[Part] = []
        calls = 0
        for at, raw in enumerate(content.raws("parts")):
            part = self._part(raw, f"{content.path}.parts[{at}]", calls)
            if part is None:
                continue
            calls += isinstance(part, ToolCall)
            parts.append(part)
        if parts and role == "user" and all(isinstance(part, ToolResult) for part in parts):
            role = "tool"
        self._count += 1
        return Turn(role, tuple(parts), path=content.path)

    def _part(self, raw: Raw, path: str, calls: int) -> Part | None:
        fields = Fields(raw, path)
        thought = fields.flag("thought") or False
        signed = fields.text("thoughtSignature")
        signature = None
        if signed and signed not in DUMMY_SIGNATURES:
            signature = Signature("gemini", signed)
        kind = next((name for name in fields.left if name not in _NOTES), None)
        if kind is None:
            return Text("", signature) if signature is not None else None
        if kind == "text" and len(fields.left) == 1:
            text = fields.text("text") or ""
            return Thinking(text, signature) if thought else Text(text, signature)
        call = None if thought else fields.object("functionCall")
        if call is not None:
            return self._call(call, signature, calls)
        result = None if thought else fields.object("functionResponse")
        if result is not None:
            return self._result(result)
        media = None if thought else _media(fields, signature)
        return media or Opaque("gemini", kind, bytes(raw))

    def _call(self, call: Fields, signature: Signature | None, calls: int) -> ToolCall:
        name = call.text("name") or ""
        args = call.raw("args")
        if args is not None:
            Fields(args, call.at("args"))
        call_id = call.text("id") or f"call_{self._count}_{calls}"
        self._open.append((name, call_id))
        arguments = "{}" if args is None else bytes(args).decode()
        return ToolCall(call_id, name, arguments, signature=signature)

    def _result(self, result: Fields) -> ToolResult:
        name = result.text("name") or ""
        call_id = result.text("id") or self._awaited(name)
        self._open = [call for call in self._open if call[1] != call_id]
        content: list[Text | Media | Opaque] = []
        text, is_error, is_json = _response(result.raw("response"), result.at("response"))
        media = [_result_part(raw, result.path) for raw in result.raws("parts")]
        if text:
            content.append(Text(text))
        return ToolResult(
            call_id, (*content, *media), name=name or None, is_error=is_error, json=is_json
        )

    def _awaited(self, name: str) -> str:
        for known, call_id in self._open:
            if known == name:
                return call_id
        return f"call_{self._count}_{name}"[:40]


def _response(raw: Raw | None, path: str) -> tuple[str, bool, bool]:
    """Text, whether it is an error, whether it is a JSON object."""
    if raw is None:
        return "", False, False
    Fields(raw, path)  # refuses what is no object; it leaves out nulls, and here they are content
    fields = OBJECT.decode(raw)
    if not fields:
        return "", False, False
    if len(fields) == 1:
        for key, is_error in (("output", False), ("error", True)):
            if key in fields:
                value = bytes(fields[key])
                if value.startswith(b'"'):
                    text = msgspec.json.decode(value, type=str)
                    return text, is_error, _is_object(text)
                if value.startswith(b"{"):
                    return value.decode(), is_error, True
    return bytes(raw).decode(), False, True


def _is_object(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _result_part(raw: Raw, path: str) -> Media | Opaque:
    fields = Fields(raw, f"{path}.parts")
    kind = next(iter(fields.left), "part")
    return _media(fields, None) or Opaque("gemini", kind, bytes(raw))


def _media(fields: Fields, signature: Signature | None) -> Media | None:
    blob = fields.object("inlineData")
    source: Source
    if blob is not None:
        mime = blob.text("mimeType") or ""
        source = Base64(check_base64(blob.text("data") or "", blob.at("data")))
    else:
        blob = fields.object("fileData")
        if blob is None:
            return None
        mime = blob.text("mimeType") or ""
        uri = blob.text("fileUri")
        if not uri:
            raise Failure.invalid("a file needs its URI", blob.at("fileUri"))
        source = FileRef("gemini", uri) if is_vendor_uri(uri) else Url(uri)
    extra = ENCODER.encode(fields.left)
    return Media(
        "video" if not mime and _is_video(source) else kind_of(mime),
        mime.lower(),
        source,
        name=blob.text("displayName"),
        signature=signature,
        extra=b"" if extra in _EMPTY else extra,
    )


def _is_video(source: Source) -> bool:
    return isinstance(source, FileRef) and "youtu" in source.id
