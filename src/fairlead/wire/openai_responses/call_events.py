"""The events of one call of a tool: an item whose arguments grow."""

from typing import Final

import msgspec

from fairlead.canon import ToolCall
from fairlead.wire.openai_responses.items_out import call_item
from fairlead.wire.openai_responses.telling import Part, Telling

__all__ = ["start_call", "stop_call"]

_ENCODE: Final = msgspec.json.Encoder().encode


def start_call(telling: Telling, part: ToolCall, namespace: str | None) -> tuple[Part, bytes]:
    """The call under way, and what announces it."""
    item = telling.item("ctc" if part.custom else "fc")
    told = Part(part, item, 0)
    item.parts.append(told)
    empty = msgspec.structs.replace(part, arguments="")
    out = telling.added(item, call_item(empty, telling.ids, item.at, "in_progress", namespace))
    place = b',"item_id":%b,"output_index":%d,"delta":' % (_ENCODE(item.id), item.at)
    told.frame(f"response.{_event(part)}.delta", place, b"}\n\n")
    return told, out + telling.say(told, part.arguments)


def stop_call(
    telling: Telling, told: Part, part: ToolCall, namespace: str | None, *, cut: bool
) -> bytes:
    """Its end, with the item whole; `cut`: the answer ends within it."""
    item, text = told.item, "".join(told.texts)
    field = "input" if part.custom else "arguments"
    place = {"item_id": item.id, "output_index": item.at, field: text}
    out = telling.tell(f"response.{_event(part)}.done", place)
    whole = msgspec.structs.replace(part, arguments=text)
    status = "incomplete" if cut else "completed"
    item.raw = call_item(whole, telling.ids, item.at, status, namespace)
    item.done = True
    return out + telling.done(item)


def _event(part: ToolCall) -> str:
    return "custom_tool_call_input" if part.custom else "function_call_arguments"
