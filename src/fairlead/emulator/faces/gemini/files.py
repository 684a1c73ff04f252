"""Files: uploaded in two steps (resumable), in two parts (multipart) or as they are (raw).

A resumable upload begins with a request that says what will come and gets an address in
`x-goog-upload-url`; the bytes go there, without a key: the address is as good as one. Here it holds
the key.
"""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.face import Answered, Put, Trouble, field
from fairlead.emulator.faces.gemini.google import TYPE, answered, page_of
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.form import parts_of
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request

__all__ = ["content", "delete", "every", "keep", "key_of", "one", "upload"]

TWO_DAYS = 48 * 3600.0  # "Files are stored for 48 hours"
_PREFIX = "emulated-"


def key_of(request: Request) -> str:
    """The key in the address of an upload; empty in any other."""
    ident_ = request.query.get("upload_id", "")
    if not ident_.startswith(_PREFIX):
        return ""
    packed = ident_.removeprefix(_PREFIX).partition(".")[0]
    try:
        return base64.urlsafe_b64decode(packed).decode()
    except (binascii.Error, ValueError):
        return ""


def upload(put: Put) -> Answered | Trouble:
    """A step of an upload, told by its headers."""
    headers = put.request.headers
    protocol = headers.get("x-goog-upload-protocol", "")
    if "upload_id" in put.request.query:
        return _bytes(put)
    if protocol == "resumable" or "start" in headers.get("x-goog-upload-command", ""):
        return _begin(put)
    content_type = headers.get("content-type", "")
    if protocol == "multipart" or content_type.startswith("multipart/"):
        return _multipart(put)
    if not put.request.body:
        return Trouble(400, "Upload is empty.")
    return _kept(put, {}, content_type, put.request.body)


def _begin(put: Put) -> Answered | Trouble:
    headers = put.request.headers
    about = _about(put.request.body)
    if about is None:
        return Trouble(400, "Invalid JSON payload received.")
    packed = base64.urlsafe_b64encode(_own_key(put.request).encode()).decode()
    name = f"{_PREFIX}{packed}.{ident(put.shelf.next(), 'upload', 12)}"
    said = {"file": about, "type": headers.get("x-goog-upload-header-content-type", "")}
    put.shelf.drawer.put("upload", put.scope, Kept(name, said))
    where = f"{put.request.base}/upload/v1beta/files?upload_id={name}&upload_protocol=resumable"
    reply = Reply(200, "text/plain; charset=utf-8")
    reply.headers = (
        ("x-goog-upload-url", where),
        ("x-goog-upload-status", "active"),
        ("x-goog-upload-chunk-granularity", "262144"),
    )
    return Answered(reply, {})


def _own_key(request: Request) -> str:
    return request.headers.get("x-goog-api-key") or request.query.get("key", "")


def _bytes(put: Put) -> Answered | Trouble:
    """Bytes of an upload, in their order; the last ones come with `finalize`."""
    headers, drawer = put.request.headers, put.shelf.drawer
    name = put.request.query["upload_id"]
    begun = drawer.get("upload", put.scope, name)
    if begun is None:
        return Trouble(404, "Requested entity was not found.")
    command = headers.get("x-goog-upload-command", "upload, finalize")
    if "query" in command:
        return _status("active", len(begun.content))
    offset = headers.get("x-goog-upload-offset", "0")
    if not offset.isdecimal() or int(offset) != len(begun.content):
        return Trouble(400, f"Upload offset {offset} is not {len(begun.content)}.")
    begun.content += put.request.body
    if "finalize" not in command:
        return _status("active", len(begun.content))
    drawer.drop("upload", put.scope, name)
    done = _kept(put, begun.page["file"], begun.page["type"], begun.content)
    done.reply.headers = (("x-goog-upload-status", "final"),)
    return done


def _status(status: str, size: int) -> Answered:
    reply = Reply(200, TYPE)
    reply.headers = (
        ("x-goog-upload-status", status),
        ("x-goog-upload-size-received", str(size)),
    )
    return Answered(reply, {})


def _multipart(put: Put) -> Answered | Trouble:
    parts = parts_of(put.request.headers.get("content-type", ""), put.request.body)
    about = _about(parts[0].content) if len(parts) == 2 else None
    if about is None:
        return Trouble(400, "A multipart upload has two parts: the file's metadata and its bytes.")
    return _kept(put, about, parts[1].media_type, parts[1].content)


def _about(raw: bytes) -> dict[str, Any] | None:
    """What is said of the file; nothing may be."""
    if not raw.strip():
        return {}
    try:
        said = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    about = said.get("file", {}) if isinstance(said, dict) else None
    return about if isinstance(about, dict) else None


def _kept(put: Put, about: dict[str, Any], media_type: str, content: bytes) -> Answered:
    return answered({"file": keep(put, about, media_type, content)})


def keep(put: Put, about: dict[str, Any], media_type: str, content: bytes) -> dict[str, Any]:
    """Keep a file; its page. `displayName`, `mimeType` and `name` may be said of it."""
    drawer = put.shelf.drawer
    now = drawer.now()
    name = field(about, "name") or "files/" + ident(put.shelf.next(), "file", 12, lower=True)
    digest = hashlib.sha256(content).hexdigest().encode()
    page = {
        "name": name,
        "displayName": field(about, "displayName") or "",
        "mimeType": field(about, "mimeType") or media_type or "application/octet-stream",
        "sizeBytes": str(len(content)),
        "createTime": drawer.day(now),
        "updateTime": drawer.day(now),
        "expirationTime": drawer.day(now + TWO_DAYS),
        "sha256Hash": base64.b64encode(digest).decode(),
        "uri": f"https://generativelanguage.googleapis.com/v1beta/{name}",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    page = {key: value for key, value in page.items() if value != ""}
    drawer.put("gemini_file", put.scope, Kept(name, page, content, ends=now + TWO_DAYS))
    return page


def every(put: Put) -> Answered | Trouble:
    """A page of the list."""
    kept = put.shelf.drawer.all("gemini_file", put.scope)
    return answered(page_of("files", [one.page for one in kept], put.request.query))


def one(put: Put) -> Answered | Trouble:
    """A file's page."""
    kept = put.shelf.drawer.get("gemini_file", put.scope, f"files/{put.route.ident}")
    return _missing(put) if kept is None else answered(kept.page)


def content(put: Put) -> Answered | Trouble:
    """Its bytes, at the path that the SDK asks (google-genai 3.4.0, files.py, `download`)."""
    kept = put.shelf.drawer.get("gemini_file", put.scope, f"files/{put.route.ident}")
    if kept is None:
        return _missing(put)
    return Answered(Reply(200, str(kept.page["mimeType"]), kept.content), {})


def delete(put: Put) -> Answered | Trouble:
    """Forget it."""
    there = put.shelf.drawer.drop("gemini_file", put.scope, f"files/{put.route.ident}")
    return answered({}) if there else _missing(put)


def _missing(put: Put) -> Trouble:
    """[O] the sentence that requests get, too."""
    return Trouble(
        403,
        f"You do not have permission to access the File {put.route.ident} or it may not exist.",
    )
