"""Fields that canon has no name for, back to where they stood; of the chat dialect, the fields that
both have.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Extra, Loss

__all__ = ["put_back"]

DIALECT: Final = "openai_responses"
Json = dict[str, Any]
_SHARED: Final = {
    "metadata": "metadata",
    "moderation": "moderation",
    "prompt_cache_key": "prompt_cache_key",
    "prompt_cache_options": "prompt_cache_options",
    "prompt_cache_retention": "prompt_cache_retention",
    "safety_identifier": "safety_identifier",
    "verbosity": "text.verbosity",
}
"""Fields of the chat dialect, and the same here."""
_FORMAT: Final = re.compile(r"tools\[(\d+)\]\.custom\.format")
_OF_ITEM: Final = re.compile(r"input\[(\d+)\]\.(\w+)")
_OF_TOOL: Final = re.compile(r"tools\[(\d+)\]\.(\w+)")


def put_back(extra: Extra, body: Json, items: Mapping[int, Json], losses: list[Loss]) -> None:
    """A field of the request where it stood; a loss if it is nobody's here.

    `items` are those that were written into `body`, by the number of the client's item.
    """
    if extra.dialect == DIALECT and _put_own(extra, body, items):
        return
    if extra.dialect == "openai_chat" and _put_chat(extra, body):
        return
    why = f"a field of the {extra.dialect} dialect"
    path = extra.path
    losses.append(Loss("cosmetic" if extra.cosmetic else "semantic", path, path, why))


def _put_own(extra: Extra, body: Json, items: Mapping[int, Json]) -> bool:
    path, raw = extra.path, Raw(extra.raw)
    if path == "include":
        wanted = msgspec.json.decode(extra.raw, type=list[str])
        body["include"] = [*body.get("include", ()), *wanted]
        return True
    found = _OF_ITEM.fullmatch(path)
    if found is not None and (item := items.get(int(found[1]))) is not None:
        item[found[2]] = raw
        return True
    found = _OF_TOOL.fullmatch(path)
    if found is not None:
        tools = body.get("tools", ())
        at = int(found[1])
        if at < len(tools) and isinstance(tools[at], dict):
            tools[at][found[2]] = raw
            return True
        return False
    *steps, last = path.split(".")
    if "[" in path or len(steps) > 1:
        return False
    at_: Json = body
    for step in steps:
        at_ = at_.setdefault(step, {})
    at_[last] = raw
    return True


def _put_chat(extra: Extra, body: Json) -> bool:
    if extra.path in _SHARED:
        *steps, last = _SHARED[extra.path].split(".")
        at: Json = body
        for step in steps:
            at = at.setdefault(step, {})
        at.setdefault(last, Raw(extra.raw))
        return True
    found = _FORMAT.fullmatch(extra.path)
    tools = body.get("tools", ())
    if found is None or int(found[1]) >= len(tools):
        return False
    told = msgspec.json.decode(extra.raw)
    if not isinstance(told, dict):
        return False
    inner = told.get("grammar")
    tools[int(found[1])]["format"] = told if inner is None else {"type": "grammar", **inner}
    return True
