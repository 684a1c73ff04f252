"""Reasoning items and canon's thoughts.

OpenAI's reasoning is encrypted, and goes back whole or not at all: "reasoning items need
encrypted_content and the item that followed them" (a recorded 400: "Item 'rs_...' of type
'reasoning' was provided without its required following item."). So the signature of a thought is
the item itself, as JSON; its readable text (the summary, or the reasoning of open models) is the
thought's text, for everybody else.

An item that is not encrypted is unsigned: it can be written by anybody, and its id means something
only to who stored it.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Signature, Thinking
from fairlead.wire.openai_responses.types import ReasoningItem, TextPiece

__all__ = ["BREAK", "own_item", "read_reasoning", "text_of"]

DIALECT: Final = "openai_responses"
BREAK: Final = "\n\n"
"""What stands between the parts of a summary in one text."""
_ENCODER: Final = msgspec.json.Encoder()
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


def text_of(item: ReasoningItem) -> str:
    """What of it can be read."""
    pieces = item.summary or item.content or ()
    return BREAK.join([piece.text for piece in pieces])


def read_reasoning(item: ReasoningItem) -> Thinking | None:
    """The thought; None where the item says nothing and proves nothing."""
    text = text_of(item)
    if not item.encrypted_content:
        return Thinking(text) if text else None
    return Thinking(text, signature(item), redacted=not text)


def signature(item: ReasoningItem) -> Signature:
    """The whole item, in one spelling however it was spelled."""
    whole: dict[str, Any] = {"type": "reasoning"}
    if item.id:
        whole["id"] = item.id
    whole["summary"] = _pieces(item.summary, "summary_text")
    if item.content:
        whole["content"] = _pieces(item.content, "reasoning_text")
    whole["encrypted_content"] = item.encrypted_content
    return Signature(DIALECT, _ENCODER.encode(whole).decode())


def _pieces(pieces: list[TextPiece] | None, kind: str) -> list[dict[str, str]]:
    return [{"type": piece.type or kind, "text": piece.text} for piece in pieces or ()]


def own_item(thought: Thinking) -> dict[str, Any] | None:
    """The item as it goes back; None where this vendor did not sign the thought.

    A signature that is no item of ours is the encrypted content alone (OpenRouter's
    `reasoning_details` carry it so through the chat dialect).
    """
    signed = thought.signature
    if signed is None or signed.dialect != DIALECT:
        return None
    if signed.value.startswith("{"):
        try:
            return dict(_FIELDS.decode(signed.value))
        except msgspec.DecodeError:
            return None
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    return {"type": "reasoning", "summary": summary, "encrypted_content": signed.value}
