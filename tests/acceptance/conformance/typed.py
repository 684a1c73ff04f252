"""Whether an answer is what a dialect's official SDK types it as: required fields, known enums.

The SDKs themselves build their models without checking; pydantic checks them here. For Gemini it
is `google-genai` where that is installed, else the answer's schema in Google's discovery document.
"""

import importlib.util
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from tests.acceptance.conformance.streams import events

__all__ = ["TYPED", "TYPED_EVENTS"]

Json = Any


def _faults(adapter: "pydantic.TypeAdapter[Any]", value: Json) -> list[str]:
    try:
        adapter.validate_python(value)
    except pydantic.ValidationError as error:
        return [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3]]
    return []


@cache
def _adapter(type_: Any) -> "pydantic.TypeAdapter[Any]":
    return pydantic.TypeAdapter(type_)


def _whole(type_: Any) -> Callable[[Json], list[str]]:
    return lambda value: _faults(_adapter(type_), value)


def _chunks(data: bytes) -> list[str]:
    """The SDK types no streamed call of a free-text tool, though the API has them."""
    untyped = "tool_calls.0.type: Input should be 'function'"
    return [fault for fault in _each(ChatCompletionChunk)(data) if untyped not in fault]


def _each(type_: Any, skip: tuple[str, ...] = ()) -> Callable[[bytes], list[str]]:
    def check(data: bytes) -> list[str]:
        found: list[str] = []
        for name, text in events(data):
            if text != "[DONE]" and name not in skip:
                found += [f"{name} {fault}" for fault in _faults(_adapter(type_), json.loads(text))]
        return found[:3]

    return check


# ---- Gemini --------------------------------------------------------------------------------------


def _gemini(value: Json) -> list[str]:
    if importlib.util.find_spec("google.genai") is not None:
        from google.genai import types  # noqa: PLC0415 - installed in some environments only

        return _faults(_adapter(types.GenerateContentResponse), _without_ours(value))
    validator = _discovery()
    return [
        f"{e.instance_path}: {e.message[:200]}" for e in validator.iter_errors(_without_ours(value))
    ][:3]


def _gemini_each(data: bytes) -> list[str]:
    return [fault for _, text in events(data) for fault in _gemini(json.loads(text))][:3]


def _without_ours(value: Json) -> Json:
    """The answer without the gateway's receipt, which stands beside the counts, and the tier."""
    usage = value.get("usageMetadata")
    if not isinstance(usage, dict):
        return value
    tier = usage.get("serviceTier", "standard")  # sent by the server (recorded), not in the SDK
    kept = {k: v for k, v in usage.items() if k not in ("fairlead", "serviceTier")}
    if tier not in ("standard", "flex", "priority"):
        kept["serviceTier"] = tier
    return {**value, "usageMetadata": kept}


_ROOT = "GoogleCloudAiplatformV1beta1GenerateContentResponse"
# Fields that only the Gemini API has (google-genai 3.4, `types`).
_OVERLAY: dict[str, Json] = {
    _ROOT: {"modelStatus": {}},
    "GoogleCloudAiplatformV1beta1Candidate": {"tokenCount": {"type": "integer"}},
}


@cache
def _discovery() -> "jsonschema_rs.Draft202012Validator":
    import googleapiclient  # type: ignore[import-untyped]  # noqa: PLC0415 - not typed

    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    schemas = json.loads((folder / "aiplatform.v1beta1.json").read_text())["schemas"]
    defs: Json = {}
    open_ = [_ROOT]
    while open_:
        name = open_.pop()
        if name in defs:
            continue
        properties = {**schemas[name].get("properties", {}), **_OVERLAY.get(name, {})}
        defs[name] = {
            "type": "object",
            "properties": {key: _node(node, open_) for key, node in properties.items()},
            "additionalProperties": False,
        }
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{_ROOT}", "$defs": defs})


def _node(node: Json, open_: list[str]) -> Json:
    if "$ref" in node:
        open_.append(node["$ref"])
        return {"$ref": f"#/$defs/{node['$ref']}"}
    if node.get("type") == "array":
        return {"type": "array", "items": _node(node["items"], open_)}
    if "enum" in node:
        return {"enum": node["enum"]}
    if node.get("type") in ("string", "boolean", "number", "integer"):
        return {"type": node["type"]}
    return {}


TYPED: dict[str, Callable[[Json], list[str]]] = {
    "openai_chat": _whole(ChatCompletion),
    "anthropic": _whole(Message),
    "gemini": _gemini,
    "openai_responses": _whole(Response),
}
TYPED_EVENTS: dict[str, Callable[[bytes], list[str]]] = {
    "openai_chat": _chunks,
    "anthropic": _each(RawMessageStreamEvent, skip=("ping",)),
    "gemini": _gemini_each,
    "openai_responses": _each(ResponseStreamEvent),
}
