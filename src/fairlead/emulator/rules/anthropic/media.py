"""Pictures and PDFs: what they say they are, what they are, and how large."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.counting.media import decoded, image_size, image_type, pdf_pages
from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["assistant_documents", "images", "pdfs", "user_citations"]

MEGABYTE = 1024 * 1024
MOST_PIXELS, MANY_IMAGES, MOST_PIXELS_OF_MANY = 8000, 20, 2000
MOST_PAGES, MOST_PAGES_LARGE_WINDOW = 100, 600
LARGE_WINDOW = 1_000_000


def images(request: Request) -> str | None:
    """Readable, of the stated type, at most 10 MB as base64 (5 MB behind a cloud's door) and 8,000
    pixels a side [O, D].
    """
    found = list(_sources(request, "image"))
    most = MOST_PIXELS_OF_MANY if len(found) > MANY_IMAGES else MOST_PIXELS
    for path, source in found:
        sentence = _image(path, source, most, request.image_megabytes)
        if sentence:
            return sentence
    return None


def _image(path: str, source: dict[str, Any], most: int, megabytes: int) -> str | None:
    where = f"{path}.image.source.base64"
    length, limit = len(source["data"]), megabytes * MEGABYTE
    if length > limit:
        # [O] for 5 MB anthropics/claude-code, issue 19631; for 10 MB kolega-ai/kolega-code 354.
        return f"{where}: image exceeds {megabytes} MB maximum: {length} bytes > {limit} bytes"
    data = decoded(source["data"])
    if not data:
        return f"{where}.data: Invalid base64 data"
    real = image_type(data)
    if real is None:
        return "Could not process image"
    if real != source["media_type"]:
        return (
            f"{where}: The image was specified using the {source['media_type']} media type, but "
            f"the image appears to be a {real} image"
        )
    size = image_size(data)
    if size is None or 0 in size:
        return "Could not process image"
    if max(size) > most:
        many = " for many-image requests" if most == MOST_PIXELS_OF_MANY else ""
        return (
            f"{where}.data: At least one of the image dimensions exceed max allowed size{many}: "
            f"{most} pixels"
        )
    return None


def pdfs(request: Request) -> str | None:
    """A PDF, open to be read, of at most 100 pages (600 in a window of a million) [O, D]."""
    pages = 0
    for path, source in _sources(request, "document"):
        where = f"{path}.pdf.source.base64.data"
        data = decoded(source["data"])
        if data is None:
            return f"{where}: Invalid base64 data"
        if not data:
            return f"{where}: PDF cannot be empty"
        count = pdf_pages(data)
        if count is None:
            return f"{where}: The PDF specified was not valid."
        if b"/Encrypt" in data:
            return f"{where}: The PDF specified is password protected."
        pages += count
    large = request.model.context_window >= LARGE_WINDOW
    most = MOST_PAGES_LARGE_WINDOW if large else MOST_PAGES
    if pages > most:
        return f"A maximum of {most} PDF pages may be provided."
    return None


def assistant_documents(request: Request) -> str | None:
    """Under API version 2026-10-21 an assistant turn holds no documents [D]; wording our own."""
    if request.version != "2026-10-21":
        return None
    for turn in request.turns:
        for block in turn.of("document") if turn.role == "assistant" else ():
            return f"{block.path}: `document` blocks can only be in `user` messages"
    return None


def user_citations(request: Request) -> str | None:
    """Under API version 2026-10-21 "a `text` block with a non-empty `citations` array in a `user`
    message, directly or inside a `search_result` block, returns a 400" [D]; wording our own.
    """
    if request.version != "2026-10-21":
        return None
    for block in request.blocks():
        if request.messages[block.message]["role"] != "user":
            continue
        inner = block.body.get("content") if block.kind == "search_result" else None
        for part in (block.body, *(inner if isinstance(inner, list) else ())):
            if part.get("type") == "text" and part.get("citations"):
                return f"{block.path}: `citations` can only be in `assistant` messages"
    return None


def _sources(request: Request, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Base64 sources of one kind, in turns and in tool results."""
    for block in request.blocks():
        inner = block.body.get("content")
        within = [
            (f"{block.path}.{block.kind}.content.{index}", part)
            for index, part in enumerate(inner if isinstance(inner, list) else ())
        ]
        for path, part in [(block.path, block.body), *within]:
            source = part.get("source")
            if part.get("type") == kind and source and source.get("type") == "base64":
                yield path, source
