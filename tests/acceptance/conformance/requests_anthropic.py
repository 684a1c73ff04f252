"""Reads a request of Anthropic's Messages dialect."""

from typing import Any

from tests.acceptance.conformance.said import Obj, Said, ToolSaid, arguments, digest, of_bytes

__all__ = ["read"]

_KNOBS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
    "max_tokens": "max_tokens",
    "service_tier": "tier",
}
_DEFAULTS: dict[str, Any] = {"stop": []}
_CHOICES = {"auto": "auto", "any": "required", "none": "none", "tool": "named"}


def read(body: dict[str, Any]) -> Said:
    """What a Messages request says."""
    said = Said()
    top = Obj(body, "", said)
    _content(top, "system", "system", said)
    for message in top.objs("messages"):
        _content(message, "content", message.take("role"), said)
    for tool in top.objs("tools"):
        _tool(tool, said)
    for name, knob in _KNOBS.items():
        value = top.take(name)
        if value is not None and _DEFAULTS.get(knob) != value:
            said.knobs[knob] = value
    _choice(top, said)
    config = top.obj("output_config")
    thinking = top.take("thinking")
    effort = config.take("effort") if config is not None else None
    if thinking is not None or effort is not None:
        said.knobs["thinking"] = {"thinking": thinking, "effort": effort}
    wish = top.obj("output_format") or (config.obj("format") if config is not None else None)
    if wish is not None:
        wish.take("type")
        said.knobs["output"] = wish.take("schema")
    metadata = top.obj("metadata")
    if metadata is not None and metadata.has("user_id"):
        said.knobs["user"] = metadata.take("user_id")
    said.knobs["stream"] = bool(top.take("stream"))
    top.take("model")
    return said


def _choice(top: Obj, said: Said) -> None:
    choice = top.obj("tool_choice")
    if choice is None:
        return
    name = choice.take("name")
    said.knobs["choice"] = (_CHOICES[choice.take("type")], (name,) if name else ())
    if choice.take("disable_parallel_tool_use"):
        said.knobs["parallel"] = False


def _tool(tool: Obj, said: Said) -> None:
    if tool.take("cache_control") is not None:
        said.marks += 1
    type_ = tool.take("type", "custom")
    if type_ != "custom":
        name = str(tool.left.get("name", ""))
        said.tools.append(ToolSaid(name, "", dict(tool.left), tool.path, own=type_))
        tool.left.clear()
        return
    if tool.take("strict"):
        said.knobs.setdefault("strict", set()).add(tool.left.get("name"))
    name, description = tool.take("name"), tool.take("description") or ""
    said.tools.append(ToolSaid(name, description, tool.take("input_schema"), tool.path))


def _content(owner: Obj, name: str, kind: str, said: Said) -> None:
    content = owner.take(name)
    if isinstance(content, str):
        said.add(kind, content, owner.at(name) if kind == "system" else owner.path)
        return
    for at, block in enumerate(content or []):
        _block(owner.below(block, f"{name}[{at}]"), kind, said)


def _block(block: Obj, kind: str, said: Said) -> None:
    type_ = block.take("type")
    if block.take("cache_control") is not None:
        said.marks += 1
    if type_ == "text":
        said.add(kind, block.take("text"), block.path)
        if block.left.get("citations") == []:
            block.take("citations")
    elif type_ == "thinking":
        said.add("thought", block.take("thinking"), block.path)
        block.take("signature")
    elif type_ == "redacted_thinking":
        said.add("thought", f"redacted:{block.take('data')}", block.path)
    elif (
        type_ == "tool_use" and (block.left.get("caller") or {"type": "direct"})["type"] == "direct"
    ):
        block.take("caller")
        name = block.take("name")
        said.call(block.take("id"), name, arguments(block.take("input")), block.path)
    elif type_ == "tool_result":
        _result(block, said)
    elif type_ in ("image", "document"):
        _media(block, type_, said, inside=kind == "result")
    else:
        block.rest_as(str(type_))


def _result(block: Obj, said: Said) -> None:
    link = said.answered(block.take("tool_use_id"))
    is_error = block.take("is_error")
    at = len(said.pieces)
    _content(block, "content", "result", said)
    inner = said.pieces[at:]
    del said.pieces[at:]
    texts = [piece.text for piece in inner if piece.kind == "result"]
    name = "error" if is_error else ""
    said.add("result", "\n".join(texts), block.path, name=name, link=link)
    said.pieces += [piece for piece in inner if piece.kind != "result"]


def _media(block: Obj, type_: str, said: Said, *, inside: bool) -> None:
    source = block.below(block.take("source"), "source")
    kind = source.take("type")
    block.take("title")
    if kind == "base64":
        mime, text = source.take("media_type"), digest(source.take("data"))
    elif kind == "text":
        mime, text = source.take("media_type"), of_bytes(source.take("data").encode())
    elif kind == "url":
        mime, text = "", source.take("url")
    elif kind == "file":
        mime, text = "", f"file:{source.take('file_id')}"
    else:
        source.rest_as(f"{type_}:{kind}")
        return
    if block.left.get("citations") == {"enabled": False}:
        block.take("citations")
    said.add("media", text, block.path, name=mime or "", inside=inside)
