"""The same request body whichever way it was written: shorthands spelled out, defaults removed."""


def _blocks(content):
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    return [_block(block) for block in content if not _is_empty(block)]


def _is_empty(block):
    return block["type"] == "text" and not block["text"].strip()


def _block(block):
    out = {key: value for key, value in block.items() if value is not None}
    if out.get("cache_control", {}).get("ttl") == "5m":
        out["cache_control"] = {"type": "ephemeral"}
    if out.get("caller") == {"type": "direct"}:
        del out["caller"]
    if out.get("citations") == []:
        del out["citations"]
    if out["type"] == "tool_result":
        if "content" in out:
            out["content"] = _blocks(out["content"])
        if out.get("is_error") is False:
            del out["is_error"]
    return out


def plain(body: dict) -> dict:
    """Equal for two bodies that the vendor takes for the same."""
    out = {key: value for key, value in body.items() if value not in (None, [], "")}
    messages = []
    for message in body["messages"]:
        content = _blocks(message["content"])
        if messages and messages[-1]["role"] == message["role"] != "system":
            messages[-1]["content"] += content
        else:
            messages.append({**message, "content": content})
    out["messages"] = messages
    if "system" in out:
        out["system"] = _blocks(out["system"])
    if out.get("stream") is False:
        del out["stream"]
    for tool in out.get("tools", ()):
        if tool.get("type") == "custom":
            del tool["type"]
    return out
