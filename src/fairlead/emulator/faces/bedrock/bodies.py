"""A body of Bedrock's as one of Anthropic's own API, or why the service refuses it.

InvokeModel takes Anthropic's body without `model` and `stream`, with `anthropic_version` and
`anthropic_beta` in it. What is on the list of features that are not there (platform.claude.com,
"Claude on Amazon Bedrock (Opus 4.6 and earlier)", and the features' own pages) is refused as an
extra input. Converse is checked against botocore's service model and turned by `converse`.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import msgspec

from fairlead.emulator.authority.bedrock import bedrock_faults
from fairlead.emulator.faces.bedrock.converse_reading import messages_body
from fairlead.emulator.faces.face import Route, Trouble
from fairlead.emulator.json_value import JsonValue

__all__ = ["unwrap"]

VERSION: Final = "bedrock-2023-05-31"
MODEL_SAID: Final = "The model returned the following errors: "
_EXTRA: Final = "Extra inputs are not permitted"
# AWS's page on Claude's Messages API, and reports of what the service took and refused.
BETAS: Final = frozenset(
    {
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "token-efficient-tools-2025-02-19",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "dev-full-thinking-2025-05-14",
        "fine-grained-tool-streaming-2025-05-14",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "effort-2025-11-24",
        "tool-search-tool-2025-10-19",
        "tool-examples-2025-10-29",
        "compact-2026-01-12",
        "claude-code-20250219",
        "structured-outputs-2025-12-15",
    }
)
_ABSENT: Final = ("service_tier", "inference_geo", "container", "mcp_servers", "speed")
_SERVERS: Final = ("web_search", "web_fetch", "code_execution", "mcp_toolset", "advisor")
Headers = dict[str, str]
Unwrapped = tuple[JsonValue, Headers] | Trouble


def unwrap(route: Route, body: JsonValue, model: str) -> Unwrapped:
    """The Messages body inside, with what Anthropic's own API has in headers."""
    return _APIS[route.ident](route, body, model)


def _invoke(_route: Route, body: JsonValue, model: str) -> Unwrapped:
    if not isinstance(body, dict):
        return _malformed("expected type: JSONObject")
    inner: dict[str, Any] = dict(body)
    for name in ("model", "stream"):
        if name in inner:
            return _malformed(f"extraneous key [{name}] is not permitted")
    version = inner.pop("anthropic_version", None)
    if version is None:
        return Trouble(400, "anthropic_version: Field required")
    if version != VERSION:
        return Trouble(400, f"Invalid API version: {version!r}; it must be {VERSION}")
    headers = {"anthropic-version": "2023-06-01"}
    betas = inner.pop("anthropic_beta", None) or []
    if any(beta not in BETAS for beta in betas):
        return Trouble(400, "invalid beta flag")
    if betas:
        headers["anthropic-beta"] = ",".join(betas)
    absent = _not_there(inner)
    return absent or ({**inner, "model": model}, headers)


def _not_there(body: dict[str, Any]) -> Trouble | None:
    for name in (*_ABSENT, "cache_control"):
        if name in body:
            return Trouble(400, f"{name}: {_EXTRA}")
    for at, tool in enumerate(_dicts(body.get("tools"))):
        kind = str(tool.get("type", "custom"))
        if kind.startswith(_SERVERS):
            found = f"Input tag '{kind}' found using 'type' does not match any of the expected tags"
            return Trouble(400, f"tools.{at}: {found}")
    for number, message in enumerate(_dicts(body.get("messages"))):
        for at, block in enumerate(_dicts(message.get("content"))):
            trouble = _source(block, f"messages.{number}.content.{at}")
            if trouble is not None:
                return trouble
    return None


def _source(block: dict[str, Any], path: str) -> Trouble | None:
    kind = block.get("type")
    if kind == "container_upload":
        return Trouble(400, f"{path}: Input tag '{kind}' does not match any of the expected tags")
    inside = _dicts(block.get("content")) if kind == "tool_result" else ()
    for at, inner in enumerate(inside):
        trouble = _source(inner, f"{path}.{kind}.content.{at}")
        if trouble is not None:
            return trouble
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") in ("file", "url"):
        return Trouble(400, f"{path}.{kind}.source: {source['type']} sources are not supported")
    return None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _converse(route: Route, body: JsonValue, model: str) -> Unwrapped:
    operation = "ConverseStream" if route.array else "Converse"
    for fault in bedrock_faults(operation, body):
        return Trouble(400, f"1 validation error detected: {fault}")
    if not isinstance(body, dict):
        return _malformed("expected type: JSONObject")
    return _native(messages_body(body), model)


def _native(found: dict[str, Any] | str, model: str) -> Unwrapped:
    """What Converse asks of the model, which has the last word on it."""
    if isinstance(found, str):
        return Trouble(400, found)
    said = _invoke(Route("generate"), {**found, "anthropic_version": VERSION}, model)
    if isinstance(said, Trouble):
        return Trouble(said.status, MODEL_SAID + said.message)
    return said


def _count(_route: Route, body: JsonValue, model: str) -> Unwrapped:
    for fault in bedrock_faults("CountTokens", body):
        return Trouble(400, f"1 validation error detected: {fault}")
    if not isinstance(body, dict):
        return _malformed("expected type: JSONObject")
    asked = body["input"]
    if "converse" in asked:
        said = _native(messages_body({"messages": [], **asked["converse"]}), model)
    else:
        try:
            raw = msgspec.json.decode(base64.b64decode(asked["invokeModel"]["body"]))
        except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError):
            return _malformed("the body is no JSON")
        said = _invoke(_route, raw, model)
    if isinstance(said, Trouble) or not isinstance(said[0], dict):
        return said
    # What only an answer needs is no part of a count.
    return {k: v for k, v in said[0].items() if k in _COUNTED}, said[1]


_COUNTED: Final = ("model", "messages", "system", "tools", "tool_choice", "thinking")


def _malformed(why: str) -> Trouble:
    return Trouble(
        400, f"Malformed input request: #: {why}, please reformat your input and try again."
    )


_APIS: Final[dict[str, Callable[[Route, JsonValue, str], Unwrapped]]] = {
    "invoke": _invoke,
    "converse": _converse,
    "count": _count,
}
