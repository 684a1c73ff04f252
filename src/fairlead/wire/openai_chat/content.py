"""Content parts of a message: from the wire to canon.

`_PARTS` is the table of part types; `_ALLOWED` says which of them a role may use.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    CacheMark,
    Failure,
    FileRef,
    Media,
    Refusal,
    Signature,
    Text,
    Thinking,
)
from fairlead.wire import media
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai.media import file_at, is_address, media_at
from fairlead.wire.openai.parts import read_parts as parts_by
from fairlead.wire.openai_chat.types import CacheControl, ContentPart, UrlIn

__all__ = ["cache_mark", "read_content", "read_parts"]

Piece = Text | Refusal | Thinking | Media
_TEXT_ONLY: Final = frozenset({"text"})
_MEDIA: Final = frozenset(
    {"text", "image_url", "input_audio", "file", "video_url", "document_url", "file_url"}
)
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "system": _TEXT_ONLY,
    "developer": _TEXT_ONLY,
    "user": _MEDIA,
    "assistant": frozenset({"text", "refusal", "thinking"}),
    # OpenAI takes text only here; images are taken by its newer models and by others (recorded).
    "tool": _MEDIA,
    "function": _TEXT_ONLY,
}
_DETAILS: Final = frozenset({"auto", "low", "high", "original"})


def read_content(content: str | list[ContentPart], role: str, path: str) -> tuple[Piece, ...]:
    """A message's `content`; `path` is the message's."""
    if isinstance(content, str):
        return (Text(content),)
    return read_parts(content, _ALLOWED[role], f"{path}.content")


def read_parts(parts: list[ContentPart], allowed: frozenset[str], path: str) -> tuple[Piece, ...]:
    """Content parts; `path` is the list's."""
    return parts_by(parts, _PARTS, allowed, path)


def cache_mark(control: CacheControl | None, path: str) -> CacheMark | None:
    """`cache_control` as a cache breakpoint."""
    if control is None:
        return None
    if control.type != "ephemeral":
        raise Failure.invalid(
            f"Invalid value for '{path}.cache_control.type': {control.type[:60]!r}. Supported "
            "values are: 'ephemeral'.",
            f"{path}.cache_control.type",
            code="invalid_value",
        )
    if control.ttl is None or control.ttl == "5m":
        return _FIVE_MINUTES
    if control.ttl == "1h":
        return _ONE_HOUR
    raise not_among(control.ttl, f"{path}.cache_control.ttl", ("5m", "1h"))


def _mark(part: ContentPart, path: str) -> CacheMark | None:
    """The breakpoint behind a part, said in OpenAI's way or in Anthropic's.

    OpenAI's lifetimes are 30 minutes, the default, and 12 hours; canon has Anthropic's two: the
    default stands for the default, the longer for the longer.
    """
    said = part.prompt_cache_breakpoint
    if said is None or part.cache_control is not None:
        return cache_mark(part.cache_control, path)
    for field, value, known in (("mode", said.mode, _EXPLICIT), ("ttl", said.ttl, _LIFETIMES)):
        if value is not None and value not in known:
            raise not_among(value, f"{path}.prompt_cache_breakpoint.{field}", known)
    return _ONE_HOUR if said.ttl == "12h" else _FIVE_MINUTES


_EXPLICIT: Final = ("explicit",)
_LIFETIMES: Final = ("30m", "12h")
_FIVE_MINUTES: Final = CacheMark("5m")
_ONE_HOUR: Final = CacheMark("1h")


def _text(part: ContentPart, path: str) -> Text:
    if part.text is None:
        raise missing(f"{path}.text")
    return Text(part.text, cache=_mark(part, path))


def _refusal(part: ContentPart, path: str) -> Refusal:
    if part.refusal is None:
        raise missing(f"{path}.refusal")
    return Refusal(part.refusal)


def _thinking(part: ContentPart, path: str) -> Thinking:
    """Mistral's list of text parts, or Anthropic's text with a signature (through LiteLLM)."""
    if part.thinking is None:
        raise missing(f"{path}.thinking")
    if isinstance(part.thinking, str):
        text = part.thinking
    else:
        texts = read_parts(part.thinking, _TEXT_ONLY, f"{path}.thinking")
        text = "".join(piece.text for piece in texts if isinstance(piece, Text))
    signature = Signature("anthropic", part.signature) if part.signature else None
    return Thinking(text, signature)


def _image(part: ContentPart, path: str) -> Media:
    address = _address(part.image_url, f"{path}.image_url")
    detail = address.detail
    if detail is not None and detail not in _DETAILS:
        raise not_among(detail, f"{path}.image_url.detail", sorted(_DETAILS))
    return _marked(
        media_at(address.url, "image", f"{path}.image_url.url", detail=detail), part, path
    )


def _video(part: ContentPart, path: str) -> Media:
    address = _address(part.video_url, f"{path}.video_url")
    return _marked(media_at(address.url, "video", f"{path}.video_url.url"), part, path)


def _document_url(part: ContentPart, path: str) -> Media:
    """Mistral's document part."""
    address = _address(part.document_url, f"{path}.document_url")
    return _marked(
        media_at(address.url, None, f"{path}.document_url", name=part.document_name), part, path
    )


def _file_url(part: ContentPart, path: str) -> Media:
    """Perplexity's file part: an address, or bare base64."""
    address = _address(part.file_url, f"{path}.file_url")
    return _marked(file_at(address.url, f"{path}.file_url.url", name=part.file_name), part, path)


def _audio(part: ContentPart, path: str) -> Media:
    audio = part.input_audio
    if audio is None:
        raise missing(f"{path}.input_audio")
    here = f"{path}.input_audio.data"
    if is_address(audio.data):
        return _marked(media_at(audio.data, "audio", here), part, path)
    if audio.format is None:
        raise missing(f"{path}.input_audio.format")
    mime = media.mime_of_format(audio.format, f"{path}.input_audio.format")
    data = media.check_base64(audio.data, here)
    mime = media.verify("audio", mime, data, here)
    return Media("audio", mime, Base64(data), cache=_mark(part, path))


def _file(part: ContentPart, path: str) -> Media:
    file = part.file
    if file is None:
        raise missing(f"{path}.file")
    if file.file_id is not None:
        if file.file_data is not None:
            raise Failure.invalid(
                f"Invalid '{path}.file': give either 'file_id' or 'file_data', not both.",
                f"{path}.file",
                code="invalid_value",
            )
        return Media(
            "document",
            "",
            FileRef("openai_chat", file.file_id),
            name=file.filename,
            cache=_mark(part, path),
        )
    if file.file_data is None:
        raise missing(f"{path}.file.file_data")
    return _marked(
        file_at(file.file_data, f"{path}.file.file_data", name=file.filename), part, path
    )


def _marked(found: Media, part: ContentPart, path: str) -> Media:
    """With the part's cache breakpoint."""
    cache = _mark(part, path)
    return found if cache is None else replace(found, cache=cache)


def _address(value: UrlIn | str | None, path: str) -> UrlIn:
    if value is None:
        raise missing(path)
    return UrlIn(value) if isinstance(value, str) else value


_PARTS: Final[dict[str, Callable[[ContentPart, str], Piece]]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
    "video_url": _video,
    "document_url": _document_url,
    "file_url": _file_url,
    "refusal": _refusal,
    "thinking": _thinking,
}
