"""What is served where: one table of routes, and the ways in which SDKs spell their paths.

A path is looked up as it came; only if the table does not hold it literally is it rewritten
(`SPELLINGS`) and matched with the patterns. So the usual routes cost one dictionary lookup, and a
base URL may be set with or without a version or an SDK's prefix.
"""

import re
from difflib import get_close_matches
from re import Pattern
from typing import Final

from msgspec import Struct

from fairlead.canon import Dialect

__all__ = ["ROUTES", "SPELLINGS", "Match", "Route", "Router", "client_dialect"]

Headers = list[tuple[bytes, bytes]]


class Route(Struct, frozen=True):
    """One endpoint. `name` is its handler's; `path` may hold `{variables}`.

    `dialect` is None where several dialects share the path: then the client's headers tell.
    """

    method: str
    path: str
    name: str
    dialect: Dialect | None
    what: str


class Match(Struct, frozen=True):
    """A route that a request hit. `dialect` is what the client speaks, as far as the path tells."""

    route: Route
    dialect: Dialect | None
    variables: dict[str, str] = {}


_CHAT: Final = "openai_chat"
_RESPONSES: Final = "openai_responses"
_ANTHROPIC: Final = "anthropic"
_GEMINI: Final = "gemini"
_VERTEX: Final = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models"
_VERTEX_CACHES: Final = "/v1/projects/{project}/locations/{location}/cachedContents"

