"""The face of Anthropic."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.answer.ask import Answer
from fairlead.emulator.answer.wording import seed_of
from fairlead.emulator.faces.anthropic import batches, files
from fairlead.emulator.faces.anthropic.reading import ask_of
from fairlead.emulator.faces.anthropic.writing import draw, events
from fairlead.emulator.faces.face import Answered, Put, Route, Trouble, Usage, peek_body, plain_json
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["AnthropicFace"]

VERSIONS = ("2023-06-01", "2026-10-21")
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    429: "This request would exceed the rate limit for your organization. (emulated)",
    500: "Internal server error",
    529: "Overloaded",
}
_ROUTES = {
    ("POST", "/v1/messages"): Route("generate"),
    ("POST", "/v1/messages/count_tokens"): Route("count_tokens"),
    ("GET", "/v1/models"): Route("models"),
}
_PATHS = {path for _, path in _ROUTES}
# What the API keeps: the path's steps behind its head, with "*" for an id.
_KEPT: dict[tuple[str, ...], Route] = {
    ("POST", "messages", "batches"): Route("batch_create", keeps=True),
    ("GET", "messages", "batches"): Route("batch_list"),
    ("GET", "messages", "batches", "*"): Route("batch"),
    ("DELETE", "messages", "batches", "*"): Route("batch_delete", plain=True),
    ("POST", "messages", "batches", "*", "cancel"): Route("batch_cancel", plain=True),
    ("GET", "messages", "batches", "*", "results"): Route("batch_results"),
    ("POST", "files"): Route("file_create", plain=True, keeps=True),
    ("GET", "files"): Route("file_list"),
    ("GET", "files", "*"): Route("file"),
    ("DELETE", "files", "*"): Route("file_delete", plain=True),
    ("GET", "files", "*", "content"): Route("file_content"),
}
_ID_AT = {"messages": 2, "files": 1}
_SERVE: dict[str, Callable[[Put], Answered | Trouble]] = {
    "batch_create": batches.create,
    "batch_list": batches.every,
    "batch": batches.one,
    "batch_delete": batches.delete,
    "batch_cancel": batches.cancel,
    "batch_results": batches.results,
    "file_create": files.create,
    "file_list": files.every,
    "file": files.one,
    "file_delete": files.delete,
    "file_content": files.content,
}
# "Requires anthropic-beta: thinking-binding-controls-2026-08-01" (SDK 2.12.0, BetaMessage).
BINDING_BETA = "thinking-binding-controls-2026-08-01"
_TOLD = {"service_tier": "standard", "inference_geo": "not_available"}
_STREAM = "text/event-stream; charset=utf-8"


class AnthropicFace:
    """Errors and limits as the API's documentation of 2026 has them; shapes as recorded."""

    vendor = "anthropic"
    family = "anthropic"
    rulebook = "anthropic"
    message_mark = "msg_01"
    told_usage: tuple[str, ...] = ("service_tier", "inference_geo")
    id_header: str | None = "request-id"
    # "Request too large: exceeds the maximum allowed number of bytes", 32 MB for Messages
    # (documentation, "Request size limits").
    size_limit = 32 * 1024 * 1024

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        del query
        route = _ROUTES.get((method, path))
        if route is not None:
            return route
        if path in _PATHS:
            return Trouble(405, "Method Not Allowed")
        if method == "GET" and path.startswith("/v1/models/") and path.count("/") == 3:
            return Route("model", path.rpartition("/")[2])
        return _kept(method, path) or Trouble(404, "Not Found")

    def key(self, request: Request) -> str:
        """`x-api-key`, or the Bearer token that SDKs from 2.0 on may send."""
        own = request.headers.get("x-api-key", "")
        if own:
            return own
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def key_trouble(self, key: str) -> Trouble:
        """401, as recorded."""
        return Trouble(401, "invalid x-api-key" if key else "x-api-key header is required")

    def version_trouble(self, request: Request) -> Trouble | None:
        """The header `anthropic-version` must be there and known."""
        version = request.headers.get("anthropic-version")
        if version is None:
            return Trouble(400, "anthropic-version: header is required")
        if version not in VERSIONS:
            return Trouble(400, f'anthropic-version: "{version}" is not a valid version')
        return None

    def json_trouble(self, problem: str) -> Trouble:
        """A 400 that says what the parser says."""
        return Trouble(400, f"The request body is not valid JSON: {problem}")

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """Both are in the body."""
        return peek_body(route, body)

    def answer(self, put: Put) -> Answered:
        """A Message, whole or as a stream; a count; the models; what is kept."""
        if put.route.op == "models":
            return plain_json(_model_list())
        if put.route.op == "model":
            if judge.limits_of(self.family, put.model) is None:
                missing = Trouble(404, f"model: {put.model}")
                return Answered(self.refusal(missing, put.request_id), {})
            return plain_json(_model_page(put.model))
        serve = _SERVE.get(put.route.op)
        if serve is not None:
            served = serve(put)
            if isinstance(served, Trouble):
                return Answered(self.refusal(served, put.request_id), {})
            return served
        tally = put.tally
        if put.route.op == "count_tokens":
            return plain_json({"input_tokens": tally.total})
        thinks = judge.thinks_unasked(self.family, put.model)
        ask = ask_of(put.body, put.model, thinks=thinks)
        answer = put.compose(ask)
        seed = seed_of(ask)
        usage = {
            "input_tokens": tally.fresh,
            "cache_creation_input_tokens": tally.write_5m + tally.write_1h,
            "cache_read_input_tokens": tally.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": tally.write_5m,
                "ephemeral_1h_input_tokens": tally.write_1h,
            },
            "output_tokens": answer.thinking_tokens + answer.spoken_tokens,
            **{name: _TOLD[name] for name in self.told_usage},
        }
        if answer.thinking:
            usage["output_tokens_details"] = {"thinking_tokens": answer.thinking_tokens}
        bill: Usage = {
            "input": tally.fresh,
            "cache_read": tally.read,
            "cache_write_5m": tally.write_5m,
            "cache_write_1h": tally.write_1h,
            "thinking": answer.thinking_tokens,
            "output": answer.spoken_tokens,
        }
        model = judge.full_name(self.family, put.model)
        drawn = draw(answer, model, seed, usage, _thinking(put, answer), self.message_mark)
        if BINDING_BETA in put.request.headers.get("anthropic-beta", ""):
            drawn.message["input_transformations"] = [
                {"type": "thinking_dropped", "path": path, "reason": reason}
                for path, reason in tally.dropped
            ]
        made = answer.thinking_tokens + answer.spoken_tokens
        if put.stream:
            return Answered(Reply(200, _STREAM, pieces=events(drawn), tokens=made), bill)
        body = msgspec.json.encode(drawn.message)
        return Answered(Reply(200, body=body, tokens=made), bill)

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """`{"type": "error", "error": {...}, "request_id": ...}`."""
        del route
        headers = (
            (("retry-after", f"{trouble.retry_after:g}"),)
            if trouble.retry_after is not None
            else ()
        )
        return Reply(trouble.status, body=_error(trouble, request_id), headers=headers)

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """An `error` event."""
        del route
        return b"event: error\ndata: %b\n\n" % _error(trouble, request_id)


