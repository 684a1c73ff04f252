"""models/x:batchGenerateContent and /v1beta/batches: many requests at once, inline.

As recorded: the operation is pending when it is made, and when it is looked at it has succeeded,
with its answers both in `metadata.output` and in `response`. Each request is judged, answered and
billed as if it came alone, with an entry of its own in the books. One that is cancelled before the
first look has no answers.
"""

from typing import Any

import msgspec

from fairlead.emulator.drawer import Drawer, Kept
from fairlead.emulator.faces.face import Answered, Put, Trouble, field, items
from fairlead.emulator.faces.gemini.files import keep
from fairlead.emulator.faces.gemini.google import answered, page_of
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.json_value import JsonValue

__all__ = ["cancel", "create", "delete", "every", "one"]

_ABOUT = "type.googleapis.com/google.ai.generativelanguage.v1main."
NO_INPUT = "* BatchGenerateContentRequest.batch.input_config: input_config is required\n"


def create(put: Put) -> Answered | Trouble:
    """Keep the requests: they are answered before the next look."""
    batch = field(put.body, "batch")
    config = field(batch, "inputConfig")
    requests = _inline(config) or _from_file(put, config)
    if isinstance(requests, Trouble):
        return requests
    drawer = put.shelf.drawer
    name = "batches/" + ident(put.shelf.next(), "batch", 32, lower=True)
    page = {
        "name": name,
        "metadata": {
            "@type": _ABOUT + "GenerateContentBatch",
            "model": f"models/{put.model}",
            "displayName": field(batch, "displayName") or "",
            "createTime": drawer.day(),
            "updateTime": drawer.day(),
            "batchStats": {
                "requestCount": str(len(requests)),
                "pendingRequestCount": str(len(requests)),
            },
            "state": "BATCH_STATE_PENDING",
            "name": name,
        },
    }
    body = {"requests": requests, "file": field(config, "fileName") is not None}
    drawer.put("gemini_batch", put.scope, Kept(name, page, body=body))
    return answered(page)


def _inline(config: JsonValue) -> list[dict[str, Any]]:
    rows = items(field(field(config, "requests"), "requests"))
    return [
        {"request": row.get("request"), "metadata": row.get("metadata")}
        for row in rows
        if isinstance(row, dict)
    ]


def _from_file(put: Put, config: JsonValue) -> list[dict[str, Any]] | Trouble:
    """Lines of `{"key": ..., "request": ...}` in a file that was uploaded."""
    name = field(config, "fileName")
    if not isinstance(name, str):
        return Trouble(400, NO_INPUT)
    kept = put.shelf.drawer.get("gemini_file", put.scope, name)
    if kept is None:
        return Trouble(404, f"File {name} was not found.")
    rows = []
    for number, line in enumerate(kept.content.splitlines(), 1):
        try:
            row = msgspec.json.decode(line)
            rows.append({"request": row["request"], "metadata": {"key": row.get("key")}})
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            return Trouble(400, f"Line {number} of {name} is no request.")
    return rows or Trouble(400, NO_INPUT)


def every(put: Put) -> Answered | Trouble:
    """A page of the list."""
    kept = [_looked(put, one) for one in put.shelf.drawer.all("gemini_batch", put.scope)]
    return answered(page_of("operations", [one.page for one in kept], put.request.query))


def one(put: Put) -> Answered | Trouble:
    """A batch, which is done by now."""
    kept = _found(put)
    return _missing() if kept is None else answered(_looked(put, kept).page)


def cancel(put: Put) -> Answered | Trouble:
    """Before the first look nothing has been done yet."""
    kept = _found(put)
    if kept is None:
        return _missing()
    if not kept.page.get("done"):
        _finish(put.shelf.drawer, kept, "BATCH_STATE_CANCELLED")
        kept.page["error"] = {"code": 13, "message": "Operation cancelled."}
    return answered({})


def delete(put: Put) -> Answered | Trouble:
    """Forget it."""
    there = put.shelf.drawer.drop("gemini_batch", put.scope, f"batches/{put.route.ident}")
    return answered({}) if there else _missing()


def _found(put: Put) -> Kept | None:
    return put.shelf.drawer.get("gemini_batch", put.scope, f"batches/{put.route.ident}")


def _missing() -> Trouble:
    return Trouble(404, "Requested entity was not found.")


def _finish(drawer: Drawer, kept: Kept, state: str) -> None:
    kept.page["metadata"].update(state=state, updateTime=drawer.day(), endTime=drawer.day())
    kept.page["done"] = True


def _looked(put: Put, kept: Kept) -> Kept:
    """The batch as it is once it has been done."""
    if kept.page.get("done"):
        return kept
    about = kept.page["metadata"]
    rows = [_row(put, about["model"], one) for one in kept.body["requests"]]
    failed = sum("error" in row for row in rows)
    stats = {"requestCount": str(len(rows)), "successfulRequestCount": str(len(rows) - failed)}
    if failed:
        stats["failedRequestCount"] = str(failed)
    _finish(put.shelf.drawer, kept, "BATCH_STATE_SUCCEEDED")
    if kept.body["file"]:
        lines = b"".join(
            msgspec.json.encode({"key": (row.pop("metadata") or {}).get("key"), **row}) + b"\n"
            for row in rows
        )
        said = {"name": "files/batch-" + kept.ident.removeprefix("batches/")}
        output: dict[str, Any] = {
            "responsesFile": keep(put, said, "application/jsonl", lines)["name"]
        }
    else:
        output = {"inlinedResponses": {"inlinedResponses": rows}}
    about.update(output=output, batchStats=stats)
    kept.page["response"] = {"@type": _ABOUT + "GenerateContentBatchOutput", **output}
    return kept


def _row(put: Put, model: str, one: dict[str, Any]) -> dict[str, Any]:
    key = put.request.query.get("key")
    path = f"/v1beta/{model}:generateContent" + (f"?key={key}" if key else "")
    reply = put.run(path, msgspec.json.encode(one["request"]))
    said = msgspec.json.decode(reply.whole())
    row = {"response": said} if reply.status == 200 else {"error": _status(said)}
    return {**row, "metadata": one["metadata"]} if one["metadata"] is not None else row


def _status(said: dict[str, Any]) -> dict[str, Any]:
    """google.rpc.Status, whose codes are not HTTP's: 3 is INVALID_ARGUMENT, 5 NOT_FOUND."""
    error = said["error"]
    codes = {"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "PERMISSION_DENIED": 7}
    return {"code": codes.get(error["status"], 13), "message": error["message"]}