ROUTES: Final[tuple[Route, ...]] = (
    Route("POST", "/v1/chat/completions", "exchange", _CHAT, "OpenAI chat completions"),
    Route("POST", "/v1/responses", "exchange", _RESPONSES, "OpenAI Responses"),
    Route("GET", "/v1/responses/{id}", "stored", _RESPONSES, "an answer that was stored"),
    Route("DELETE", "/v1/responses/{id}", "stored", _RESPONSES, "delete it, at the vendor too"),
    Route(
        "GET", "/v1/responses/{id}/input_items", "stored_items", _RESPONSES, "what led to it, paged"
    ),
    Route("POST", "/v1/messages", "exchange", _ANTHROPIC, "Anthropic messages"),
    Route(
        "POST", "/v1beta/models/{model}:generateContent", "generate", _GEMINI, "Gemini, unstreamed"
    ),
    Route(
        "POST", "/v1beta/models/{model}:streamGenerateContent", "stream_generate", _GEMINI,
        "Gemini, streamed: server-sent events with `alt=sse`, else a JSON array",
    ),
    Route("POST", f"{_VERTEX}/count-tokens:rawPredict", "vertex_count", _ANTHROPIC,
          "tokens of a message, for clients of Claude on Vertex AI"),
    Route("POST", f"{_VERTEX}/{{model}}:rawPredict", "vertex_message", _ANTHROPIC,
          "a message, for the same"),
    Route("POST", f"{_VERTEX}/{{model}}:streamRawPredict", "vertex_stream", _ANTHROPIC,
          "a message, streamed"),
    Route("POST", "/v1/messages/count_tokens", "count", _ANTHROPIC, "tokens of a message"),
    Route("POST", "/v1/responses/input_tokens", "count", _RESPONSES, "tokens of an input"),
    Route("POST", "/v1beta/models/{model}:countTokens", "count", _GEMINI, "tokens of a request"),
    Route("POST", "/v1/estimate", "estimate", None, "what a request would cost on each model; the"
          " body's dialect by `?dialect=`, else by the headers (Anthropic's, Gemini's, else chat)"),
    Route("POST", "/v1/responses/estimate", "estimate", _RESPONSES, "the same for Responses"),
    Route("POST", "/v1/messages/estimate", "estimate", _ANTHROPIC, "the same for a message"),
    Route("POST", "/v1beta/models/{model}:estimate", "estimate", _GEMINI, "the same for Gemini"),
    Route("POST", "/v1/route", "route", None, "where a request would go, and why; nothing is sent."
          " The body's dialect by `?dialect=`, else recognised; `?policy=` asks another policy"),
    Route("POST", "/v1/feedback", "feedback", None, "a rating or a grader's verdict on an answer,"
          " by the request's id (docs/quality.md)"),
    Route("POST", "/v1/embeddings", "embed", _CHAT, "embeddings, of vendors that have them"),
    Route("POST", "/v1beta/models/{model}:embedContent", "embed_one", _GEMINI, "one embedding"),
    Route("POST", "/v1beta/models/{model}:batchEmbedContents", "embed", _GEMINI, "many"),
    Route("POST", "/v1/files", "files.make", None, "a file, kept by the client's own vendor"
          " (told by its headers: Anthropic's, else OpenAI's)"),
    Route("GET", "/v1/files", "files.list", None, "files that this key made"),
    Route("GET", "/v1/files/{id}", "files.read", None, "one of them"),
    Route("DELETE", "/v1/files/{id}", "files.delete", None, "delete it"),
    Route("GET", "/v1/files/{id}/content", "files.content", None, "its content"),
    Route("POST", "/v1/batches", "batches.make", _CHAT, "a batch at OpenAI"),
    Route("GET", "/v1/batches", "batches.list", None, "batches that this key made (Gemini's to"
          " clients with its headers, else OpenAI's)"),
    Route("GET", "/v1/batches/{id}", "batches.read", None, "one of them"),
    Route("DELETE", "/v1/batches/{id}", "batches.delete", None, "delete it (Gemini's)"),
    Route("POST", "/v1/batches/{id}/cancel", "batches.cancel", _CHAT, "cancel it"),
    Route("POST", "/v1/messages/batches", "batches.make", _ANTHROPIC, "a batch at Anthropic"),
    Route("GET", "/v1/messages/batches", "batches.list", _ANTHROPIC, "batches that this key made"),
    Route("GET", "/v1/messages/batches/{id}", "batches.read", _ANTHROPIC, "one of them"),
    Route("DELETE", "/v1/messages/batches/{id}", "batches.delete", _ANTHROPIC, "delete it"),
    Route("POST", "/v1/messages/batches/{id}/cancel", "batches.cancel", _ANTHROPIC, "cancel it"),
    Route("GET", "/v1/messages/batches/{id}/results", "batches.results", _ANTHROPIC, "its results"),
    Route("POST", "/upload/v1beta/files", "files.upload", _GEMINI,
          "a file at Google, in one request or in several"),
    Route("POST", "/v1beta/files", "files.make", _GEMINI, "a file without content"),
    Route("GET", "/v1beta/files", "files.list", _GEMINI, "files that this key made"),
    Route("GET", "/v1beta/files/{id}", "files.read", _GEMINI, "one of them"),
    Route("DELETE", "/v1beta/files/{id}", "files.delete", _GEMINI, "delete it"),
    Route("GET", "/v1beta/files/{id}:download", "files.content", _GEMINI, "its content"),
    Route("POST", "/v1beta/cachedContents", "caches.make", _GEMINI, "a cached prompt at Google"),
    Route("GET", "/v1beta/cachedContents", "caches.list", _GEMINI, "those that this key made"),
    Route("GET", "/v1beta/cachedContents/{id}", "caches.read", _GEMINI, "one of them"),
    Route("PATCH", "/v1beta/cachedContents/{id}", "caches.change", _GEMINI, "change its end"),
    Route("DELETE", "/v1beta/cachedContents/{id}", "caches.delete", _GEMINI, "delete it"),
    Route("POST", _VERTEX_CACHES, "caches.make", _GEMINI, "the same, for clients of Vertex AI"),
    Route("GET", _VERTEX_CACHES, "caches.list", _GEMINI, "those that this key made"),
    Route("GET", f"{_VERTEX_CACHES}/{{id}}", "caches.read", _GEMINI, "one of them"),
    Route("PATCH", f"{_VERTEX_CACHES}/{{id}}", "caches.change", _GEMINI, "change its end"),
    Route("DELETE", f"{_VERTEX_CACHES}/{{id}}", "caches.delete", _GEMINI, "delete it"),
    Route("POST", "/v1beta/models/{model}:batchGenerateContent", "batches.make", _GEMINI,
          "a batch at Google"),
    Route("POST", "/v1beta/models/{model}:asyncBatchEmbedContent", "batches.embed", _GEMINI,
          "a batch of embeddings at Google"),
    Route("GET", "/v1beta/batches", "batches.list", _GEMINI, "batches that this key made"),
    Route("GET", "/v1beta/batches/{id}", "batches.read", _GEMINI, "one of them"),
    Route("DELETE", "/v1beta/batches/{id}", "batches.delete", _GEMINI, "delete it"),
    Route("POST", "/v1beta/batches/{id}:cancel", "batches.cancel", _GEMINI, "cancel it"),
    Route("GET", "/v1/models", "models", None, "models and aliases that may be named, in the"
          " client's own shape (told by its headers: Anthropic's, Gemini's, else OpenAI's)"),
    Route("GET", "/v1/models/{model}", "model", None, "one of them"),
    Route("GET", "/v1beta/models", "models", _GEMINI, "the same in Gemini's shape"),
    Route("GET", "/v1beta/models/{model}", "model", _GEMINI, "one of them"),
    Route("GET", "/admin/deployments", "deployments", None,
          "how the deployments do: breakers, load, first tokens (docs/delivery.md)"),
    Route("GET", "/admin/usage", "admin.usage", None, "what the ledger holds, summed"),
    Route("GET", "/admin/receipts/{id}", "admin.receipt", None, "what one request cost"),
    Route("GET", "/admin/whatif", "admin.whatif", None, "the ledger under another model or mix"),
    Route("GET", "/admin/forecast", "admin.forecast", None, "spend to come"),
    Route("POST", "/admin/reconcile/{vendor}", "admin.reconcile", None,
          "a vendor's export (the body) against the ledger"),
    Route("GET", "/admin/models", "admin.models", None, "the catalogue's models"),
    Route("GET", "/admin/models/{model}", "admin.model", None, "what is known of one, and by whom"),
    Route("GET", "/admin/compare", "admin.compare", None, "models over seven dimensions"),
    Route("GET", "/admin/cost/scenarios/{name}", "admin.cost_scenario", None,
          "a known workload's month on each model"),
    Route("GET", "/admin/cost/estimate", "admin.cost_estimate", None,
          "a workload of your own, likewise"),
    Route("GET", "/admin/ends", "admin.ends", None, "announced ends, warnings, price changes"),
    Route("GET", "/admin/canaries/{policy}", "admin.canary", None, "a canary beside its control"),
    Route("POST", "/admin/canaries/{policy}/resume", "admin.canary_resume", None,
          "give a canary that is rolled back its share again"),
    Route("POST", "/admin/canaries/{policy}/roll_back", "admin.canary_roll_back", None,
          "take its share away"),
    Route("GET", "/health", "health", _CHAT, "200 while the process lives"),
    Route("GET", "/ready", "ready", _CHAT,
          "200 while it takes requests, 503 while it drains or has no upstream"),
)  # fmt: skip
"""The contract, printed into docs/reference.md and tested against it."""

