"""Gemini on Vertex AI: the same messages, other addresses, other credentials.

As recorded: answers tell `trafficType` and `createTime` and no `serviceTier`; counts tell
`totalBillableCharacters`; an unknown model is a `Publisher Model` by its whole name.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fairlead.emulator.faces.face import Answered, Put, Route, Trouble, field, items
from fairlead.emulator.faces.gemini import GeminiFace
from fairlead.emulator.faces.gemini.google import answered
from fairlead.emulator.faces.vertex import embeddings
from fairlead.emulator.faces.vertex.caches import CACHES, cache_route
from fairlead.emulator.faces.vertex.resource import bearer, key_trouble, not_found, resource_of
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["VertexGeminiFace"]

_METHODS: dict[str, Route] = {
    "generateContent": Route("generate"),
    "streamGenerateContent": Route("stream"),
    "countTokens": Route("count_tokens"),
    "embedContent": Route("embed"),
    "batchEmbedContents": Route("embed_batch"),
    "predict": Route("predict"),
}
_OWN: dict[str, Callable[[Put], Answered | Trouble]] = {
    "cache_create": CACHES.create,
    "cache_list": CACHES.every,
    "cache": CACHES.one,
    "cache_patch": CACHES.patch,
    "cache_delete": CACHES.delete,
    "embed": embeddings.embed,
    "embed_batch": embeddings.embed_all,
    "predict": embeddings.predict,
}
_NOWHERE = Trouble(404, "Requested entity was not found.")


class VertexGeminiFace(GeminiFace):
    """`publishers/google/models/{model}:generateContent` and what belongs to it."""

    vendor = "vertex"
    rulebook = "vertex_gemini"
    tier: Mapping[str, str] = {"trafficType": "ON_DEMAND"}
    stamp: Mapping[str, str] = {"createTime": "2026-11-01T00:00:00.000000Z"}

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        kept = cache_route(method, path)
        if kept is not None:
            return kept
        found = resource_of(path)
        if found is None or found.publisher != "google":
            return _NOWHERE
        if method == "GET" and not found.verb:
            return Route("model", found.model) if found.model else Route("models")
        route = _METHODS.get(found.verb)
        if route is None or method != "POST":
            return _NOWHERE
        array = route.op == "stream" and query.get("alt") != "sse"
        return msgspec.structs.replace(route, model=found.model, array=array, ident=found.name)

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """As the Gemini API's; a cache's model is called by its whole name."""
        model, stream = super().peek(route, body)
        return model.rpartition("/")[2] if route.op == "cache_create" else model, stream

    def key(self, request: Request) -> str:
        """An access token, or express mode's key."""
        return bearer(request)

    def key_trouble(self, key: str) -> Trouble:
        """A key that is not good."""
        del key
        return key_trouble()

    def answer(self, put: Put) -> Answered:
        """As the Gemini API answers, but for vectors and caches, and for counts, which tell
        characters too.
        """
        own = _OWN.get(put.route.op)
        if own is not None:
            made = own(put)
            if isinstance(made, Trouble):
                return Answered(self.refusal(made, put.request_id, put.route), {})
            return made
        if put.route.op != "count_tokens":
            return super().answer(put)
        said: dict[str, Any] = {"totalTokens": put.tally.total}
        if characters := _characters(put.body):
            said["totalBillableCharacters"] = characters
        details = [{"modality": name, "tokenCount": n} for name, n in put.tally.kinds]
        return answered({**said, "promptTokensDetails": details})

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """An unknown model is told by its whole name; quotas are those of a base model."""
        if (
            trouble.status == 404
            and route is not None
            and route.ident
            and not route.op.startswith("cache")
        ):
            trouble = msgspec.structs.replace(trouble, message=not_found(route.ident))
        if trouble.status == 429 and not trouble.message:
            # As users quote it since dynamic shared quotas (googleapis/python-genai, discussions).
            message = (
                "Resource exhausted. Please try again later. Please refer to"
                " https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more"
                " details. (emulated)"
            )
            trouble = msgspec.structs.replace(trouble, message=message)
        return super().refusal(trouble, request_id, route)


def _characters(body: dict[str, Any]) -> int:
    """Characters of the texts, without white space: "white space is not counted"."""
    whole = [field(body, "systemInstruction"), *items(field(body, "contents"))]
    texts = [field(part, "text") for content in whole for part in items(field(content, "parts"))]
    return sum(len("".join(text.split())) for text in texts if isinstance(text, str))
