"""Reads a request of OpenAI's Responses dialect."""

import json
from typing import Any

from tests.acceptance.conformance.said import Obj, Said, ToolSaid, arguments, digest

__all__ = ["read"]

_KNOBS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_logprobs": "top_logprobs",
    "max_output_tokens": "max_tokens",
    "service_tier": "tier",
    "user": "user",
}
_DEFAULTS: dict[str, Any] = {"tier": "auto", "top_logprobs": 0}
# What the API does where nothing is said; and what asks for nothing of the model.
_UNSAID: dict[str, Any] = {
    "store": (True, False),
    "background": (False,),
    "truncation": ("disabled",),
    "parallel_tool_calls": (True,),
    "metadata": ({},),
    "tools": ([],),
}


def read(body: dict[str, Any]) -> Said:
    """What a Responses request says."""
    said = Said()
    top = Obj(body, "", said)
    instructions = top.take("instructions")
    if isinstance(instructions, str) and instructions:
        said.add("system", instructions, "instructions")
    items = top.take("input")
    if isinstance(items, str):
        said.add("user", items, "input")
    else:
        for at, item in enumerate(items or []):
            _item(top.below(item, f"input[{at}]"), said)
    for tool in top.objs("tools"):
        _tool(tool, said)
    _choice(top, said)
    for name, knob in _KNOBS.items():
        value = top.take(name)
        if value is not None and _DEFAULTS.get(knob) != value:
            said.knobs[knob] = value
    reasoning = top.take("reasoning")
    if reasoning and any(value is not None for value in reasoning.values()):
        said.knobs["thinking"] = reasoning
    _text(top, said)
    if top.left.get("parallel_tool_calls") is False:
        top.take("parallel_tool_calls")
        said.knobs["parallel"] = False
    for name, values in _UNSAID.items():
        if top.left.get(name) in values:
            top.take(name)
    include = top.take("include", [])
    # Encrypted thoughts come back of themselves where the vendor has any.
    if rest := [name for name in include if name != "reasoning.encrypted_content"]:
        top.left["include"] = rest
    said.knobs["stream"] = bool(top.take("stream"))
    for name in ("model", "stream_options"):
        top.take(name)
    return said


def _text(top: Obj, said: Said) -> None:
    text = top.obj("text")
    wish = text.obj("format") if text is not None else None
    if wish is None:
        return
    type_ = wish.take("type")
    if type_ == "json_schema":
        for name in ("name", "strict"):
            wish.take(name)
        said.knobs["output"] = wish.take("schema")
    elif type_ == "json_object":
        said.knobs["output"] = "json"


def _item(item: Obj, said: Said) -> None:
    type_ = item.take("type", "message" if item.has("role") else "item_reference")
    item.take("status")
    if type_ == "message":
        item.take("id")
        item.take("phase")
        role = item.take("role")
        _content(item, "system" if role == "developer" else role, said)
    elif type_ == "function_call":
        item.take("id")
        item.take("namespace")
        name = item.take("name")
        said.call(item.take("call_id"), name, arguments(item.take("arguments")), item.path)
    elif type_ == "function_call_output":
        item.take("id")
        _result(item, said)
    elif type_ == "reasoning":
        item.take("id")
        item.take("encrypted_content")
        texts = [p["text"] for p in (*item.take("summary", []), *item.take("content", []))]
        for text in texts:
            said.add("thought", text, item.path)
    else:
        item.rest_as(type_)


def _content(item: Obj, kind: str, said: Said) -> None:
    content = item.take("content")
    if isinstance(content, str):
        said.add(kind, content, item.path)
        return
    for at, part in enumerate(content or []):
        _part(item.below(part, f"content[{at}]"), kind, said)


def _part(part: Obj, kind: str, said: Said) -> None:
    type_ = part.take("type")
    said.marks += part.take("prompt_cache_breakpoint") is not None
    inside = kind == "result"
    if type_ in ("input_text", "output_text", "text", "refusal"):
        said.add(kind, part.take("refusal" if type_ == "refusal" else "text"), part.path)
        for name in ("annotations", "logprobs"):
            if part.left.get(name) == []:
                part.take(name)
    elif type_ == "input_image":
        part.take("detail")
        _address(part, "image_url", said, inside=inside)
    elif type_ == "input_file":
        part.take("filename")
        part.take("detail")
        field = next(n for n in ("file_url", "file_data", "file_id") if part.has(n))
        _address(part, field, said, inside=inside)
    elif type_ == "input_audio":
        audio = part.below(part.take("input_audio"), "input_audio")
        audio.take("format")
        said.add("media", digest(audio.take("data")), part.path, inside=inside)
    else:
        part.rest_as(str(type_))


def _address(part: Obj, field: str, said: Said, *, inside: bool) -> None:
    if not part.has(field):
        field = "file_id"
    value = part.take(field)
    if field == "file_id":
        said.add("media", f"file:{value}", part.path, inside=inside)
    elif value.startswith("data:"):
        mime, _, data = value[5:].partition(",")
        name = mime.removesuffix(";base64")
        said.add("media", digest(data), part.path, name=name, inside=inside)
    elif value.startswith(("http://", "https://")):
        said.add("media", value, part.path, inside=inside)
    else:
        said.add("media", digest(value), part.path, inside=inside)


def _result(item: Obj, said: Said) -> None:
    link = said.answered(item.take("call_id"))
    output = item.take("output")
    if isinstance(output, str):
        said.add("result", output, item.path, link=link)
        return
    at = len(said.pieces)
    for index, part in enumerate(output or []):
        _part(item.below(part, f"output[{index}]"), "result", said)
    inner = said.pieces[at:]
    del said.pieces[at:]
    text = "\n".join(piece.text for piece in inner if piece.kind == "result")
    said.add("result", text, item.path, link=link)
    said.pieces += [piece for piece in inner if piece.kind != "result"]


def _tool(tool: Obj, said: Said) -> None:
    type_ = tool.take("type")
    if type_ == "namespace":
        tool.take("name")
        tool.take("description")
        for inner in tool.objs("tools"):
            _tool(inner, said)
        return
    if type_ != "function":
        said.tools.append(ToolSaid("", "", dict(tool.left), tool.path, own=str(type_)))
        tool.left.clear()
        return
    if tool.take("strict"):
        said.knobs.setdefault("strict", set()).add(tool.left.get("name"))
    name, description = tool.take("name"), tool.take("description") or ""
    said.tools.append(ToolSaid(name, description, tool.take("parameters"), tool.path))


def _choice(top: Obj, said: Said) -> None:
    choice = top.take("tool_choice")
    if choice is None:
        return
    if isinstance(choice, str):
        said.knobs["choice"] = (choice, ())
    elif choice["type"] == "allowed_tools":
        names = tuple(tool.get("name", "") for tool in choice["tools"])
        said.knobs["choice"] = ("auto" if choice["mode"] == "auto" else "named", names)
    elif choice["type"] in ("function", "custom"):
        said.knobs["choice"] = ("named", (choice["name"],))
    else:
        top.left["tool_choice"] = json.dumps(choice)
