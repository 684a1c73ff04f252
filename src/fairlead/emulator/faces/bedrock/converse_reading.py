"""What Converse asks, as a body of Anthropic's: by the service's shapes, apart from the gateway.

Only what a body that fits botocore's model can hold comes here. A cache point marks the block
before it; `additionalModelRequestFields` are the model's own fields, as they are.
"""

import base64
from collections.abc import Callable
from typing import Any, Final

import msgspec

__all__ = ["messages_body"]

Body = dict[str, Any]
_MIMES: Final = {"pdf": "application/pdf"}


class _Unread(Exception):
    """A block that this model has nothing for; the text is the service's."""


def messages_body(body: Body) -> Body | str:
    """The body, or the service's refusal of a block that the model does not take."""
    try:
        return _body(body)
    except _Unread as error:
        return str(error)


def _body(body: Body) -> Body:
    config = body.get("inferenceConfig") or {}
    out: Body = {
        "max_tokens": config.get("maxTokens", 4096),
        "messages": [
            {"role": message["role"], "content": _blocks(message["content"])}
            for message in body.get("messages", ())
        ],
    }
    for theirs, mine in _CONFIG.items():
        if theirs in config:
            out[mine] = config[theirs]
    if body.get("system"):
        out["system"] = _blocks(body["system"])
    tools = body.get("toolConfig") or {}
    if tools:
        out["tools"] = _tools(tools["tools"])
        if "toolChoice" in tools:
            out["tool_choice"] = _choice(tools["toolChoice"])
    form = (body.get("outputConfig") or {}).get("textFormat")
    if form is not None:
        schema = msgspec.json.decode(form["structure"]["jsonSchema"]["schema"])
        out["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    _merge(out, body.get("additionalModelRequestFields") or {})
    return out


def _merge(out: Body, native: Body) -> None:
    for name, value in native.items():
        if name == "tools":
            out["tools"] = [*out.get("tools", ()), *value]
        elif name == "output_config" and name in out:
            out[name] = {**out[name], **value}
        else:
            out[name] = value


def _tools(tools: list[Body]) -> list[Body]:
    out: list[Body] = []
    for tool in tools:
        if "cachePoint" in tool:
            _mark(out, tool["cachePoint"])
        elif "toolSpec" in tool:
            spec = tool["toolSpec"]
            told = {"name": spec["name"], "input_schema": spec["inputSchema"].get("json")}
            out.append(told | {k: spec[k] for k in ("description", "strict") if k in spec})
        else:
            raise _Unread("This model doesn't support the systemTool that you provided.")
    return out


def _choice(choice: Body) -> Body:
    (kind, value), *_ = choice.items()
    return {"type": kind, **({"name": value["name"]} if kind == "tool" else {})}


def _mark(blocks: list[Body], point: Body) -> None:
    if not blocks:
        raise _Unread("A cache point must stand behind what is to be cached.")
    ttl = {"ttl": point["ttl"]} if "ttl" in point else {}
    blocks[-1]["cache_control"] = {"type": "ephemeral", **ttl}


def _blocks(blocks: list[Body]) -> list[Body]:
    out: list[Body] = []
    for block in blocks:
        (kind, value), *_ = block.items()
        if kind == "cachePoint":
            _mark(out, value)
            continue
        reader = _READERS.get(kind)
        if reader is None:
            raise _Unread(
                f"This model doesn't support the {kind} content block that you provided."
                " Update the content block and try again."
            )
        out.append(reader(value))
    return out


def _text(text: str) -> Body:
    return {"type": "text", "text": text}


def _image(image: Body) -> Body:
    mime = f"image/{image['format']}"
    return {"type": "image", "source": _inline(image["source"], mime)}


def _inline(source: Body, mime: str) -> Body:
    if "bytes" not in source:
        raise _Unread("This model doesn't support s3Location sources here (emulated).")
    return {"type": "base64", "media_type": mime, "data": source["bytes"]}


def _document(document: Body) -> Body:
    source, form = document["source"], document.get("format", "txt")
    told: Body = {"type": "document", "title": document["name"]}
    if "text" in source:
        told["source"] = {"type": "text", "media_type": "text/plain", "data": source["text"]}
    elif "content" in source:
        told["source"] = {
            "type": "content",
            "content": [_text(c["text"]) for c in source["content"]],
        }
    elif form in _MIMES:
        told["source"] = _inline(source, _MIMES[form])
    else:
        text = base64.b64decode(source.get("bytes", "")).decode("utf-8", "replace")
        told["source"] = {"type": "text", "media_type": "text/plain", "data": text}
    return told | {name: document[name] for name in ("context", "citations") if name in document}


def _call(call: Body) -> Body:
    return {
        "type": "tool_use",
        "id": call["toolUseId"],
        "name": call["name"],
        "input": call["input"],
    }


def _result(result: Body) -> Body:
    content = [
        _text(msgspec.json.encode(inner["json"]).decode()) if "json" in inner else _one(inner)
        for inner in result["content"]
    ]
    told: Body = {"type": "tool_result", "tool_use_id": result["toolUseId"]}
    if content:
        told["content"] = content
    if result.get("status") == "error":
        told["is_error"] = True
    return told


def _one(block: Body) -> Body:
    return _blocks([block])[0]


def _thought(thought: Body) -> Body:
    if "redactedContent" in thought:
        data = base64.b64decode(thought["redactedContent"]).decode("utf-8", "replace")
        return {"type": "redacted_thinking", "data": data}
    text = thought["reasoningText"]
    return {
        "type": "thinking",
        "thinking": text["text"],
        "signature": text.get("signature", ""),
    }


def _guarded(guarded: Body) -> Body:
    if "text" not in guarded:
        raise _Unread("This model doesn't support guarded images here (emulated).")
    return _text(guarded["text"]["text"])


def _cited(cited: Body) -> Body:
    return _text("".join(piece.get("text", "") for piece in cited.get("content", ())))


def _search_result(found: Body) -> Body:
    told = {"type": "search_result", "source": found["source"], "title": found["title"]}
    content = [_text(piece["text"]) for piece in found["content"]]
    citations = {"citations": found["citations"]} if "citations" in found else {}
    return {**told, "content": content, **citations}


_CONFIG: Final = {
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop_sequences",
}
_READERS: Final[dict[str, Callable[[Any], Body]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "toolUse": _call,
    "toolResult": _result,
    "reasoningContent": _thought,
    "guardContent": _guarded,
    "citationsContent": _cited,
    "searchResult": _search_result,
}