SPELLINGS: Final[tuple[tuple[str, str, Dialect | None, str], ...]] = (
    (r"^/anthropic(?=/)", "", _ANTHROPIC, "a prefix for clients of Anthropic's dialect"),
    (r"^/openai(?=/)", "", _CHAT, "a prefix for clients of OpenAI's dialects"),
    (r"^/(?:gemini|genai|google)(?=/)", "", _GEMINI, "a prefix for clients of Gemini's dialect"),
    (r"^/v1beta/openai(?=/)", "/v1", _CHAT, "Gemini's OpenAI-compatible base URL"),
    (r"^/v1(?=/v1(?:alpha|beta|beta1)?/)", "", None, "a base URL that ends in the version"),
    (r"^/v1beta(?=/v1beta/)", "", _GEMINI, "the same for Gemini"),
    (
        (
            r"^/(?=(?:chat/completions|responses|embeddings|models|messages|files|batches|estimate"
            r"|route|feedback|projects)(?:/|$))"
        ),
        "/v1/", None, "a base URL without the version",
    ),
    (r"^/(?:v1|v1alpha)/models/(?=[^/]+(?:/[^/]+)*:[a-zA-Z]+$)", "/v1beta/models/", _GEMINI,
     "Gemini's other API versions"),
    (r"^/v1alpha(?=/)", "/v1beta", _GEMINI, "Gemini's other API versions"),
    (r"^/v1(?=/cachedContents(?:/|$)|/(?:files|batches)/[^/]+:[a-z]+$)", "/v1beta", _GEMINI,
     "Gemini's other API versions"),
    (r"^/upload/(?:v1|v1alpha)(?=/)", "/upload/v1beta", _GEMINI, "Gemini's other API versions"),
    (r"^/v1(?:beta1)?/(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/",
     "/v1beta/models/", _GEMINI, "the Google SDK in its Vertex mode"),
    (r"^/v1beta1(?=/projects/[^/]+/locations/[^/]+/cachedContents(?:/|$))", "/v1", _GEMINI,
     "the same"),
    (r"^/v1beta/models/models/", "/v1beta/models/", _GEMINI, "a model named `models/...`"),
)  # fmt: skip
"""How SDKs spell paths: a pattern, what it becomes, the dialect that it tells, and who does so."""

