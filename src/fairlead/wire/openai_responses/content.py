"""Content parts of messages and of tools' outputs: from the wire to canon.

`_PARTS` is the table of part types; `_ALLOWED` says which of them a role may use. OpenAI's own
server takes `input_text` in an assistant's easy message as well as `output_text` (both recorded).
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import (
    Base64,
    CacheMark,
    Citation,
    Failure,
    FileRef,
    Media,
    Refusal,
    Text,
)
from fairlead.wire import media
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai.media import file_at, media_at
from fairlead.wire.openai.parts import read_parts
from fairlead.wire.openai_responses.types import Breakpoint, ContentPart

__all__ = ["read_annotations", "read_content"]

Piece = Text | Refusal | Media
_INPUT: Final = frozenset({"input_text", "input_image", "input_file", "input_audio"})
_SAID: Final = frozenset({"input_text", "output_text", "text", "summary_text", "refusal"})
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "system": _INPUT,
    "developer": _INPUT,
    "user": _INPUT | {"text"},
    "assistant": _SAID,
    "tool": _INPUT | {"text", "output_text"},
}
_DETAILS: Final = frozenset({"auto", "low", "high", "original"})
_TTLS: Final = {None: CacheMark("5m"), "30m": CacheMark("5m"), "12h": CacheMark("1h")}
"""OpenAI's lifetimes of a breakpoint are 30 minutes, the default, and 12 hours; canon has
Anthropic's two: the default stands for the default, the longer for the longer."""


def read_content(content: str | list[ContentPart], role: str, path: str) -> tuple[Piece, ...]:
    """A message's `content` or a result's `output`; `path` is the field's."""
    if isinstance(content, str):
        return (Text(content),)
    return read_parts(content, _PARTS, _ALLOWED[role], path)


def _mark(found: Breakpoint | None, path: str) -> CacheMark | None:
    if found is None:
        return None
    where = f"{path}.prompt_cache_breakpoint"
    if found.mode != "explicit":
        raise not_among(found.mode, f"{where}.mode", ("explicit",))
    if found.ttl not in _TTLS:
        raise not_among(found.ttl or "", f"{where}.ttl", ("12h", "30m"))
    return _TTLS[found.ttl]


def _text(part: ContentPart, path: str) -> Text:
    if part.text is None:
        raise missing(f"{path}.text")
    citations = read_annotations(part.annotations) if part.annotations else ()
    return Text(part.text, None, citations, _mark(part.prompt_cache_breakpoint, path))


class _Annotation(Struct, frozen=True, gc=False):
    """What canon reads of an annotation."""

    url: str | None = None
    title: str | None = None


_ANNOTATION: Final = msgspec.json.Decoder(_Annotation)


def read_annotations(annotations: list[Raw]) -> tuple[Citation, ...]:
    """Annotations of a text, each kept as it is."""
    found = []
    for raw in annotations:
        try:
            told = _ANNOTATION.decode(raw)
        except msgspec.ValidationError:
            told = _Annotation()
        found.append(Citation("openai_responses", bytes(raw), told.url, told.title))
    return tuple(found)


def _refusal(part: ContentPart, path: str) -> Refusal:
    if part.refusal is None:
        raise missing(f"{path}.refusal")
    return Refusal(part.refusal)


def _image(part: ContentPart, path: str) -> Media:
    detail = part.detail
    if detail is not None and detail not in _DETAILS:
        raise not_among(detail, f"{path}.detail", sorted(_DETAILS))
    if detail == "auto":  # the default
        detail = None
    cache = _mark(part.prompt_cache_breakpoint, path)
    if part.file_id is not None:
        if part.image_url is not None:
            raise _both(path, "file_id", "image_url")
        source = FileRef("openai_responses", part.file_id)
        return Media("image", "", source, detail=detail, cache=cache)
    if part.image_url is None:
        raise missing(f"{path}.image_url")
    return media_at(part.image_url, "image", f"{path}.image_url", detail=detail, cache=cache)


def _file(part: ContentPart, path: str) -> Media:
    cache = _mark(part.prompt_cache_breakpoint, path)
    given = [f for f in ("file_id", "file_data", "file_url") if getattr(part, f) is not None]
    if not given:
        raise missing(f"{path}.file_data")
    if len(given) > 1:
        raise _both(path, given[0], given[1])
    if part.file_id is not None:
        source = FileRef("openai_responses", part.file_id)
        return Media("document", "", source, name=part.filename, cache=cache)
    data = part.file_data if part.file_data is not None else part.file_url or ""
    here = f"{path}.{given[0]}"
    if part.file_url is not None:
        return media_at(data, None, here, name=part.filename, cache=cache)
    return file_at(data, here, name=part.filename, cache=cache)


def _audio(part: ContentPart, path: str) -> Media:
    audio = part.input_audio
    if audio is None:
        raise missing(f"{path}.input_audio")
    here = f"{path}.input_audio.data"
    if media.is_data_url(audio.data):
        return media_at(audio.data, "audio", here)
    mime = media.mime_of_format(audio.format, f"{path}.input_audio.format")
    data = media.check_base64(audio.data, here)
    return Media("audio", media.verify("audio", mime, data, here), Base64(data))


def _both(path: str, one: str, other: str) -> Failure:
    return Failure.invalid(
        f"Invalid '{path}': give either '{one}' or '{other}', not both.",
        f"{path}.{other}",
        code="invalid_value",
    )


_PARTS: Final[dict[str, Callable[[ContentPart, str], Piece]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "summary_text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}
