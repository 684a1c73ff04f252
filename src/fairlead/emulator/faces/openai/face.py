"""The plain face of OpenAI: enough to develop a pass-through without a key."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fairlead.emulator.answer.tokens import count
from fairlead.emulator.answer.wording import seed_of
from fairlead.emulator.faces.face import Answered, Put, Route, Trouble, Usage
from fairlead.emulator.faces.openai.reading import ask_of, trouble_of
from fairlead.emulator.faces.openai.writing import chunks, completion
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["OpenAIFace"]

_ROUTES = {
    ("POST", "/v1/chat/completions"): Route("generate"),
    ("GET", "/v1/models"): Route("models"),
}
_TYPES = {
    401: "invalid_request_error",
    429: "requests",
    500: "server_error",
    503: "service_unavailable_error",
}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_MESSAGES = {
    429: "Rate limit reached. (emulated)",
    500: "The server had an error while processing your request. (emulated)",
    503: "The engine is currently overloaded, please try again later. (emulated)",
}
MOST_CANDIDATES = 128
# Listed so that a client finds something; any other id is answered as well.
MODELS = ("gpt-5-mini", "gpt-5-nano")


class OpenAIFace:
    """Validated lightly."""

    vendor = "openai"
    id_header: str | None = "x-request-id"
    size_limit = 50 * 1024 * 1024

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        del query
        route = _ROUTES.get((method, path))
        if route is not None:
            return route
        if method == "GET" and path.startswith("/v1/models/") and path.count("/") == 3:
            return Route("model", path.rpartition("/")[2])
        return Trouble(404, f"Invalid URL ({method} {path})")

    def key(self, request: Request) -> str:
        """The Bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def key_trouble(self, key: str) -> Trouble:
        """401."""
        if not key:
            return Trouble(401, "You didn't provide an API key. (emulated)")
        return Trouble(401, f"Incorrect API key provided: {key[:3]}***. (emulated)")

    def version_trouble(self, request: Request) -> Trouble | None:
        """None is asked for."""
        del request
        return None

    def json_trouble(self, problem: str) -> Trouble:
        """A 400 in the vendor's words."""
        return Trouble(400, f"We could not parse the JSON body of your request. ({problem})")

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """Both are in the body."""
        if not isinstance(body, dict):
            return route.model, False
        model = body.get("model")
        return model if isinstance(model, str) else route.model, body.get("stream") is True

    def answer(self, put: Put) -> Answered:
        """A completion, whole or as a stream; the models."""
        if put.route.op == "models":
            pages = [_model_page(name) for name in MODELS]
            return _json({"object": "list", "data": pages})
        if put.route.op == "model":
            return _json(_model_page(put.model))
        trouble = trouble_of(put.body)
        if trouble is not None:
            return Answered(self.refusal(trouble, put.request_id), {})
        ask = ask_of(put.body, put.model)
        wanted = put.body.get("n")
        number = wanted if isinstance(wanted, int) and 0 < wanted <= MOST_CANDIDATES else 1
        answers = [put.compose(ask, index) for index in range(number)]
        prompt = count(msgspec.json.encode(put.body["messages"]).decode())
        thought = sum(one.thinking_tokens for one in answers)
        spoken = sum(one.spoken_tokens for one in answers)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": spoken + thought,
            "total_tokens": prompt + spoken + thought,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0},
        }
        bill: Usage = {"input": prompt, "thinking": thought, "output": spoken}
        seed = seed_of(ask)
        if put.stream:
            options = put.body.get("stream_options")
            shown = isinstance(options, dict) and options.get("include_usage") is True
            pieces = chunks(answers, put.model, seed, usage if shown else None)
            kind = "text/event-stream; charset=utf-8"
            return Answered(Reply(200, kind, pieces=pieces, tokens=spoken + thought), bill)
        body = msgspec.json.encode(completion(answers, put.model, seed, usage))
        return Answered(Reply(200, body=body, tokens=spoken + thought), bill)

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """`{"error": {"message", "type", "param", "code"}}`."""
        del request_id, route
        headers = (
            (("retry-after", f"{trouble.retry_after:g}"),)
            if trouble.retry_after is not None
            else ()
        )
        return Reply(trouble.status, body=_error(trouble), headers=headers)

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """An error in place of a chunk."""
        del request_id, route
        return b"data: %b\n\n" % _error(trouble)


def _error(trouble: Trouble) -> bytes:
    error = {
        "message": trouble.message or _MESSAGES.get(trouble.status, "Emulated error"),
        "type": trouble.type or _TYPES.get(trouble.status, "invalid_request_error"),
        "param": None,
        "code": _CODES.get(trouble.status),
    }
    return msgspec.json.encode({"error": error})


def _json(value: JsonValue) -> Answered:
    return Answered(Reply(200, body=msgspec.json.encode(value)), {})


def _model_page(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "emulated"}
