"""Media toward an upstream: pictures and files, as bytes, addresses or the vendor's own files."""

from base64 import b64encode
from typing import Any, Final

from fairlead.canon import Base64, FileRef, Loss, Media, PlainText, Url

__all__ = ["write_media"]

Json = dict[str, Any]
_OWN: Final = frozenset({"openai_chat", "openai_responses"})
"""Both of OpenAI's dialects know the same uploaded files."""
_NAMES: Final = {
    "application/pdf": "document.pdf",
    "text/plain": "document.txt",
    "text/csv": "document.csv",
    "text/html": "document.html",
    "text/markdown": "document.md",
    "application/json": "document.json",
}


def write_media(part: Media, path: str, losses: list[Loss]) -> Json | None:
    """The part of a message's content, or None with a semantic loss."""
    piece = _image(part) if part.kind == "image" else _file(part)
    if piece is None:
        foreign = isinstance(part.source, FileRef)
        what = "file_reference" if foreign else f"{part.kind}_input"
        why = f"the Responses dialect cannot say this {part.kind}"
        losses.append(Loss("semantic", path, what, why))
        return None
    _name_lost(part, piece, path, losses)
    return piece


def _name_lost(part: Media, piece: Json, path: str, losses: list[Loss]) -> None:
    for field in ("title", "context", "citations"):
        if getattr(part, field) is not None:
            why = f"files have no {field} here"
            losses.append(Loss("cosmetic", path, f"document_{field}", why))
    if part.extra:
        why = "another dialect's options of this part"
        losses.append(Loss("cosmetic", path, "media_options", why))
    if part.signature is not None:
        why = "a signature can be checked only by the vendor that made it"
        losses.append(Loss("cosmetic", path, "thought_signature", why))
    if part.mime and isinstance(part.source, Url):
        why = "an address has no MIME type beside it here"
        losses.append(Loss("cosmetic", path, "media_type", why))
    if part.name is not None and "filename" not in piece:
        losses.append(Loss("cosmetic", path, "media_name", f"this {part.kind} has no name here"))


def _image(part: Media) -> Json | None:
    piece: Json = {"type": "input_image", "detail": part.detail or "auto"}
    source = part.source
    if isinstance(source, FileRef):
        return piece | {"file_id": source.id} if source.dialect in _OWN else None
    if isinstance(source, Url):
        return piece | {"image_url": source.url}
    if isinstance(source, Base64):
        return piece | {"image_url": f"data:{part.mime};base64,{source.data}"}
    return None


def _file(part: Media) -> Json | None:
    """Documents; sound and pictures that move have no form here (openai SDK, input content)."""
    if part.kind != "document":
        return None
    source = part.source
    piece: Json = {"type": "input_file"}
    if isinstance(source, FileRef):
        return piece | {"file_id": source.id} if source.dialect in _OWN else None
    if isinstance(source, Url):
        piece["file_url"] = source.url
        return piece
    # A file's name is demanded beside its bytes.
    mime = part.mime or "application/octet-stream"
    piece["filename"] = part.name or _NAMES.get(mime.partition(";")[0], "document")
    if isinstance(source, PlainText):
        data = b64encode(source.text.encode()).decode()
        piece["file_data"] = f"data:{part.mime or 'text/plain'};base64,{data}"
    else:
        piece["file_data"] = f"data:{mime};base64,{source.data}"
    return piece
