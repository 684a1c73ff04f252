"""/v1/files: uploaded as a form, named in requests by their id."""

import mimetypes
from typing import Any

from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.anthropic.pages import no_such, page_of
from fairlead.emulator.faces.face import Answered, Put, Trouble, plain_json
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.form import parts_of

__all__ = ["content", "create", "delete", "every", "one"]

MOST_BYTES = 500 * 1024 * 1024  # "Maximum file size: 500 MB per file" (Files API)


def create(put: Put) -> Answered | Trouble:
    """A form with the field `file`; the page is as recorded."""
    request, drawer = put.request, put.shelf.drawer
    parts = parts_of(request.headers.get("content-type", ""), request.body)
    part = next((part for part in parts if part.name == "file"), None)
    if part is None:
        return Trouble(400, "file: Field required")
    name = part.filename or "unnamed_file"
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file_id = "file_01" + ident(put.shelf.next(), "file", 22)
    page: dict[str, Any] = {
        "type": "file",
        "id": file_id,
        "size_bytes": len(part.content),
        "created_at": drawer.day(),
        "filename": name,
        "mime_type": part.media_type or guessed,
        "downloadable": False,
    }
    drawer.put("claude_file", put.scope, Kept(file_id, page, part.content))
    return plain_json(page)


def every(put: Put) -> Answered | Trouble:
    """A page of the list."""
    kept = put.shelf.drawer.all("claude_file", put.scope)
    return plain_json(page_of([one.page for one in kept], put.request.query))


def one(put: Put) -> Answered | Trouble:
    """A file's page."""
    kept = put.shelf.drawer.get("claude_file", put.scope, put.route.ident)
    return no_such("File", put.route.ident) if kept is None else plain_json(kept.page)


def content(put: Put) -> Answered | Trouble:
    """Only what tools have made can be downloaded, and the emulator runs none."""
    if put.shelf.drawer.get("claude_file", put.scope, put.route.ident) is None:
        return no_such("File", put.route.ident)
    return Trouble(400, f"File '{put.route.ident}' is not downloadable.")


def delete(put: Put) -> Answered | Trouble:
    """Forget it."""
    if not put.shelf.drawer.drop("claude_file", put.scope, put.route.ident):
        return no_such("File", put.route.ident)
    return plain_json({"id": put.route.ident, "type": "file_deleted"})
