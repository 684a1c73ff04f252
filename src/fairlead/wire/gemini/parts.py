"""Parts that the model wrote, to Gemini's parts: the same in a history and in an answer."""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Failure,
    Media,
    Opaque,
    Part,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from fairlead.catalog.model import Model
from fairlead.wire.gemini.media import encode_media
from fairlead.wire.gemini.signature import own_signature
from fairlead.wire.gemini.types import OBJECT
from fairlead.wire.losses import Losses

__all__ = ["WirePart", "encode_call", "encode_opaque", "encode_part", "encode_text"]

WirePart = dict[str, object] | Raw
_NO_ARGUMENTS: Final = Raw(b"{}")


def encode_part(part: Part, facts: Model, path: str, losses: Losses) -> WirePart | None:
    """One part of the model's; None where nothing is left of it.

    Raises `Failure` at `path` for a call whose arguments are no JSON object.
    """
    match part:
        case Text():
            return encode_text(part, path, losses)
        case ToolCall():
            return encode_call(part, path, losses)
        case Thinking():
            return _thinking(part, facts, path, losses)
        case Media():
            return encode_media(part, facts, path, losses)
        case Opaque():
            return encode_opaque(part, path, losses)
        case Refusal(text):
            losses.cosmetic(path, "refusal", "Gemini has no refusals: said as text")
            return {"text": text} if text else None
        case ToolResult():
            raise Failure.invalid("a tool result cannot stand in the model's turn", path)


def encode_text(part: Text, path: str, losses: Losses) -> WirePart | None:
    """Text. Empty unsigned text is left out: Vertex refuses "empty text parameter"."""
    signature = own_signature(part.signature, path, losses)
    if part.cache is not None:
        losses.cosmetic(path, "cache_breakpoint", "Gemini caches prefixes by itself")
    if signature is not None:
        return {"text": part.text, "thoughtSignature": signature}
    return {"text": part.text} if part.text else None


def _thinking(part: Thinking, facts: Model, path: str, losses: Losses) -> WirePart | None:
    # "As a general rule, if you receive a thought signature in a model response, you should pass it
    # back exactly as received" (ai.google.dev, Thought signatures); thought parts in a history are
    # accepted (2 recorded, signed and unsigned). Thoughts that another vendor signed are not ours
    # to send, and a model that doesn't think has no use for any.
    if _foreign(part.signature) or part.redacted or facts.thinking.kind == "none":
        losses.cosmetic(path, "thinking", "another model's thoughts mean nothing to this one")
        return None
    if part.signature is not None:
        return {"text": part.text, "thought": True, "thoughtSignature": part.signature.value}
    return {"text": part.text, "thought": True} if part.text else None


def _foreign(signature: Signature | None) -> bool:
    return signature is not None and signature.dialect != "gemini"


def encode_call(part: ToolCall, path: str, losses: Losses) -> dict[str, object]:
    """A function call, its arguments verbatim."""
    if part.custom:
        why = f"the custom tool call {part.name!r} has free text for arguments, Gemini's an object"
        losses.semantic(path, "custom_tool_call", why)
        arguments: object = {"input": part.arguments}
    else:
        arguments = _arguments(part, path)
    call: dict[str, object] = {"name": part.name, "args": arguments}
    if part.id:
        call["id"] = part.id
    wire: dict[str, object] = {"functionCall": call}
    signature = own_signature(part.signature, path, losses)
    if signature is not None:
        wire["thoughtSignature"] = signature
    if part.cache is not None:
        losses.cosmetic(path, "cache_breakpoint", "Gemini caches prefixes by itself")
    return wire


def _arguments(part: ToolCall, path: str) -> Raw:
    text = part.arguments
    if not text or text.isspace():
        return _NO_ARGUMENTS
    try:
        raw = text.encode()
        OBJECT.decode(raw)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        message = f"the arguments of the call of {part.name!r} are no JSON object: {error}"
        raise Failure.invalid(message, path) from None
    return Raw(raw)


def encode_opaque(part: Opaque, path: str, losses: Losses) -> Raw | None:
    """A block of Gemini's own as it came; another dialect's is a semantic loss."""
    if part.dialect == "gemini":
        return Raw(part.raw)
    why = f"only {part.dialect} has blocks of the kind {part.kind!r}"
    losses.semantic(path, f"block:{part.kind}", why)
    return None
