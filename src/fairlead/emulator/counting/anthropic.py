"""How Anthropic counts: tools, system, messages, in this order.

Pictures cost width x height / 750 tokens after being scaled to at most 1,568 pixels a side and
about 1,600 tokens; a PDF's page costs its text, "1,500 to 3,000 tokens", and a picture of it; tools
bring a prompt of their own, 346 tokens, 313 when one is forced (documentation on vision, PDF
support and tool use, 2026).
"""

from collections.abc import Callable
from math import ceil
from typing import Any

import msgspec

from fairlead.emulator.counting.media import decoded, image_size, pdf_pages
from fairlead.emulator.counting.piece import Piece, digest
from fairlead.emulator.counting.text import text_tokens
from fairlead.emulator.models import Model

__all__ = ["anthropic_pieces"]

Block = dict[str, Any]

MESSAGE, TOOLS, FORCED_TOOLS, TOOL = 7, 346, 313, 30  # the first and the last as recorded
LONGEST_SIDE, MOST_IMAGE, PIXELS_A_TOKEN = 1568, 1600, 750
UNSEEN_IMAGE = 1334  # a picture behind an address: as if of 1,000 x 1,000 pixels
PAGE, LONGEST_PAGE, BYTES_A_TOKEN = 1500, 3000, 40


def anthropic_pieces(model: Model, body: Block) -> list[Piece]:
    """The prompt of a Messages request that is valid under the schema."""
    pieces = _tools(body)
    system = body.get("system")
    for block in [{"type": "text", "text": system}] if isinstance(system, str) else system or ():
        pieces.append(_piece(block, "system", 0))
    # "Changes to tool_choice or to thinking invalidate the messages" (prompt caching).
    settings = (body.get("tool_choice"), body.get("thinking"))
    start = len(pieces)
    for message in body["messages"]:
        pieces += _message(message, settings)
    if len(pieces) == start:
        return _scaled(model, pieces)
    automatic = body.get("cache_control")
    if automatic and pieces[-1].mark is None:
        pieces[-1] = msgspec.structs.replace(pieces[-1], mark=automatic.get("ttl") or "5m")
    return _scaled(model, pieces)


def _scaled(model: Model, pieces: list[Piece]) -> list[Piece]:
    if model.input_tokens == 1:
        return pieces
    return [
        msgspec.structs.replace(piece, tokens=ceil(piece.tokens * model.input_tokens))
        for piece in pieces
    ]


def _tools(body: Block) -> list[Piece]:
    tools = body.get("tools") or []
    forced = (body.get("tool_choice") or {}).get("type") in ("any", "tool")
    pieces = []
    for index, tool in enumerate(tools):
        bare = {key: value for key, value in tool.items() if key != "cache_control"}
        prompt = (FORCED_TOOLS if forced else TOOLS) if index == 0 else 0
        tokens = prompt + TOOL + text_tokens(msgspec.json.encode(bare).decode())
        pieces.append(Piece(tokens, "TEXT", digest("tool", bare), _mark(tool)))
    return pieces


def _message(message: Block, settings: tuple[object, object]) -> list[Piece]:
    content = message.get("content") or []
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [
        _piece(block, [message["role"], *settings], MESSAGE if index == 0 else 0)
        for index, block in enumerate(blocks)
    ]


def _piece(block: Block, place: object, extra: int) -> Piece:
    bare = {key: value for key, value in block.items() if key != "cache_control"}
    modality = {"image": "IMAGE", "document": "DOCUMENT"}.get(block["type"], "TEXT")
    return Piece(extra + _cost(block), modality, digest(place, bare), _mark(block))


def _mark(block: Block) -> str | None:
    mark = block.get("cache_control")
    return (mark.get("ttl") or "5m") if mark else None


def _cost(block: Block) -> int:
    reader = _COSTS.get(block["type"])
    if reader is not None:
        return reader(block)
    return text_tokens(msgspec.json.encode(block).decode())


def _text(block: Block) -> int:
    return text_tokens(block["text"])


def _thinking(block: Block) -> int:
    # Thinking of earlier turns is stripped before the model reads it; what counts is its text.
    return text_tokens(block["thinking"])


def _redacted(block: Block) -> int:
    return len(block["data"]) // 4


def _tool_use(block: Block) -> int:
    return (
        12 + text_tokens(block["name"]) + text_tokens(msgspec.json.encode(block["input"]).decode())
    )


def _tool_result(block: Block) -> int:
    content = block.get("content") or ""
    if isinstance(content, str):
        return 12 + text_tokens(content)
    return 12 + sum(_cost(part) for part in content)


def _image(block: Block) -> int:
    data = _data(block)
    size = image_size(data) if data else None
    if size is None:
        return UNSEEN_IMAGE
    width, height = size
    scale = min(1.0, LONGEST_SIDE / max(width, height, 1))
    pixels = width * height * scale * scale
    return max(1, min(MOST_IMAGE, ceil(pixels / PIXELS_A_TOKEN)))


def _document(block: Block) -> int:
    source = block["source"]
    if source["type"] == "text":
        return text_tokens(source["data"])
    if source["type"] == "content":
        content = source["content"]
        return text_tokens(content) if isinstance(content, str) else sum(map(_cost, content))
    data = _data(block)
    if not data:
        return PAGE
    pages = pdf_pages(data) or 1
    text = min(LONGEST_PAGE - PAGE, len(data) // pages // BYTES_A_TOKEN)
    return pages * (PAGE + text)


def _data(block: Block) -> bytes | None:
    source = block["source"]
    return decoded(source["data"]) if source["type"] == "base64" else None


_COSTS: dict[str, Callable[[Block], int]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _document,
}
