"""Media as content parts of a message, from canon."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from fairlead.canon import Base64, FileRef, Media, PlainText, Url
from fairlead.wire import media

__all__ = ["media_json"]

Json = dict[str, Any]


def media_json(part: Media) -> Json | None:
    """A media part, or None where the dialect has no form for it."""
    source = part.source
    if isinstance(source, FileRef):
        if source.dialect != "openai_chat":
            return None
        return {"type": "file", "file": _file(part, {"file_id": source.id})}
    return _MEDIA[part.kind](part)


def _image(part: Media) -> Json | None:
    url = _url(part)
    if url is None:
        return None
    image = {"url": url}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _audio(part: Media) -> Json | None:
    if isinstance(part.source, Url):
        return {"type": "input_audio", "input_audio": {"data": part.source.url}}
    name = media.format_of(part.mime)
    if isinstance(part.source, Base64) and name is not None:
        return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": name}}
    return _document(part)


def _video(part: Media) -> Json | None:
    url = _url(part)
    return None if url is None else {"type": "video_url", "video_url": {"url": url}}


def _document(part: Media) -> Json | None:
    url = _url(part)
    return None if url is None else {"type": "file", "file": _file(part, {"file_data": url})}


def _file(part: Media, file: Json) -> Json:
    if part.name is not None:
        file["filename"] = part.name
    return file


def _url(part: Media) -> str | None:
    source = part.source
    if isinstance(source, Url):
        return source.url
    if isinstance(source, Base64):
        return f"data:{part.mime};base64,{source.data}"
    if isinstance(source, PlainText):
        data = b64encode(source.text.encode()).decode()
        return f"data:{part.mime or 'text/plain'};base64,{data}"
    return None


_MEDIA: Final[dict[str, Callable[[Media], Json | None]]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "document": _document,
}
