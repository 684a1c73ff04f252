"""The face of Google's Gemini API."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.answer.ask import Answer
from fairlead.emulator.answer.wording import seed_of
from fairlead.emulator.faces.face import Answered, Put, Route, Tally, Trouble, Usage
from fairlead.emulator.faces.gemini import batches, embeddings, files
from fairlead.emulator.faces.gemini.caches import CACHES
from fairlead.emulator.faces.gemini.reading import ask_of, candidates_of, shows_thoughts
from fairlead.emulator.faces.gemini.writing import Draft, array_pieces, sse_pieces, whole
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["GeminiFace"]

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_MESSAGES = {
    429: "You exceeded your current quota, please check your plan and billing details. (emulated)",
    500: "An internal error has occurred. (emulated)",
    503: "The model is overloaded. Please try again later. (emulated)",
    504: "The request timed out. Please try again. (emulated)",
}
_PATH = re.compile(r"/v1(?:beta)?/models(?:/([^/:]+)(?::(\w+))?)?/?")
_METHODS: dict[str, Route] = {
    "generateContent": Route("generate"),
    "streamGenerateContent": Route("stream"),
    "countTokens": Route("count_tokens"),
    "embedContent": Route("embed"),
    "batchEmbedContents": Route("embed_batch"),
    "batchGenerateContent": Route("batch_create", keeps=True),
}
_KEPT_PATH = re.compile(r"(/upload)?/v1beta/(cachedContents|files|batches)(?:/([\w-]+)(:\w+)?)?/?")
# What the API keeps: method, collection, whether an id is there, verb.
_KEPT: dict[tuple[str, str, bool, str], Route] = {
    ("POST", "cachedContents", False, ""): Route("cache_create", keeps=True),
    ("GET", "cachedContents", False, ""): Route("cache_list"),
    ("GET", "cachedContents", True, ""): Route("cache"),
    ("PATCH", "cachedContents", True, ""): Route("cache_patch", keeps=True),
    ("DELETE", "cachedContents", True, ""): Route("cache_delete", plain=True),
    ("POST", "upload files", False, ""): Route("upload", plain=True, keeps=True),
    ("PUT", "upload files", False, ""): Route("upload", plain=True, keeps=True),
    ("GET", "files", False, ""): Route("file_list"),
    ("GET", "files", True, ""): Route("file"),
    ("GET", "files", True, ":download"): Route("file_content"),
    ("DELETE", "files", True, ""): Route("file_delete", plain=True),
    ("GET", "batches", False, ""): Route("batch_list"),
    ("GET", "batches", True, ""): Route("batch"),
    ("POST", "batches", True, ":cancel"): Route("batch_cancel", plain=True),
    ("DELETE", "batches", True, ""): Route("batch_delete", plain=True),
}
_SERVE: dict[str, Callable[[Put], Answered | Trouble]] = {
    "cache_create": CACHES.create,
    "cache_list": CACHES.every,
    "cache": CACHES.one,
    "cache_patch": CACHES.patch,
    "cache_delete": CACHES.delete,
    "upload": files.upload,
    "file_list": files.every,
    "file": files.one,
    "file_content": files.content,
    "file_delete": files.delete,
    "embed": embeddings.embed,
    "embed_batch": embeddings.embed_all,
    "batch_create": batches.create,
    "batch_list": batches.every,
    "batch": batches.one,
    "batch_cancel": batches.cancel,
    "batch_delete": batches.delete,
}
_TYPE = "application/json; charset=UTF-8"


class GeminiFace:
    """Errors as recorded and documented; both `/v1beta` and `/v1`."""

    vendor = "gemini"
    family = "gemini"
    rulebook = "gemini"
    tier: Mapping[str, str] = {"serviceTier": "standard"}
    stamp: Mapping[str, str] = {}
    id_header: str | None = None
    # "Inline data: total request size at most 100 MB" (Gemini API, file input methods, 2026).
    size_limit = 100 * 1024 * 1024

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        found = _PATH.fullmatch(path)
        if found is None:
            return _kept(method, path) or Trouble(404, "Requested entity was not found.")
        model, verb = found[1] or "", found[2]
        if verb is None:
            if method != "GET":
                return Trouble(404, "Requested entity was not found.")
            return Route("model", model) if model else Route("models")
        route = _METHODS.get(verb)
        if route is None or method != "POST":
            return Trouble(404, "Requested entity was not found.")
        array = route.op == "stream" and query.get("alt") != "sse"
        return msgspec.structs.replace(route, model=model, array=array)

    def key(self, request: Request) -> str:
        """`x-goog-api-key` or `?key=`; the address of an upload is as good as a key."""
        own = request.headers.get("x-goog-api-key") or request.query.get("key", "")
        return own or files.key_of(request)

    def key_trouble(self, key: str) -> Trouble:
        """403 without a key; a bad one is a 400, as recorded: status alone lies."""
        if not key:
            return Trouble(
                403,
                "Method doesn't allow unregistered callers (callers without established identity)."
                " Please use API Key or other form of API consumer identity to call this API.",
            )
        message = "API key not valid. Please pass a valid API key."
        return Trouble(
            400,
            message,
            details=(
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": {"service": "generativelanguage.googleapis.com"},
                },
                {
                    "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                    "locale": "en-US",
                    "message": message,
                },
            ),
        )

    def version_trouble(self, request: Request) -> Trouble | None:
        """The version is in the path."""
        del request
        return None

    def json_trouble(self, problem: str) -> Trouble:
        """A 400 that says what the parser says."""
        return Trouble(400, f"Invalid JSON payload received. {problem}")

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """Both are in the path, but for a cache's model."""
        model = route.model
        if route.op == "cache_create" and isinstance(body, dict):
            model = str(body.get("model") or "").removeprefix("models/")
        return model, route.op == "stream"

    def answer(self, put: Put) -> Answered:
        """A response, whole or as a stream; a count; the models; what is kept."""
        if put.route.op == "models":
            pages = [_model_page(name) for name in judge.models_of(self.family)]
            return _json({"models": pages}, {})
        if put.route.op == "model":
            if judge.limits_of(self.family, put.model) is None:
                missing = Trouble(
                    404,
                    f"models/{put.model} is not found for API version v1beta, or is not supported"
                    " for generateContent. Call ListModels to see the list of available models and"
                    " their supported methods.",
                )
                return Answered(self.refusal(missing, put.request_id), {})
            return _json(_model_page(put.model), {})
        if put.route.op == "count_tokens":
            details = _by_modality(put.tally.kinds)
            return _json({"totalTokens": put.tally.total, "promptTokensDetails": details}, {})
        serve = _SERVE.get(put.route.op)
        if serve is None:
            return self._generate(put, put.tally)
        served = serve(put)
        if isinstance(served, Trouble):
            return Answered(self.refusal(served, put.request_id), {})
        return served

    def _generate(self, put: Put, tally: Tally) -> Answered:
        ask = ask_of(put.body, put.model, judge.default_budget(self.family, put.model))
        answers = [put.compose(ask, index) for index in range(candidates_of(put.body))]
        numbered = judge.numbers_calls(self.family, put.model)
        prompt: dict[str, Any] = {
            "promptTokenCount": tally.total,
            "promptTokensDetails": _by_modality(tally.kinds),
        }
        if tally.read:
            prompt["cachedContentTokenCount"] = tally.read
            prompt["cacheTokensDetails"] = _by_modality(tally.read_kinds)
        draft = Draft(
            answers,
            judge.full_name(self.family, put.model),
            seed_of(ask),
            prompt,
            shows_thoughts(put.body),
            numbered,
            [_signature(put, one) if one.thinking or numbered else "" for one in answers],
            tally.total,
            self.tier,
            self.stamp,
        )
        blocked = draft.blocked
        audio_read = dict(tally.read_kinds).get("AUDIO", 0)
        audio = dict(tally.kinds).get("AUDIO", 0) - audio_read
        bill: Usage = {
            "input": tally.fresh - audio,
            "input_audio": audio,
            "cache_read": tally.read - audio_read,
            "cache_read_audio": audio_read,
            "thinking": 0 if blocked else sum(one.thinking_tokens for one in answers),
            "output": sum(one.spoken_tokens for one in answers if one.stop != "refusal"),
        }
        made = bill["thinking"] + bill["output"]
        if put.route.op == "generate":
            body = msgspec.json.encode(whole(draft))
            return Answered(Reply(200, _TYPE, body=body, tokens=made), bill)
        if put.route.array:
            return Answered(Reply(200, _TYPE, pieces=array_pieces(draft), tokens=made), bill)
        return Answered(
            Reply(200, "text/event-stream", pieces=sse_pieces(draft), tokens=made), bill
        )

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """`{"error": {"code", "message", "status", "details"}}`, with RetryInfo if it is known when
        to come back. Where a stream would be a JSON array, so is its refusal (yym68686/
        ChatGPT-Telegram-Bot, issue 101, shows one).
        """
        del request_id
        body = msgspec.json.format(_error(trouble), indent=2)
        if route is not None and route.array:
            body = b"[%b\n]\n" % body
        return Reply(trouble.status, _TYPE, body=body)

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """The bare error object, without `data:`; inside an array it is one more element."""
        del request_id
        error = msgspec.json.format(_error(trouble), indent=2)
        return b",\r\n%b\n]" % error if route.array else error + b"\r\n"


