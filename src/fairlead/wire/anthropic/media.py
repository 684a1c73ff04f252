"""Images and documents: what this vendor takes, and how it says it.

Images are jpeg, png, gif or webp (SDK 2.12, types/base64_image_source_param.py). Documents are PDF
in base64 or by URL, plain text as text, or an uploaded file (types/document_block_param.py). There
is no sound and no video: sent as a `document` they are refused, so they are a semantic loss.
"""

import binascii
from base64 import b64decode
from typing import Final

from fairlead.canon import Base64, Failure, FileRef, Media, PlainText, Source, Url
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.cache import read_cache, write_cache
from fairlead.wire.anthropic.types import DIALECT, Fields, Json, as_object, dump
from fairlead.wire.losses import Losses
from fairlead.wire.media import check_base64, is_data_url, parse_data_url, verify

__all__ = ["read_document", "read_image", "write_media"]

IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PDF: Final = "application/pdf"
# Kinds of text that are their own meaning when sent as plain text.
_TEXTUAL: Final = frozenset(
    {
        "application/json",
        "application/xml",
        "application/x-yaml",
        "application/yaml",
        "application/javascript",
        "application/x-ndjson",
        "application/toml",
        "application/sql",
    }
)
_OWN_EXTRA: Final = frozenset({"transformations"})


def read_image(fields: Fields) -> Media | None:
    """An `image` block; None when its source is of a kind that canon doesn't know."""
    found = _read_source(fields)
    if found is None:
        return None
    source, mime = found
    own = {key: fields.take(key) for key in _OWN_EXTRA if key in fields.raw}
    extra = dump({key: value for key, value in own.items() if value is not None})
    return Media(
        "image",
        mime,
        source,
        cache=read_cache(fields),
        extra=extra if extra != b"{}" else b"",
    )


def read_document(fields: Fields) -> Media | None:
    """A `document` block; None when its source is a list of content blocks."""
    found = _read_source(fields)
    if found is None:
        return None
    source, mime = found
    citations = fields.object("citations")
    return Media(
        "document",
        mime or PDF if isinstance(source, Base64 | Url) else mime,
        source,
        title=fields.text("title"),
        context=fields.text("context"),
        citations=citations.flag("enabled") if citations is not None else None,
        cache=read_cache(fields),
    )


def _read_source(fields: Fields) -> tuple[Source, str] | None:
    source = Fields(fields.need("source"), fields.at("source"))
    kind = source.needed_text("type")
    if kind == "base64":
        data = check_base64(source.needed_text("data"), source.at("data"))
        return Base64(data), source.needed_text("media_type")
    if kind == "url":
        url = source.needed_text("url")
        if is_data_url(url):
            mime, data = parse_data_url(url, source.at("url"))
            return Base64(data), mime
        return Url(url), ""
    if kind == "file":
        return FileRef(DIALECT, source.needed_text("file_id")), ""
    if kind == "text":
        return PlainText(source.needed_text("data")), "text/plain"
    return None


def write_media(part: Media, facts: Model, losses: Losses, path: str) -> Json | None:
    """An image or document block, or None with a named loss."""
    if part.kind in ("audio", "video"):
        losses.semantic(path, f"{part.kind}_input", f"the vendor takes no {part.kind}")
        return None
    if facts.known and facts.modalities_in and part.kind not in facts.modalities_in:
        losses.semantic(path, f"{part.kind}_input", f"{facts.id} takes no {part.kind} input")
        return None
    source = _IMAGE_OR_DOCUMENT[part.kind](part, losses, path)
    if source is None:
        return None
    block: Json = {"type": part.kind, "source": source}
    if part.kind == "document":
        _write_document_fields(part, block)
    _name_small_losses(part, block, losses, path)
    write_cache(part.cache, block)
    return block


def _write_document_fields(part: Media, block: Json) -> None:
    # A file's name is what the vendor calls a document's title: the model sees it either way.
    title = part.title if part.title is not None else part.name
    if title:
        block["title"] = title
    if part.context:
        block["context"] = part.context
    if part.citations is not None:
        block["citations"] = {"enabled": part.citations}


def _name_small_losses(part: Media, block: Json, losses: Losses, path: str) -> None:
    if part.detail not in (None, "auto"):
        losses.cosmetic(path, "image_detail", "the vendor has no detail hint")
    if part.signature is not None and part.signature.dialect != DIALECT:
        losses.cosmetic(path, "signature_dropped", "another vendor signed this part")
    if part.kind == "image" and part.name:
        losses.cosmetic(path, "media_name", "images have no name here")
    if part.extra:
        raw = as_object(part.extra)
        fields = Fields(raw, path).raw if raw is not None else {}
        for key, value in fields.items():
            if key in _OWN_EXTRA:
                block[key] = value
            else:
                losses.cosmetic(path, f"media_extra:{key}", "the vendor has no such field")


def _image_source(part: Media, losses: Losses, path: str) -> Json | None:
    source = part.source
    if isinstance(source, Base64):
        mime = verify("image", part.mime, source.data, path)
        if mime not in IMAGE_TYPES:
            losses.semantic(path, f"image_type:{mime}", "images must be jpeg, png, gif or webp")
            return None
        return {"type": "base64", "media_type": mime, "data": source.data}
    if isinstance(source, PlainText):
        raise Failure.invalid("an image cannot be plain text", path)
    return _reference(source, losses, path)


def _document_source(part: Media, losses: Losses, path: str) -> Json | None:
    source = part.source
    mime = part.mime.partition(";")[0].strip().lower()
    if isinstance(source, PlainText):
        return {"type": "text", "media_type": "text/plain", "data": source.text}
    if isinstance(source, Base64):
        mime = verify("document", mime, source.data, path)
        if mime == PDF:
            return {"type": "base64", "media_type": PDF, "data": source.data}
        if mime.startswith("text/") or mime in _TEXTUAL:
            return _text_source(source.data, path)
        losses.semantic(path, f"document_type:{mime}", "documents must be PDF or text")
        return None
    if isinstance(source, Url) and mime not in ("", PDF):
        losses.semantic(path, f"document_url:{mime}", "only PDF documents may be named by URL")
        return None
    return _reference(source, losses, path)


def _text_source(data: str, path: str) -> Json:
    try:
        text = b64decode(data).decode("utf-8-sig")
    except (UnicodeDecodeError, binascii.Error) as error:
        raise Failure.invalid(f"a text document must be UTF-8: {error}", path) from None
    return {"type": "text", "media_type": "text/plain", "data": text}


def _reference(source: Url | FileRef, losses: Losses, path: str) -> Json | None:
    if isinstance(source, FileRef):
        if source.dialect == DIALECT:
            return {"type": "file", "file_id": source.id}
        losses.semantic(path, "file_reference", f"the file was uploaded to {source.dialect}")
        return None
    if source.url[:8].lower().startswith(("https://", "http://")):
        return {"type": "url", "url": source.url}
    losses.semantic(path, "media_url_scheme", "the vendor fetches http and https URLs only")
    return None


_IMAGE_OR_DOCUMENT: Final = {"image": _image_source, "document": _document_source}
