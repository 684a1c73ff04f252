"""/v1/responses: an answer, stored or not, and what was stored."""

from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.answer.ask import Answer
from fairlead.emulator.answer.wording import seed_of
from fairlead.emulator.faces.face import Answered, Put, Trouble, Usage, plain_json
from fairlead.emulator.faces.openai.chat import STREAM, cached_of
from fairlead.emulator.faces.openai.errors import refusal
from fairlead.emulator.faces.openai.events import events
from fairlead.emulator.faces.openai.response import Drawn, draw, with_ids
from fairlead.emulator.faces.openai.responses_reading import (
    ask_of_items,
    custom_names,
    namespaces,
)
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.shelf import Stored, items_of

__all__ = [
    "cancel_response",
    "count_input",
    "create_response",
    "delete_response",
    "get_response",
    "list_input",
]

PAGE, LARGEST_PAGE = 20, 100


def create_response(put: Put) -> Answered:
    """A response, whole or as a stream; it is stored unless `store` is false."""
    body = put.body
    stored = body.get("store") is not False
    items = put.shelf.whole_input(put.scope, body)
    ask = ask_of_items(body, items, put.model)
    whole = msgspec.structs.replace(put, body={**body, "input": items})
    answer = whole.compose(ask)
    # What is stored has an id of its own each time; the rest depends on the request alone.
    seed = seed_of(ask) + (put.shelf.next() if stored else b"")
    drawn = Drawn(
        answer,
        seed,
        judge.full_name("openai", put.model),
        custom_names(body),
        namespaces(body),
        (body.get("reasoning") or {}).get("effort")
        or judge.openai_facts(put.model).effort_default
        or None,
        _usage(put, answer),
    )
    response = draw(put, drawn)
    if stored:
        own = with_ids(items_of(body.get("input")), seed)
        before = items[: len(items) - len(own)]
        history = [*before, *own, *response["output"]]
        put.shelf.keep(put.scope, Stored(response, own, history))
    return _sent(put, response, answer)


def _sent(put: Put, response: dict[str, Any], answer: Answer) -> Answered:
    made = answer.thinking_tokens + answer.spoken_tokens
    cached = cached_of(put.tally)
    bill: Usage = {
        "input": put.tally.total - cached - put.tally.write_5m,
        "cache_read": cached,
        "cache_write_5m": put.tally.write_5m,
        "thinking": answer.thinking_tokens,
        "output": answer.spoken_tokens,
    }
    if put.stream:
        options = put.body.get("stream_options") or {}
        padded = options.get("include_obfuscation") is not False
        out = events(
            response, padded=padded, thinking=answer.thinking_tokens, each=answer.per_event
        )
        return Answered(Reply(200, STREAM, pieces=out, tokens=_tokens(out)), bill)
    if response["background"]:
        # It is done at once; the first look at it says so.
        waiting: dict[str, Any] = {
            "status": "queued",
            "completed_at": None,
            "output": [],
            "usage": None,
        }
        response = {**response, **waiting, "incomplete_details": None}
    return Answered(Reply(200, body=msgspec.json.encode(response), tokens=made), bill)


def _tokens(out: list[Any]) -> int:
    return sum(piece.tokens for piece in out)


def _usage(put: Put, answer: Answer) -> dict[str, Any]:
    total = put.tally.total
    made = answer.thinking_tokens + answer.spoken_tokens
    details = {"cached_tokens": cached_of(put.tally)}
    if judge.openai_facts(put.model).cache_writes:
        details["cache_write_tokens"] = put.tally.write_5m
    return {
        "input_tokens": total,
        "input_tokens_details": details,
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
        "total_tokens": total + made,
    }


def count_input(put: Put) -> Answered:
    """`{"object": "response.input_tokens", "input_tokens": ...}`, as recorded."""
    return plain_json({"object": "response.input_tokens", "input_tokens": put.tally.total})


def get_response(put: Put) -> Answered:
    """A stored response; as a stream with `?stream=true`, from `starting_after` on."""
    stored = put.shelf.responses.get((put.scope, put.route.ident))
    if stored is None:
        return _missing(put)
    query = put.request.query
    if query.get("stream") == "true":
        start = query.get("starting_after", "")
        out = events(stored.response)[int(start) + 1 if start.isdecimal() else 0 :]
        return Answered(Reply(200, STREAM, pieces=out), {})
    return plain_json(stored.response)


def delete_response(put: Put) -> Answered:
    """Forget it."""
    if not put.shelf.drop(put.scope, put.route.ident):
        return _missing(put)
    return plain_json({"id": put.route.ident, "object": "response", "deleted": True})


def cancel_response(put: Put) -> Answered:
    """Only what runs in the background can be cancelled [D]; here it is done by then."""
    stored = put.shelf.responses.get((put.scope, put.route.ident))
    if stored is None:
        return _missing(put)
    if not stored.response["background"]:
        return Answered(refusal(Trouble(400, "Cannot cancel a synchronous response.")), {})
    return plain_json(stored.response)


def list_input(put: Put) -> Answered:
    """The items that were sent, newest first unless `order=asc`."""
    stored = put.shelf.responses.get((put.scope, put.route.ident))
    if stored is None:
        return _missing(put)
    query = put.request.query
    response = stored.response
    before = stored.history[: len(stored.history) - len(response["output"])]
    items = before if query.get("order") == "asc" else before[::-1]
    idents = [item["id"] for item in items]
    after = query.get("after")
    start = idents.index(after) + 1 if after in idents else 0
    limit = query.get("limit", "")
    most = min(int(limit), LARGEST_PAGE) if limit.isdecimal() else PAGE
    page = items[start : start + most]
    return plain_json(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + most < len(items),
        }
    )


def _missing(put: Put) -> Answered:
    words = f"Response with id '{put.route.ident}' not found."
    return Answered(refusal(Trouble(404, words)), {})
