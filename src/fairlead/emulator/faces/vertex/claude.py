"""Claude on Vertex AI: Anthropic's Messages by `rawPredict`.

"`model` is not passed in the request body. Instead, it is specified in the Google Cloud endpoint
URL. `anthropic_version` is passed in the request body (rather than as a header), and must be set to
the value `vertex-2023-10-16`" (platform.claude.com, "Claude on Vertex AI"). Names have the date
behind an `@`. What Google's front refuses comes in Google's shape, in an array where a stream was
asked for (Aider-AI/aider, issue 1912; anthropics/claude-code, issue 1440); what Anthropic's side
refuses in Anthropic's, with a `req_vrtx_` id (tombii/better-ccflare, issue 47).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.faces.anthropic import AnthropicFace
from fairlead.emulator.faces.face import Route, Trouble
from fairlead.emulator.faces.gemini import GeminiFace
from fairlead.emulator.faces.vertex.resource import (
    bearer,
    key_trouble,
    not_found,
    resource_of,
)
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["VertexClaudeFace", "unwrap"]

# The first is the documented one; Anthropic's SDK sends the second since 2.0 [S].
VERSIONS = {"vertex-2023-10-16": "2023-06-01", "2026-10-21": "2026-10-21"}
COUNT = "count-tokens"
Headers = dict[str, str]
_DATED = re.compile(r"(.+)@(\d{8}|default)")
_DASHED = re.compile(r".+-\d{8}")
_ANTHROPICS = frozenset({400, 413, 529})
"""Statuses that come from behind Google's front."""
_NOWHERE = Trouble(404, "Requested entity was not found.")
_GOOGLE = GeminiFace()


class VertexClaudeFace(AnthropicFace):
    """`publishers/anthropic/models/{model}:rawPredict` and `:streamRawPredict`."""

    vendor = "vertex"
    rulebook = "vertex_claude"
    id_header: str | None = None
    message_mark = "msg_vrtx_01"
    told_usage: tuple[str, ...] = ()

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes. `array`: a refusal by Google is one of a stream."""
        del query
        found = resource_of(path)
        verbs = ("rawPredict", "streamRawPredict")
        if found is None or method != "POST" or not found.project or found.verb not in verbs:
            return _NOWHERE
        if found.model == COUNT:
            return Route("count_tokens", ident=found.name)
        streams = found.verb == "streamRawPredict"
        name = _anthropics_name(found.model)
        return Route("generate", name, array=streams, ident=found.name)

    def key(self, request: Request) -> str:
        """An access token."""
        return bearer(request)

    def key_trouble(self, key: str) -> Trouble:
        """A key that is not good: express mode has no Claude."""
        del key
        return key_trouble()

    def version_trouble(self, request: Request) -> Trouble | None:
        """The version is in the body."""
        del request
        return None

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """The model is in the path, but for counts; whether to stream is in the body too."""
        said = body if isinstance(body, dict) else {}
        if route.op == "count_tokens":
            return _anthropics_name(str(said.get("model") or "")), False
        return route.model, said.get("stream") is True

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """Google's shape around what its own front refuses, Anthropic's around the rest."""
        if trouble.status in _ANTHROPICS and not trouble.details:
            vertex_id = request_id.replace("req_emu", "req_vrtx_01")
            return super().refusal(trouble, vertex_id, route)
        if trouble.status == 404 and route is not None and route.ident:
            trouble = msgspec.structs.replace(trouble, message=not_found(route.ident))
        if trouble.status == 429 and not trouble.message:
            model = route.model.rpartition("-2")[0] or route.model if route is not None else ""
            message = (
                "Quota exceeded for aiplatform.googleapis.com/"
                f"online_prediction_requests_per_base_model with base model: anthropic-{model}."
                " Please submit a quota increase request. (emulated)"
            )
            trouble = msgspec.structs.replace(trouble, message=message)
        trouble = msgspec.structs.replace(trouble, type="")
        return _GOOGLE.refusal(trouble, request_id, route)


def _anthropics_name(name: str) -> str:
    """What Anthropic calls a model of Vertex's. Its own spelling means nothing here."""
    dated = _DATED.fullmatch(name)
    if dated is None:
        return f"{name}@" if _DASHED.fullmatch(name) else name
    spelled = dated[1] if dated[2] == "default" else f"{dated[1]}-{dated[2]}"
    return spelled if judge.limits_of("anthropic", spelled) else name


def unwrap(route: Route, body: JsonValue, model: str) -> tuple[JsonValue, Headers] | Trouble:
    """The Messages body inside a body of Vertex's, with what it says that Anthropic's own API has
    in headers, or why it is none.
    """
    if not isinstance(body, dict):
        return body, {}
    inner: dict[str, Any] = dict(body)
    version = inner.pop("anthropic_version", None)
    headers = {"anthropic-version": VERSIONS.get(version, "2023-06-01")}
    if betas := inner.pop("anthropic_beta", None):
        headers["anthropic-beta"] = ",".join(str(beta) for beta in betas)
    if route.op == "count_tokens":
        return {**inner, "model": model}, headers
    if version is None:
        return Trouble(400, "anthropic_version: Field required")
    if version not in VERSIONS:
        return Trouble(400, f"anthropic_version: Input should be '{next(iter(VERSIONS))}'")
    if "model" in inner:
        return Trouble(400, "model: Extra inputs are not permitted")
    if (inner.get("stream") is True) != route.array:
        verb = "streamRawPredict" if route.array else "rawPredict"
        return Trouble(400, f"emulator: `stream` is {inner.get('stream')!r}, sent to {verb}")
    return {**inner, "model": model}, headers
