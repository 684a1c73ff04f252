"""The events of one thought: an item of reasoning whose summary grows."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Thinking
from fairlead.wire.openai_responses.items_out import reasoning_item
from fairlead.wire.openai_responses.telling import Json, Part, Telling

__all__ = ["grow_thought", "start_thought", "stop_thought"]

_ENCODE: Final = msgspec.json.Encoder().encode


def start_thought(telling: Telling, part: Thinking) -> tuple[Part, bytes]:
    """The thought under way, and what announces it."""
    item = telling.item("rs")
    told = Part(part, item, 0)
    item.parts.append(told)
    told.held = True  # until its first text opens the summary
    shown = reasoning_item(Thinking("", part.signature), telling.ids, item.at)
    item.id = _plain(shown["id"])
    out = telling.added(item, shown | {"summary": []})
    return told, out + (grow_thought(telling, told, part.text) if part.text else b"")


def grow_thought(telling: Telling, told: Part, text: str) -> bytes:
    """More of its text."""
    told.texts.append(text)
    out = b""
    item = told.item
    if not told.before:
        told.held = False
        begun = {"part": {"type": "summary_text", "text": ""}}
        out = _summary(telling, told, "part.added", begun)
        place = b',"item_id":%b,"output_index":%d,"summary_index":0,"delta":' % (
            _ENCODE(item.id),
            item.at,
        )
        told.frame("response.reasoning_summary_text.delta", place, b"}\n\n")
    return out + telling.grow(told, text)


def stop_thought(telling: Telling, told: Part, part: Thinking) -> bytes:
    """Its end, with the item whole."""
    item, text = told.item, "".join(told.texts)
    out = b""
    if text:
        whole = {"type": "summary_text", "text": text}
        out = _summary(telling, told, "text.done", {"text": text})
        out += _summary(telling, told, "part.done", {"part": whole})
    thought = Thinking(text, part.signature, part.redacted)
    item.raw = reasoning_item(thought, telling.ids, item.at) | {"id": item.id}
    item.done = True
    return out + telling.done(item)


def _summary(telling: Telling, told: Part, what: str, fields: Json) -> bytes:
    place = {"item_id": told.item.id, "output_index": told.item.at, "summary_index": 0}
    return telling.tell(f"response.reasoning_summary_{what}", place | fields)


def _plain(raw: Any) -> str:  # noqa: ANN401  # a text, or its JSON
    return msgspec.json.decode(raw) if isinstance(raw, Raw) else str(raw)
