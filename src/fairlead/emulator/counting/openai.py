"""How OpenAI counts: instructions, tools, then the messages or items in their order.

Each message costs a few tokens of its own, and every prompt some that open the answer (the cookbook
on counting tokens: 3 a message and 3 to prime the answer). Pictures cost 85 tokens and 170 for each
square of 512 pixels at high detail (gpt-4o, guide on images); newer models have other figures,
which come near enough. Texts are cut, so that long ones are cached by the prefix.
"""

from collections.abc import Iterator
from math import ceil
from typing import Any

import msgspec

from fairlead.emulator.counting.media import audio_seconds, decoded, image_size, pdf_pages
from fairlead.emulator.counting.piece import Piece, digest
from fairlead.emulator.counting.text import text_tokens
from fairlead.emulator.models import Model

__all__ = ["openai_pieces"]

Part = dict[str, Any]

CHUNK = 2048  # characters
PER_MESSAGE, PRIMING = 3, 3
BASE_IMAGE, TILE_TOKENS, TILE, LEAST_SIDE = 85, 170, 512, 768
UNSEEN_IMAGE = 765
PAGE = 1000
SOUND_PER_SECOND, SOUND_BYTES = 10, 16_000
_TEXTS = ("text", "refusal", "content", "output", "arguments", "input", "summary")
_MEDIA = {
    "image_url": "IMAGE",
    "input_image": "IMAGE",
    "input_audio": "AUDIO",
    "file": "DOCUMENT",
    "input_file": "DOCUMENT",
}
_SEALED = 4  # characters of encrypted reasoning a token


def openai_pieces(model: Model, body: Part) -> list[Piece]:
    """The prompt of a request that is valid under its schema: chat, Responses or embeddings."""
    del model
    out = [Piece(PRIMING, "TEXT", digest("prime"))]
    for key in ("instructions",):
        if isinstance(body.get(key), str):
            out += _text(body[key], "system")
    for tool in [*(body.get("tools") or ()), *(body.get("functions") or ())]:
        out += _json(tool, "tool")
    format_ = body.get("response_format") or (body.get("text") or {}).get("format")
    if isinstance(format_, dict) and format_.get("type") == "json_schema":
        out += _json(format_, "format")
    messages = body.get("messages")
    if messages is None:
        messages = body.get("input")
    for message in [messages] if isinstance(messages, str) else messages or ():
        out += _message(message)
    return out


def _message(message: Any) -> Iterator[Piece]:  # noqa: ANN401 - an item of any form
    if not isinstance(message, dict):
        yield from _text(str(message), "user")
        return
    role = str(message.get("role") or message.get("type"))
    yield Piece(PER_MESSAGE, "TEXT", digest("open", role))
    for key in _TEXTS:
        yield from _content(message.get(key), role)
    for call in message.get("tool_calls") or ():
        yield from _json(call, role)
    for key in ("function_call", "name"):
        if message.get(key) is not None:
            yield from _json(message[key], role)
    sealed = message.get("encrypted_content")
    if isinstance(sealed, str):
        yield Piece(len(sealed) // _SEALED, "TEXT", digest(role, sealed))


def _content(content: Any, role: str) -> Iterator[Piece]:  # noqa: ANN401 - text or parts
    if isinstance(content, str):
        yield from _text(content, role)
    elif isinstance(content, list):
        for part in content:
            yield from _part(part, role)
    elif content is not None:
        yield from _json(content, role)


def _part(part: Any, role: str) -> Iterator[Piece]:  # noqa: ANN401 - a part of any form
    kind = _MEDIA.get(str(part.get("type"))) if isinstance(part, dict) else None
    if kind == "IMAGE":
        yield Piece(_image(part), "IMAGE", digest(role, part))
    elif kind == "AUDIO":
        sound = part.get("input_audio")
        data = decoded(str((sound or {}).get("data", ""))) or b""
        seconds = audio_seconds(data) or len(data) / SOUND_BYTES
        yield Piece(max(1, ceil(seconds * SOUND_PER_SECOND)), "AUDIO", digest(role, part))
    elif kind == "DOCUMENT":
        inner = part.get("file") or part
        data = _data_of(str(inner.get("file_data") or "")) or b""
        yield Piece(PAGE * (pdf_pages(data) or 1), "DOCUMENT", digest(role, part))
    elif isinstance(part, dict) and isinstance(part.get("text"), str):
        yield from _text(part["text"], role)
    else:
        yield from _json(part, role)


def _image(part: Part) -> int:
    image = part.get("image_url")
    url, detail = image, part.get("detail")
    if isinstance(image, dict):
        url, detail = image.get("url"), image.get("detail")
    if detail == "low":
        return BASE_IMAGE
    size = image_size(_data_of(str(url or "")) or b"")
    if size is None or 0 in size:
        return UNSEEN_IMAGE
    width, height = size
    shrink = min(1.0, LEAST_SIDE / min(size))
    tiles = ceil(width * shrink / TILE) * ceil(height * shrink / TILE)
    return BASE_IMAGE + TILE_TOKENS * min(tiles, 8)


def _data_of(url: str) -> bytes | None:
    """The bytes of a data URL or of bare base64."""
    return decoded(url.partition(",")[2] if url.startswith("data:") else url)


def _text(text: str, role: str) -> Iterator[Piece]:
    for at in range(0, len(text), CHUNK):
        cut = text[at : at + CHUNK]
        yield Piece(text_tokens(cut), "TEXT", digest(role, cut))


def _json(value: Any, role: str) -> Iterator[Piece]:  # noqa: ANN401 - any JSON value
    yield Piece(text_tokens(msgspec.json.encode(value).decode()), "TEXT", digest(role, value))
