"""Media that OpenAI's dialects take as a data URL, a web address, or bare base64. Pure."""

from base64 import b64decode
from typing import Final

from fairlead.canon import Base64, CacheMark, Failure, Media, MediaKind, PlainText, Source, Url
from fairlead.wire import media

__all__ = ["file_at", "is_address", "media_at"]

_SCHEMES: Final = ("https://", "http://", "gs://")


def is_address(data: str) -> bool:
    """Whether it is a data URL or a web address, rather than bytes in base64."""
    return media.is_data_url(data) or data.startswith(_SCHEMES)


def media_at(
    url: str,
    kind: MediaKind | None,
    here: str,
    *,
    name: str | None = None,
    detail: str | None = None,
    cache: CacheMark | None = None,
) -> Media:
    """Media at a data URL or a web address; `kind` None means that the MIME type decides.

    Raises:
        Failure: it is neither, or the bytes are not what the MIME type says; `here` is the field.
    """
    mime = ""
    source: Source
    if media.is_data_url(url):
        mime, data = media.parse_data_url(url, here)
        kind = kind or media.kind_of(mime)
        mime = media.verify(kind, mime, data, here)
        source = _plain(data) if mime == "text/plain" else Base64(data)
    elif url.startswith(_SCHEMES):
        source = Url(url)
    else:
        raise Failure.invalid(
            f"Invalid '{here}': expected a data: URL or a http(s) URL.",
            here,
            code="invalid_value",
            hint="Inline bytes have the form data:<mime type>;base64,<data>.",
        )
    return Media(kind or "document", mime, source, name=name, detail=detail, cache=cache)


def _plain(data: str) -> Source:
    try:
        return PlainText(b64decode(data).decode())
    except UnicodeDecodeError:
        return Base64(data)


def file_at(data: str, here: str, *, name: str | None, cache: CacheMark | None = None) -> Media:
    """A file at an address, or as bare base64, whose bytes tell what it is.

    Raises:
        Failure: as `media_at`.
    """
    if is_address(data):
        return media_at(data, None, here, name=name, cache=cache)
    data = media.check_base64(data, here)
    mime = media.verify("document", "", data, here)
    return Media(media.kind_of(mime), mime, Base64(data), name=name, cache=cache)
