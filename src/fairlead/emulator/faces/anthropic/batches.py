"""/v1/messages/batches: many requests at once, answered at once.

A batch is `in_progress` when it is made and `ended` whenever it is looked at afterwards, as if it
had been done in between. One that is cancelled before the first look is `canceling` and then ended
with all of its requests canceled. Its requests are judged, answered and billed as if they came
alone, each with an entry of its own in the books.
"""

import re
from typing import Any

import msgspec

from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.anthropic.pages import no_such, page_of
from fairlead.emulator.faces.face import Answered, Put, Trouble, plain_json
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.http11.reply import Reply

__all__ = ["cancel", "create", "delete", "every", "one", "results"]

MOST = 100_000  # "limited to either 100,000 Message requests or 256 MB in size"
DAY = 24 * 3600.0  # "expires_at ... which is 24 hours after creation"
_CUSTOM = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KINDS = ("processing", "succeeded", "errored", "canceled", "expired")


def create(put: Put) -> Answered | Trouble:
    """Keep the requests: they are answered before the next look."""
    requests = put.body.get("requests")
    trouble = _trouble(requests)
    if trouble is not None or not isinstance(requests, list):
        return trouble or Trouble(400, "requests: Input should be a valid list")
    drawer = put.shelf.drawer
    now = drawer.now()
    name = "msgbatch_01" + ident(put.shelf.next(), "batch", 22)
    page = {
        "id": name,
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": _counts(processing=len(requests)),
        "ended_at": None,
        "created_at": drawer.day(now, zulu=False),
        "expires_at": drawer.day(now + DAY, zulu=False),
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": None,
    }
    drawer.put("claude_batch", put.scope, Kept(name, page, body={"requests": requests}))
    return plain_json(page)


def _trouble(requests: object) -> Trouble | None:
    if requests is None:
        return Trouble(400, "requests: Field required")
    if not isinstance(requests, list):
        return Trouble(400, "requests: Input should be a valid list")
    if not 1 <= len(requests) <= MOST:
        return Trouble(400, "requests: List should have at least 1 item after validation, not 0")
    seen: set[str] = set()
    for at, request in enumerate(requests):
        where = f"requests.{at}"
        if not isinstance(request, dict):
            return Trouble(400, f"{where}: Input should be a valid dictionary")
        custom, params = request.get("custom_id"), request.get("params")
        if not isinstance(custom, str) or not _CUSTOM.fullmatch(custom):
            pattern = "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
            return Trouble(400, f"{where}.custom_id: {pattern}")
        if custom in seen:
            return Trouble(400, f"{where}.custom_id: custom_id must be unique: '{custom}'")
        seen.add(custom)
        if not isinstance(params, dict):
            return Trouble(400, f"{where}.params: Input should be a valid dictionary")
        if params.get("stream"):
            return Trouble(400, f"{where}.params.stream: Streaming is not supported in batches")
    return None


def every(put: Put) -> Answered | Trouble:
    """A page of the list."""
    kept = [_looked(put, one) for one in put.shelf.drawer.all("claude_batch", put.scope)]
    return plain_json(page_of([one.page for one in kept], put.request.query))


def one(put: Put) -> Answered | Trouble:
    """A batch, which has ended by now."""
    kept = _found(put)
    return (
        no_such("Message Batch", put.route.ident)
        if kept is None
        else plain_json(_looked(put, kept).page)
    )


def cancel(put: Put) -> Answered | Trouble:
    """Before the first look nothing has been done yet."""
    kept = _found(put)
    if kept is None:
        return no_such("Message Batch", put.route.ident)
    if kept.page["processing_status"] == "in_progress":
        kept.page["processing_status"] = "canceling"
        kept.page["cancel_initiated_at"] = put.shelf.drawer.day(zulu=False)
    return plain_json(kept.page)


def delete(put: Put) -> Answered | Trouble:
    """Only what has ended can be deleted: "cancel it first"."""
    kept = _found(put)
    if kept is None:
        return no_such("Message Batch", put.route.ident)
    if _looked(put, kept).page["processing_status"] != "ended":
        return Trouble(400, "Message Batch is still being processed: cancel it first.")
    put.shelf.drawer.drop("claude_batch", put.scope, kept.ident)
    return plain_json({"id": kept.ident, "type": "message_batch_deleted"})


def results(put: Put) -> Answered | Trouble:
    """One line for each request."""
    kept = _found(put)
    if kept is None:
        return no_such("Message Batch", put.route.ident)
    _looked(put, kept)
    return Answered(Reply(200, "application/x-jsonl", kept.content), {})


def _found(put: Put) -> Kept | None:
    return put.shelf.drawer.get("claude_batch", put.scope, put.route.ident)


def _looked(put: Put, kept: Kept) -> Kept:
    """The batch as it is once it has been done."""
    page, drawer = kept.page, put.shelf.drawer
    if page["processing_status"] == "ended":
        return kept
    cancelled = page["processing_status"] == "canceling"
    if cancelled and kept.looks == 0:
        kept.looks = 1
        return kept
    counts = _counts()
    lines = []
    for request in kept.body["requests"]:
        result = {"type": "canceled"} if cancelled else _result(put, request["params"])
        counts[result["type"]] += 1
        lines.append(msgspec.json.encode({"custom_id": request["custom_id"], "result": result}))
    kept.content = b"".join(line + b"\n" for line in lines)
    page.update(
        processing_status="ended",
        request_counts=counts,
        ended_at=drawer.day(zulu=False),
        results_url=f"{put.request.base}/v1/messages/batches/{kept.ident}/results",
    )
    return kept


def _result(put: Put, params: dict[str, Any]) -> dict[str, Any]:
    query = "?beta=true" if put.request.query.get("beta") == "true" else ""
    body = msgspec.json.encode({k: v for k, v in params.items() if k != "stream"})
    reply = put.run(f"/v1/messages{query}", body)
    said = msgspec.json.decode(reply.whole())
    if reply.status != 200:
        return {"type": "errored", "error": said}
    said["usage"]["service_tier"] = "batch"
    return {"type": "succeeded", "message": said}


def _counts(**known: int) -> dict[str, int]:
    return {kind: known.get(kind, 0) for kind in _KINDS}