def _kept(method: str, path: str) -> Route | None:
    """The route to something that is kept, with its id."""
    steps = path.split("/")[2:]
    place = _ID_AT.get(steps[0] if steps else "", 0)
    if not path.startswith("/v1/") or not place:
        return None
    ident = steps[place] if len(steps) > place else ""
    if ident:
        steps[place] = "*"
    route = _KEPT.get((method, *steps))
    return route if route is None else msgspec.structs.replace(route, ident=ident)


def _thinking(put: Put, answer: Answer) -> dict[str, Any] | None:
    """The thinking block. Budgets show it; adaptive thinking is omitted unless `display` says
    `summarized` ("the default depends on the model"; recorded so with claude-sonnet-5).
    """
    if not answer.thinking:
        return None
    asked = put.body.get("thinking") or {"type": "adaptive"}
    default = "omitted" if asked.get("type") == "adaptive" else "summarized"
    thought = "".join(answer.thinking)
    if answer.redacted:
        data = put.sign(put.model, thought, "", put.tally.binding)
        return {"type": "redacted_thinking", "data": data}
    shown = thought if (asked.get("display") or default) == "summarized" else ""
    return {
        "type": "thinking",
        "thinking": shown,
        "signature": put.sign(put.model, thought, shown, put.tally.binding),
    }


def _error(trouble: Trouble, request_id: str) -> bytes:
    error = {
        "type": trouble.type or _TYPES.get(trouble.status, "api_error"),
        "message": trouble.message or _MESSAGES.get(trouble.status, "Emulated error"),
    }
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


def _model_page(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": judge.full_name("anthropic", name),
        "display_name": f"{name} (emulated)",
        "created_at": "2025-10-15T00:00:00Z",
    }


def _model_list() -> dict[str, Any]:
    names = judge.models_of("anthropic")
    return {
        "data": [_model_page(name) for name in names],
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }
