"""The face of OpenAI: one table of routes, one of what answers them."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.faces.face import Answered, Op, Put, Route, Trouble, peek_body, plain_json
from fairlead.emulator.faces.openai import batches, errors, files, responses
from fairlead.emulator.faces.openai.chat import chat
from fairlead.emulator.faces.openai.embeddings import embeddings
from fairlead.emulator.faces.openai.writing import CREATED
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["OpenAIFace"]

# `{}` stands for an id.
ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/v1/chat/completions"): Route("generate"),
    ("POST", "/v1/responses"): Route("responses", keeps=True),
    ("POST", "/v1/responses/input_tokens"): Route("count_tokens", keeps=True),
    ("GET", "/v1/responses/{}"): Route("response"),
    ("DELETE", "/v1/responses/{}"): Route("response_delete", plain=True),
    ("POST", "/v1/responses/{}/cancel"): Route("response_cancel", plain=True),
    ("GET", "/v1/responses/{}/input_items"): Route("input_items"),
    ("POST", "/v1/embeddings"): Route("embeddings"),
    ("GET", "/v1/models"): Route("models"),
    ("GET", "/v1/models/{}"): Route("model"),
    ("POST", "/v1/files"): Route("file_create", plain=True),
    ("GET", "/v1/files"): Route("file_list"),
    ("GET", "/v1/files/{}"): Route("file"),
    ("DELETE", "/v1/files/{}"): Route("file_delete", plain=True),
    ("GET", "/v1/files/{}/content"): Route("file_content"),
    ("POST", "/v1/batches"): Route("batch_create", keeps=True),
    ("GET", "/v1/batches"): Route("batch_list"),
    ("GET", "/v1/batches/{}"): Route("batch"),
    ("POST", "/v1/batches/{}/cancel"): Route("batch_cancel", plain=True),
}
_PATHS = {path for _, path in ROUTES}


class OpenAIFace:
    """Errors and limits as users quote them; shapes as recorded in 2026."""

    vendor = "openai"
    family = "openai"
    rulebook = "openai"
    id_header: str | None = "x-request-id"
    size_limit = 50 * 1024 * 1024

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        del query
        route = ROUTES.get((method, path))
        if route is not None:
            return route
        pattern, named = _pattern(path)
        route = ROUTES.get((method, pattern))
        if route is not None:
            model = named if route.op == "model" else ""
            return msgspec.structs.replace(route, ident=named, model=model)
        if path in _PATHS or pattern in _PATHS:
            return Trouble(405, f"Not allowed to {method} on {path}.")
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
        return peek_body(route, body)

    def answer(self, put: Put) -> Answered:
        """Whatever the route is for."""
        return _ANSWERS[put.route.op](put)

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """`{"error": {"message", "type", "param", "code"}}`."""
        del request_id, route
        return errors.refusal(trouble)

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """An error in place of a chunk, or an event of its own."""
        del request_id
        return errors.stream_error(trouble, named=route.op in ("responses", "response"))


def _pattern(path: str) -> tuple[str, str]:
    """A path with its third step open, and what stands there."""
    steps = path.split("/")
    if len(steps) < 4 or not steps[3]:
        return path, ""
    named, steps[3] = steps[3], "{}"
    return "/".join(steps), named


def _models(put: Put) -> Answered:
    del put
    return plain_json({"object": "list", "data": [_page(name) for name in judge.openai_names()]})


def _model(put: Put) -> Answered:
    if judge.limits_of("openai", put.model) is None:
        words = f"The model '{put.model}' does not exist"
        missing = Trouble(404, words, param="model", code="model_not_found")
        return Answered(errors.refusal(missing), {})
    return plain_json(_page(put.model))


def _page(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "emulated"}


_ANSWERS: dict[Op, Callable[[Put], Answered]] = {
    "generate": chat,
    "responses": responses.create_response,
    "count_tokens": responses.count_input,
    "response": responses.get_response,
    "response_delete": responses.delete_response,
    "response_cancel": responses.cancel_response,
    "input_items": responses.list_input,
    "embeddings": embeddings,
    "models": _models,
    "model": _model,
    "file_create": files.create_file,
    "file_list": files.list_files,
    "file": files.get_file,
    "file_delete": files.delete_file,
    "file_content": files.file_content,
    "batch_create": batches.create_batch,
    "batch_list": batches.list_batches,
    "batch": batches.get_batch,
    "batch_cancel": batches.cancel_batch,
}
