"""Reads a request of OpenAI's chat dialect, extensions of its imitators included."""

from typing import Any

from tests.acceptance.conformance.said import Obj, Said, ToolSaid, arguments, digest

__all__ = ["read"]

_KNOBS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "n": "n",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "modalities": "modalities",
    "service_tier": "tier",
}
# What the API does anyway; saying it changes nothing.
_DEFAULTS: dict[str, Any] = {
    "n": 1,
    "logprobs": False,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "tier": "auto",
    "modalities": ["text"],
}
_THINKING = (
    "reasoning_effort",
    "reasoning",
    "thinking",
    "enable_thinking",
    "thinking_budget",
    "include_reasoning",
)


def read(body: dict[str, Any]) -> Said:
    """What a chat request says."""
    said = Said()
    top = Obj(body, "", said)
    for message in top.objs("messages"):
        _message(message, said)
    _tools(top, said)
    for name, knob in _KNOBS.items():
        value = top.take(name)
        if value is not None and _DEFAULTS.get(knob) != value:
            said.knobs[knob] = value
    stop = top.take("stop")
    if stop:
        said.knobs["stop"] = [stop] if isinstance(stop, str) else stop
    limit = top.take("max_completion_tokens") or top.take("max_tokens")
    top.take("max_tokens")
    if limit is not None:
        said.knobs["max_tokens"] = limit
    _output(top, said)
    wishes = {name: top.take(name) for name in _THINKING if top.has(name)}
    if wishes:
        said.knobs["thinking"] = wishes
    user = top.take("user") or top.take("safety_identifier")
    if user:
        said.knobs["user"] = user
    if top.take("parallel_tool_calls") is False:
        said.knobs["parallel"] = False
    said.knobs["stream"] = bool(top.take("stream"))
    for name in ("model", "stream_options"):
        top.take(name)
    for name, default in (("store", False), ("metadata", {}), ("logit_bias", {})):
        if top.left.get(name) == default:
            top.take(name)
    return said


def _message(message: Obj, said: Said) -> None:
    role = message.take("role")
    kind = "system" if role == "developer" else role
    _thoughts(message, said)
    if kind in ("tool", "function"):
        _result(message, said)
        return
    content = message.take("content")
    if isinstance(content, str):
        said.add(kind, content, message.path)
    else:
        for at, part in enumerate(content or []):
            _part(message.below(part, f"content[{at}]"), kind, said)
    refusal = message.take("refusal")
    if refusal:
        said.add("assistant", refusal, message.path)
    for call in message.objs("tool_calls"):
        _call(call, said)
    legacy = message.obj("function_call")
    if legacy is not None:
        name = legacy.take("name")
        said.call("", name, arguments(legacy.take("arguments")), message.path)
    if message.has("cache_control"):
        message.take("cache_control")
        said.marks += 1
    if message.left.get("annotations") == []:
        message.take("annotations")


def _thoughts(message: Obj, said: Said) -> None:
    """Thoughts of the history: the same text often stands there in two fields."""
    texts = [message.take("reasoning_content"), message.take("reasoning")]
    for detail in message.objs("reasoning_details"):
        texts += [detail.take("text"), detail.take("summary")]
        for name in ("type", "format", "id", "index", "signature", "data"):
            detail.take(name)
    for text in dict.fromkeys(text for text in texts if isinstance(text, str) and text):
        said.add("thought", text, message.path)


def _call(call: Obj, said: Said) -> None:
    call_id = call.take("id")
    call.take("type")
    call.take("index")
    extra = call.take("extra_content")
    if extra is not None and extra.keys() != {"google"}:
        call.left["extra_content"] = extra
    function = call.obj("function")
    if function is None:
        call.rest_as("custom_tool_call")
        return
    name = function.take("name")
    said.call(call_id, name, arguments(function.take("arguments")), call.path)


