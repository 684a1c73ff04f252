"""How Google counts: tools, system instruction, contents.

Recorded: on 2.5 a picture up to 768 x 768 costs 258 tokens, a page 258 (DOCUMENT), sound 32 a
second, film 258 a second (13.3 silent seconds: 3,354) and 263 with sound beside it; on
3-flash-preview a picture costs about 1,090, a page about 526 (IMAGE), sound 25 a second.
"""

from math import ceil
from typing import Any

import msgspec

from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.counting.media import (
    audio_seconds,
    decoded,
    has_sound,
    image_size,
    pdf_pages,
    video_seconds,
)
from fairlead.emulator.counting.mime import modality_of
from fairlead.emulator.counting.piece import Piece, digest
from fairlead.emulator.counting.text import text_tokens
from fairlead.emulator.models import Media, Model

__all__ = ["gemini_pieces"]

Part = dict[str, Any]

CHUNK = 8192  # characters: long texts are cached by the prefix, not only as a whole
SOUND_TIMESTAMPS = 5
SIGNATURES = {"thoughtSignature", "thought_signature"}
# Where a header tells no length: 128 kbit/s of sound, 2 Mbit/s of film.
SOUND_BYTES, FILM_BYTES = 16_000, 250_000
UNSEEN_SECONDS = 60


def gemini_pieces(model: Model, body: Part) -> list[Piece]:
    """The prompt of a generateContent request that is valid under the schema."""
    pieces = [_tool(tool) for tool in listed(body, "tools")]
    for part in listed(field(body, "systemInstruction"), "parts"):
        pieces += _part(model, part, "system")
    for content in listed(body, "contents"):
        role = content.get("role") or "user"
        for part in listed(content, "parts"):
            pieces += _part(model, part, role)
    return pieces


def _tool(tool: Part) -> Piece:
    # Declarations are rendered more tersely than JSON (recorded: about two thirds).
    tokens = text_tokens(msgspec.json.encode(tool).decode()) * 2 // 3
    return Piece(tokens, "TEXT", digest("tool", tool))


def _part(model: Model, part: Part, role: str) -> list[Piece]:
    text = field(part, "text")
    signed = _signed(model, part, role)
    if text is not None:
        cuts = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
        return [*(Piece(text_tokens(cut), "TEXT", digest(role, cut)) for cut in cuts), *signed]
    for kind in ("inlineData", "fileData"):
        value = field(part, kind)
        if value is not None and model.media is not None:
            return [*_media(model.media, value, digest(role, part)), *signed]
    response = field(part, "functionResponse")
    inner = listed(response, "parts")
    media = [piece for one in inner for piece in _part(model, one, role)]
    if inner:
        response = {key: value for key, value in response.items() if key != "parts"}
    said = response or {key: value for key, value in part.items() if key not in SIGNATURES}
    tokens = text_tokens(msgspec.json.encode(said).decode())
    return [Piece(tokens, "TEXT", digest(role, said)), *media, *signed]


def _signed(model: Model, part: Part, role: str) -> list[Piece]:
    """Gemini 3 reads the thoughts behind a signature again (recorded: a sixth of its length)."""
    signature = field(part, "thoughtSignature")
    if not signature or not model.signatures:
        return []
    return [Piece(len(signature) // 6, "TEXT", digest(role, signature))]


def _media(costs: Media, value: Part, known_by: bytes) -> list[Piece]:
    mime = field(value, "mimeType") or "image/png"
    data = decoded(field(value, "data") or "", url_safe=True) or b""
    kind = modality_of(mime)
    if kind == "text":
        return [Piece(text_tokens(data.decode("utf-8", "replace")), "TEXT", known_by)]
    if kind == "pdf":
        pages = pdf_pages(data) or 1
        return [Piece(pages * costs.page, costs.page_as, known_by)]
    if kind == "audio":
        seconds = _seconds(audio_seconds(data), data, SOUND_BYTES)
        return [Piece(ceil(seconds * costs.audio_second), "AUDIO", known_by)]
    if kind == "video":
        return _film(costs, data, known_by)
    return [Piece(_picture(costs, data), "IMAGE", known_by)]


def _picture(costs: Media, data: bytes) -> int:
    size = image_size(data)
    if costs.tile is None or size is None:
        return costs.image
    width, height = size
    return costs.image * max(1, ceil(width / costs.tile)) * max(1, ceil(height / costs.tile))


def _film(costs: Media, data: bytes, known_by: bytes) -> list[Piece]:
    seconds = _seconds(video_seconds(data), data, FILM_BYTES)
    frames = max(1, int(seconds))
    if not has_sound(data):
        return [Piece(frames * costs.frame, "VIDEO", known_by)]
    sound = ceil(seconds * costs.audio_second)
    return [
        Piece(frames * (costs.frame + SOUND_TIMESTAMPS), "VIDEO", known_by),
        Piece(sound, "AUDIO", digest("sound", known_by.hex())),
    ]


def _seconds(stated: float | None, data: bytes, bytes_a_second: int) -> float:
    if stated is not None:
        return stated
    return len(data) / bytes_a_second if data else UNSEEN_SECONDS
