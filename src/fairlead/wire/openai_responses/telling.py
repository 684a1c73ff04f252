"""What is being told of an answer: its items, their parts, and numbered events about them."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Part as CanonPart
from fairlead.wire.openai_responses.items_out import Ids

__all__ = ["Item", "Json", "Part", "Telling"]

Json = dict[str, Any]
_ENCODE: Final = msgspec.json.Encoder().encode
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")


class Item:
    """An output item that is being told."""

    __slots__ = ("at", "done", "id", "open", "parts", "raw")

    def __init__(self, at: int, id_: str) -> None:
        self.at = at
        self.id = id_
        self.raw: Any = None  # the whole item, when it is done
        self.parts: list[Part] = []
        self.open = 0  # parts that have not stopped
        self.done = False

    def message(self, status: str, content: list[Any]) -> Json:
        """The item as a message with this content."""
        return {
            "id": self.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }


class Part:
    """A part that is being told: what stands around each of its deltas."""

    __slots__ = (
        "after",
        "before",
        "behind",
        "held",
        "item",
        "notes",
        "part",
        "stopped",
        "texts",
        "whole",
        "within",
    )

    def __init__(self, part: CanonPart, item: Item, within: int) -> None:
        self.part = part
        self.item = item
        self.within = within
        self.before = b""
        self.after = b""  # the number
        self.behind = b""  # the text
        self.texts: list[str] = []
        self.notes: list[Any] = []
        self.whole: Json = {}
        self.held = False  # told when it is whole
        self.stopped = False

    def frame(self, name: str, place: bytes, behind: bytes) -> None:
        """What stands around each delta: before its number, and around its text."""
        type_ = name.encode()
        self.before = b'event: %b\ndata: {"type":"%b","sequence_number":' % (type_, type_)
        self.after, self.behind = place, behind


class Telling:
    """The items that were announced so far, and the number of the next event."""

    __slots__ = ("ids", "items", "number")

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.items: list[Item] = []
        self.number = 0

    def tell(self, name: str, fields: Json) -> bytes:
        """An event; the type and the number are put before its fields."""
        head = b'event: %b\ndata: {"type":"%b","sequence_number":%d,' % (
            name.encode(),
            name.encode(),
            self.number,
        )
        self.number += 1
        data = _ENCODE(fields)[1:]
        if b"\n" in data or b"\r" in data:  # between the values of JSON that is kept as it came
            data = data.translate(_ONE_LINE)
        return head + data + b"\n\n"

    def say(self, told: Part, text: str) -> bytes:
        """More of a part's text, which may be empty, and may have to wait."""
        if not text:
            return b""
        told.texts.append(text)
        return b"" if told.held else self.grow(told, text)

    def grow(self, told: Part, text: str) -> bytes:
        """A delta of a part."""
        number = self.number
        self.number = number + 1
        return told.before + b"%d" % number + told.after + _ENCODE(text) + told.behind

    def item(self, kind: str) -> Item:
        """One more item; `kind` is the beginning of its id."""
        item = Item(len(self.items), self.ids.of(kind, len(self.items)))
        self.items.append(item)
        return item

    def added(self, item: Item, raw: Json | Raw) -> bytes:
        """The event that announces an item."""
        return self.tell("response.output_item.added", {"output_index": item.at, "item": raw})

    def done(self, item: Item) -> bytes:
        """The event that tells an item whole."""
        return self.tell("response.output_item.done", {"output_index": item.at, "item": item.raw})