KNOWN_MOST: Final = 1024
"""Spellings that are remembered; paths come from clients."""

_SPELLINGS: Final = [(re.compile(pattern), to, told) for pattern, to, told, _ in SPELLINGS]
_TRAILING: Final = re.compile(r"(?<=.)/+$")


def client_dialect(headers: Headers, query: bytes) -> Dialect:
    """Whose client this is, on a path that several dialects share."""
    for name, _ in headers:
        if name == b"anthropic-version":
            return _ANTHROPIC
        if name == b"x-goog-api-key":
            return _GEMINI
    return _GEMINI if query.startswith(b"key=") or b"&key=" in query else _CHAT


class Router:
    """Finds routes by method and path."""

    def __init__(self, routes: tuple[Route, ...] = ROUTES) -> None:
        self.routes = routes
        self.plain: dict[tuple[str, str], Match] = {
            (route.method, route.path): Match(route, route.dialect)
            for route in routes
            if "{" not in route.path
        }
        self._patterns: list[tuple[Pattern[str], Route]] = [
            (_compiled(route.path), route) for route in routes if "{" in route.path
        ]
        self._known: dict[tuple[str, str], Match] = {}

    def find(self, method: str, path: str) -> Match | None:
        """The route for a path that the table does not hold literally, None if there is none."""
        found = self._known.get((method, path))
        if found is not None:
            return found
        plain, told = _respelt(path)
        found = self._matched(method, plain, told)
        if found is not None and "id" not in found.variables and len(self._known) < KNOWN_MOST:
            self._known[method, path] = found
        return found

    def methods(self, path: str) -> list[str]:
        """The methods that a path takes; empty if there is no such path."""
        plain, told = _respelt(path)
        every = dict.fromkeys(route.method for route in self.routes)
        return [method for method in every if self._matched(method, plain, told) is not None]

    def nearest(self, path: str) -> list[str]:
        """Up to three paths of the table that look like a wrong one."""
        plain, _ = _respelt(path[:200])
        return get_close_matches(plain, dict.fromkeys(r.path for r in self.routes), 3, 0.6)

    def _matched(self, method: str, path: str, told: Dialect | None) -> Match | None:
        match = self.plain.get((method, path))
        if match is not None:
            if match.dialect is not None or told is None:
                return match
            return Match(match.route, told)
        for pattern, route in self._patterns:
            if route.method == method and (hit := pattern.match(path)) is not None:
                return Match(route, route.dialect or told, hit.groupdict())
        return None


def _compiled(path: str) -> Pattern[str]:
    """`{model}` may hold slashes, other variables hold none."""
    pattern = re.escape(path).replace(r"\{model\}", r"(?P<model>[^:]+(?::\d+)?)")
    return re.compile("^" + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/:]+)", pattern) + "$")


def _respelt(path: str) -> tuple[str, Dialect | None]:
    told: Dialect | None = None
    path = _TRAILING.sub("", path)
    for pattern, to, dialect in _SPELLINGS:
        changed = pattern.sub(to, path, count=1)
        if changed != path:
            path = changed
            told = told or dialect
    return path, told
