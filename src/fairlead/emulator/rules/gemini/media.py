"""Pictures, sounds, films and files: a type that the model takes, and bytes of that type."""

import re
from collections.abc import Iterator
from typing import Any

from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.counting.media import decoded, image_type, pdf_pages
from fairlead.emulator.counting.mime import modality_of
from fairlead.emulator.rules.gemini.request import Request
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["files", "inline"]

REPORT = "https://developers.generativeai.google/guide/troubleshooting"
MY_FILES = re.compile(r"https://generativelanguage\.googleapis\.com/v1beta/files/([a-z0-9-]+)")
PUBLIC = re.compile(r"https?://\S+")


def inline(request: Request) -> str | None:
    """A type that the model takes [M] and bytes of that type [O]."""
    for value in _values(request, "inlineData"):
        mime = field(value, "mimeType") or ""
        kind = modality_of(mime)
        if kind not in request.model.modalities:
            return f"Unsupported MIME type: {mime}"
        data = decoded(field(value, "data") or "", url_safe=True)
        if not data or (kind == "image" and image_type(data) is None):
            return f"Unable to process input {kind}. Please retry or report in {REPORT}"
        if kind == "pdf" and not pdf_pages(data):
            return "The document has no pages."
    return None


def files(request: Request) -> str | Rejection | None:
    """The emulator stores no files: one of the API's own is unknown [O]; public addresses pass."""
    for value in _values(request, "fileData"):
        uri = field(value, "fileUri") or ""
        mine = MY_FILES.match(uri)
        if mine:
            return Rejection(
                403,
                "PERMISSION_DENIED",
                f"You do not have permission to access the File {mine[1]} or it may not exist.",
            )
        if not PUBLIC.fullmatch(uri):
            return f"Invalid or unsupported file uri: {uri}"
    return None


def _values(request: Request, kind: str) -> Iterator[dict[str, Any]]:
    """What parts of one kind hold, in contents and in function responses."""
    for content in request.contents:
        yield from content.of(kind)
        for response in content.of("functionResponse"):
            for part in listed(response, "parts"):
                if (value := field(part, kind)) is not None:
                    yield value
