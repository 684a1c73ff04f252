"""/v1/batches: each line of a file is a request; the answers are a file, too.

A batch moves on when it is looked at: `validating` when it is made, `in_progress` at the first
look, `completed` at the next one, with its output.
"""

from typing import Any

import msgspec

from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.face import Answered, Put, Trouble, plain_json
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.errors import refusal
from fairlead.emulator.faces.openai.files import keep_file
from fairlead.emulator.faces.openai.writing import CREATED
from fairlead.emulator.json_value import JsonValue

__all__ = ["cancel_batch", "create_batch", "get_batch", "list_batches"]

_LATER = (
    "in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at",
    "cancelled_at",
)  # fmt: skip
ENDED = ("completed", "failed", "expired", "cancelled")
DAY = 86_400


def create_batch(put: Put) -> Answered:
    """A batch of a file that was uploaded for it."""
    body = put.body
    if put.shelf.drawer.get("openai_file", put.scope, body["input_file_id"]) is None:
        words = f"No such File object: {body['input_file_id']}"
        return Answered(refusal(Trouble(400, words, param="input_file_id")), {})
    page = {
        "id": "batch_" + ident(put.shelf.next(), "batch", 32, lower=True),
        "object": "batch",
        "endpoint": body["endpoint"],
        "model": None,
        "errors": None,
        "input_file_id": body["input_file_id"],
        "completion_window": body["completion_window"],
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": CREATED,
        "expires_at": CREATED + DAY,
        **dict.fromkeys(_LATER),
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": body.get("metadata"),
    }
    put.shelf.drawer.put("openai_batch", put.scope, Kept(page["id"], page))
    return plain_json(page)


def get_batch(put: Put) -> Answered:
    """Its page, one step further."""
    batch = _found(put)
    if batch is None:
        return _missing(put)
    step = _STEPS.get(batch.page["status"])
    if step is not None:
        step(put, batch)
    return plain_json(batch.page)


def _begin(put: Put, batch: Kept) -> None:
    lines = _lines(put, batch)
    faults = [fault for number, line in enumerate(lines, 1) if (fault := _fault(number, line))]
    if faults or not lines:
        empty = {"code": "empty_file", "message": "The file is empty.", "param": None, "line": None}
        errors = {"object": "list", "data": faults or [empty]}
        batch.page |= {"status": "failed", "failed_at": CREATED + 1, "errors": errors}
        return
    batch.page |= {"status": "in_progress", "in_progress_at": CREATED + 1}
    batch.page["request_counts"] = {"total": len(lines), "completed": 0, "failed": 0}


def _fault(number: int, line: JsonValue) -> dict[str, Any] | None:
    if isinstance(line, dict) and isinstance(line.get("body"), dict) and "custom_id" in line:
        return None
    words = "This line is not parseable as valid JSON of a batch request."
    return {"code": "invalid_json_line", "message": words, "param": None, "line": number}


def _finish(put: Put, batch: Kept) -> None:
    done: list[bytes] = []
    failed: list[bytes] = []
    for line in _lines(put, batch):
        reply = put.run(
            batch.page["endpoint"], msgspec.json.encode({**line["body"], "stream": False})
        )
        answer = {
            "id": "batch_req_" + ident(put.shelf.next(), "line", 24, lower=True),
            "custom_id": line["custom_id"],
            "response": {
                "status_code": reply.status,
                "request_id": "req_emulated",
                "body": msgspec.json.decode(reply.whole()),
            },
            "error": None,
        }
        (done if reply.status < 400 else failed).append(msgspec.json.encode(answer) + b"\n")
        _count(batch.page, answer["response"]["body"])
    page = batch.page
    for key, lines in (("output_file_id", done), ("error_file_id", failed)):
        if lines:
            name = f"{page['id']}_{key.removesuffix('_file_id')}.jsonl"
            kept = keep_file(put, name, b"".join(lines), "batch_output")
            page[key] = kept["id"]
    page |= {"status": "completed", "finalizing_at": CREATED + 2, "completed_at": CREATED + 3}
    total = len(done) + len(failed)
    page["request_counts"] = {"total": total, "completed": len(done), "failed": len(failed)}


def _count(page: dict[str, Any], answer: dict[str, Any]) -> None:
    """Add an answer's tokens to the batch's, and name its model.

    openai 3.54.0, types/batch.py: `usage`, "token usage details including input tokens, output
    tokens, a breakdown of output tokens, and the total tokens used"; `model`, "Model ID used to
    process the batch". Embeddings have no output.
    """
    told = answer.get("usage")
    if not isinstance(told, dict):
        return
    page["model"] = page["model"] or answer.get("model")
    sums = page.setdefault(
        "usage",
        {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        },
    )
    read: int = told["input_tokens" if "input_tokens" in told else "prompt_tokens"]
    wrote: int = told.get("output_tokens") or told.get("completion_tokens") or 0
    cached = told.get("input_tokens_details") or told.get("prompt_tokens_details") or {}
    thought = told.get("output_tokens_details") or told.get("completion_tokens_details") or {}
    sums["input_tokens"] += read
    sums["output_tokens"] += wrote
    sums["total_tokens"] += read + wrote
    sums["input_tokens_details"]["cached_tokens"] += cached.get("cached_tokens", 0)
    sums["output_tokens_details"]["reasoning_tokens"] += thought.get("reasoning_tokens", 0)


def _cancelled(put: Put, batch: Kept) -> None:
    del put
    batch.page |= {"status": "cancelled", "cancelled_at": CREATED + 2}


_STEPS = {"validating": _begin, "in_progress": _finish, "cancelling": _cancelled}


def _lines(put: Put, batch: Kept) -> list[Any]:
    stored = put.shelf.drawer.get("openai_file", put.scope, batch.page["input_file_id"])
    found = []
    for line in stored.content.splitlines() if stored else ():
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line))
        except msgspec.DecodeError:
            found.append(None)
    return found


def cancel_batch(put: Put) -> Answered:
    """`cancelling`, and `cancelled` at the next look; what has ended stays as it is."""
    batch = _found(put)
    if batch is None:
        return _missing(put)
    if batch.page["status"] in ENDED:
        words = f"Cannot cancel a batch with status '{batch.page['status']}'."
        return Answered(refusal(Trouble(409, words)), {})
    batch.page |= {"status": "cancelling", "cancelling_at": CREATED + 1}
    return plain_json(batch.page)


def list_batches(put: Put) -> Answered:
    """All batches of the key, newest first."""
    pages = [kept.page for kept in put.shelf.drawer.all("openai_batch", put.scope)]
    ends = {"first_id": pages[0]["id"], "last_id": pages[-1]["id"]} if pages else {}
    return plain_json({"object": "list", "data": pages, "has_more": False, **ends})


def _found(put: Put) -> Kept | None:
    return put.shelf.drawer.get("openai_batch", put.scope, put.route.ident)


def _missing(put: Put) -> Answered:
    words = f"No batch found with id '{put.route.ident}'."
    return Answered(refusal(Trouble(404, words)), {})
