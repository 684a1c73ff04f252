"""/v1/files: what is uploaded as a form, kept in memory."""

from typing import Any

from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.face import Answered, Put, Trouble, plain_json
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.errors import refusal
from fairlead.emulator.faces.openai.writing import CREATED
from fairlead.emulator.form import parts_of
from fairlead.emulator.http11.reply import Reply

__all__ = ["create_file", "delete_file", "file_content", "get_file", "keep_file", "list_files"]

# [S] "batch", "fine-tune", "assistants", "vision", "user_data", "evals".
PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


def create_file(put: Put) -> Answered:
    """A form with `file` and `purpose`."""
    request = put.request
    parts = parts_of(request.headers.get("content-type", ""), request.body)
    fields = {part.name: part for part in parts}
    given = fields.get("file")
    if given is None:
        return _refused("'file' is a required property", "file")
    purpose = fields["purpose"].content.decode("utf-8", "replace") if "purpose" in fields else ""
    if purpose not in PURPOSES:
        listed = ", ".join(f"'{one}'" for one in PURPOSES)
        words = f"Invalid value for 'purpose': '{purpose}'. Supported values are: {listed}."
        return _refused(words, "purpose")
    name = given.filename or "upload"
    return plain_json(keep_file(put, name, given.content, purpose))


def keep_file(put: Put, name: str, content: bytes, purpose: str) -> dict[str, Any]:
    """Keep a file; its page."""
    page: dict[str, Any] = {
        "object": "file",
        "id": "file-" + ident(put.shelf.next(), "file", 22),
        "purpose": purpose,
        "filename": name,
        "bytes": len(content),
        "created_at": CREATED,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
    put.shelf.drawer.put("openai_file", put.scope, Kept(page["id"], page, content))
    return page


def get_file(put: Put) -> Answered:
    """Its page."""
    kept = _found(put)
    return _missing(put) if kept is None else plain_json(kept.page)


def file_content(put: Put) -> Answered:
    """Its bytes."""
    kept = _found(put)
    if kept is None:
        return _missing(put)
    return Answered(Reply(200, "application/octet-stream", kept.content), {})


def delete_file(put: Put) -> Answered:
    """Forget it."""
    if not put.shelf.drawer.drop("openai_file", put.scope, put.route.ident):
        return _missing(put)
    return plain_json({"object": "file", "id": put.route.ident, "deleted": True})


def list_files(put: Put) -> Answered:
    """All files of the key, newest first."""
    wanted = put.request.query.get("purpose")
    kept = put.shelf.drawer.all("openai_file", put.scope)
    pages = [one.page for one in kept if wanted in (None, one.page["purpose"])]
    ends = {"first_id": pages[0]["id"], "last_id": pages[-1]["id"]} if pages else {}
    return plain_json({"object": "list", "data": pages, "has_more": False, **ends})


def _found(put: Put) -> Kept | None:
    return put.shelf.drawer.get("openai_file", put.scope, put.route.ident)


def _missing(put: Put) -> Answered:
    return Answered(
        refusal(Trouble(404, f"No such File object: {put.route.ident}", param="id")), {}
    )


def _refused(words: str, param: str) -> Answered:
    return Answered(refusal(Trouble(400, words, param=param)), {})