def _kept(method: str, path: str) -> Route | None:
    """The route to something that is kept, with its id."""
    found = _KEPT_PATH.fullmatch(path)
    if found is None:
        return None
    where = f"upload {found[2]}" if found[1] else found[2]
    route = _KEPT.get((method, where, found[3] is not None, found[4] or ""))
    return route if route is None else msgspec.structs.replace(route, ident=found[3] or "")


def _signature(put: Put, answer: Answer) -> str:
    """Bound to the part that it stands on: the first call, or a text."""
    bound = f"call {answer.calls[0].name}" if answer.calls else ""
    return put.sign(put.model, "".join(answer.thinking), bound)


def _by_modality(kinds: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": tokens} for name, tokens in kinds]


def _error(trouble: Trouble) -> bytes:
    details = list(trouble.details)
    if trouble.retry_after is not None:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": f"{trouble.retry_after:g}s",
            }
        )
    error: dict[str, Any] = {
        "code": trouble.status,
        "message": trouble.message or _MESSAGES.get(trouble.status, "Emulated error."),
        "status": trouble.type or _STATUSES.get(trouble.status, "UNKNOWN"),
    }
    if details:
        error["details"] = details
    return msgspec.json.encode({"error": error})


def _json(value: JsonValue, usage: Usage) -> Answered:
    return Answered(Reply(200, _TYPE, body=msgspec.json.encode(value)), usage)


def _model_page(name: str) -> dict[str, Any]:
    window, output = judge.limits_of("gemini", name) or (None, None)
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": f"{name} (emulated)",
        "description": "An emulated model: no model is called.",
        "inputTokenLimit": window,
        "outputTokenLimit": output,
        "supportedGenerationMethods": judge.methods_of(name),
        "thinking": judge.thinks(name),
    }
