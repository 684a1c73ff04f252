"""How the vendors count a prompt, imitated: deterministic, linear, and apart from the gateway.

pieces(model, body)         a prompt as pieces, in the order in which the vendor caches it
count(model, body)          their sum, by modality
PromptCache(clock).use(...) what of them is read from a cache, written to it, or fresh
"""

from collections.abc import Callable
from typing import Any

from fairlead.emulator.counting.anthropic import anthropic_pieces
from fairlead.emulator.counting.cache import CacheUse, PromptCache
from fairlead.emulator.counting.gemini import gemini_pieces
from fairlead.emulator.counting.openai import openai_pieces
from fairlead.emulator.counting.piece import Count, Piece, count_of
from fairlead.emulator.counting.text import text_tokens
from fairlead.emulator.models import Model

__all__ = [
    "CacheUse",
    "Count",
    "Piece",
    "PromptCache",
    "count",
    "count_of",
    "pieces",
    "text_tokens",
]

_VENDORS: dict[str, Callable[[Model, dict[str, Any]], list[Piece]]] = {
    "anthropic": anthropic_pieces,
    "gemini": gemini_pieces,
    "openai": openai_pieces,
}


def pieces(model: Model, body: dict[str, Any]) -> list[Piece]:
    """The pieces of a request's prompt; the body is valid under the vendor's schema."""
    inner = body.get("generateContentRequest") or body.get("generate_content_request")
    return _VENDORS[model.vendor](model, inner or body)


def count(model: Model, body: dict[str, Any]) -> Count:
    """Input tokens of a request."""
    return count_of(pieces(model, body))
