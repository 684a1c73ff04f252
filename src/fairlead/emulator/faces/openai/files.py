"""/v1/files: what is uploaded as a form, kept in memory."""

from typing import Any

import msgspec

from fairlead.emulator.faces.face import Answered, Put, Trouble
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.errors import refusal
from fairlead.emulator.faces.openai.writing import CREATED
from fairlead.emulator.form import parts_of
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.shelf import Shelf, StoredFile

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
    return _json(keep_file(put.shelf, put.scope, name, given.content, purpose))


def keep_file(shelf: Shelf, scope: str, name: str, content: bytes, purpose: str) -> dict[str, Any]:
    """Keep a file; its page."""
    page: dict[str, Any] = {
        "object": "file",
        "id": "file-" + ident(shelf.next(), "file", 22),
        "purpose": purpose,
        "filename": name,
        "bytes": len(content),
        "created_at": CREATED,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
    shelf.files[scope, page["id"]] = StoredFile(page, content)
    return page


def get_file(put: Put) -> Answered:
    """Its page."""
    stored = put.shelf.files.get((put.scope, put.route.ident))
    return _missing(put) if stored is None else _json(stored.page)


def file_content(put: Put) -> Answered:
    """Its bytes."""
    stored = put.shelf.files.get((put.scope, put.route.ident))
    if stored is None:
        return _missing(put)
    return Answered(Reply(200, "application/octet-stream", stored.content), {})


def delete_file(put: Put) -> Answered:
    """Forget it."""
    if put.shelf.files.pop((put.scope, put.route.ident), None) is None:
        return _missing(put)
    return _json({"object": "file", "id": put.route.ident, "deleted": True})


def list_files(put: Put) -> Answered:
    """All files of the key, newest first."""
    wanted = put.request.query.get("purpose")
    pages = [
        stored.page
        for (scope, _), stored in put.shelf.files.items()
        if scope == put.scope and wanted in (None, stored.page["purpose"])
    ][::-1]
    ends = {"first_id": pages[0]["id"], "last_id": pages[-1]["id"]} if pages else {}
    return _json({"object": "list", "data": pages, "has_more": False, **ends})


def _missing(put: Put) -> Answered:
    return Answered(
        refusal(Trouble(404, f"No such File object: {put.route.ident}", param="id")), {}
    )


def _refused(words: str, param: str) -> Answered:
    return Answered(refusal(Trouble(400, words, param=param)), {})


def _json(value: dict[str, Any]) -> Answered:
    return Answered(Reply(200, body=msgspec.json.encode(value)), {})