def _result(message: Obj, said: Said) -> None:
    name = message.take("name") or ""
    link = said.answered(message.take("tool_call_id"), name)
    content = message.take("content")
    texts: list[str] = [content] if isinstance(content, str) else []
    at = len(said.pieces)
    for index, part in enumerate(content if isinstance(content, list) else []):
        if part.get("type") == "text":
            text = message.below(part, f"content[{index}]")
            text.take("type")
            texts.append(text.take("text"))
            said.marks += text.take("cache_control") is not None
        else:
            _part(message.below(part, f"content[{index}]"), "result", said)
    inner = said.pieces[at:]
    del said.pieces[at:]
    said.add("result", "\n".join(texts), message.path, name=name, link=link)
    said.pieces += inner
    if message.take("cache_control") is not None:
        said.marks += 1


def _part(part: Obj, kind: str, said: Said) -> None:
    type_ = part.take("type")
    for name in ("cache_control", "prompt_cache_breakpoint"):
        said.marks += part.take(name) is not None
    if type_ in ("text", "refusal"):
        said.add(kind, part.take(type_), part.path)
    elif type_ == "thinking":
        value = part.take("thinking")
        texts = [value] if isinstance(value, str) else [inner["text"] for inner in value]
        said.add("thought", "".join(texts), part.path)
        part.take("signature")
        part.take("closed")
    elif type_ in ("image_url", "video_url", "document_url", "file_url"):
        address = part.take(type_)
        inner = part.below({"url": address} if isinstance(address, str) else address, type_)
        inner.take("detail")
        part.take("document_name")
        _address(inner.take("url"), part, said, inside=kind == "result")
    elif type_ == "input_audio":
        audio = part.below(part.take("input_audio"), "input_audio")
        name = f"audio/{audio.take('format')}"
        said.add("media", digest(audio.take("data")), part.path, name=name, inside=kind == "result")
    elif type_ == "file":
        file = part.below(part.take("file"), "file")
        file.take("filename")
        data, file_id = file.take("file_data"), file.take("file_id")
        if data is not None:
            _address(data, part, said, inside=kind == "result")
        else:
            said.add("media", f"file:{file_id}", part.path)
    else:
        part.rest_as(str(type_))


def _address(url: str, part: Obj, said: Said, *, inside: bool) -> None:
    if url.startswith("data:"):
        mime, _, data = url[5:].partition(",")
        said.add("media", digest(data), part.path, name=mime.removesuffix(";base64"), inside=inside)
    elif url.startswith(("http://", "https://", "gs://")):
        said.add("media", url, part.path, inside=inside)
    else:
        name = "application/octet-stream"
        said.add("media", digest(url), part.path, name=name, inside=inside)


def _tools(top: Obj, said: Said) -> None:
    for tool in top.objs("tools"):
        type_ = tool.take("type")
        if tool.take("cache_control") is not None:
            said.marks += 1
        function = tool.obj("function")
        if function is None:
            said.tools.append(ToolSaid("", "", dict(tool.left), tool.path, own=str(type_)))
            tool.left.clear()
        else:
            _function(function, tool.path, said)
    for function in top.objs("functions"):
        _function(function, function.path, said)
    choice = top.take("tool_choice")
    legacy = top.take("function_call")
    if choice is None and legacy is not None:
        choice = legacy if isinstance(legacy, str) else {"function": legacy}
    if choice is not None:
        said.knobs["choice"] = _choice(choice)


def _function(function: Obj, path: str, said: Said) -> None:
    if function.take("strict"):
        said.knobs.setdefault("strict", set()).add(function.left.get("name"))
    name, description = function.take("name"), function.take("description") or ""
    said.tools.append(ToolSaid(name, description, function.take("parameters"), path))


def _choice(choice: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(choice, str):
        return ("required" if choice in ("required", "any") else choice), ()
    if "allowed_tools" in choice:
        allowed = choice["allowed_tools"]
        names = tuple(tool.get("function", tool).get("name", "") for tool in allowed["tools"])
        return ("auto" if allowed["mode"] == "auto" else "named"), names
    inner = choice.get("function") or choice.get("custom")
    return "named", (inner["name"],)


def _output(top: Obj, said: Said) -> None:
    wish = top.obj("response_format")
    if wish is None:
        return
    type_ = wish.take("type")
    if type_ == "json_schema":
        inner = wish.below(wish.take("json_schema"), "json_schema")
        inner.take("name")
        inner.take("strict")
        said.knobs["output"] = inner.take("schema")
    elif type_ == "json_object":
        said.knobs["output"] = "json"
