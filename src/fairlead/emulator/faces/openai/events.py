"""The stream of a response: named events with sequence numbers, as recorded in 2026."""

from collections.abc import Callable
from typing import Any

import msgspec

from fairlead.emulator.answer.tokens import pieces
from fairlead.emulator.http11.reply import Piece

__all__ = ["events"]

_encode = msgspec.json.Encoder().encode
_NOISE = "kR7vQ2mZx9Lw4T1c"
PER_EVENT = 2
PER_ARGUMENTS = 16

Item = dict[str, Any]


class _Stream:
    """The events of one stream; mutable."""

    def __init__(self, *, padded: bool, each: int) -> None:
        self.out: list[Piece] = []
        self.padded = padded
        self.each = each

    def event(self, kind: str, tokens: int = 0, **said: Any) -> None:  # noqa: ANN401 - its fields
        data = {"type": kind, **said, "sequence_number": len(self.out)}
        self.out.append(Piece(b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(data)), tokens))

    def deltas(self, kind: str, text: str, where: dict[str, Any], *, each: int = 0) -> None:
        """A text in pieces of some tokens, or of `each` characters."""
        cut = [text[at : at + each] for at in range(0, len(text), each)] if each else []
        tokens = [] if each else pieces(text)
        cut = cut or [
            "".join(tokens[at : at + self.each]) for at in range(0, len(tokens), self.each)
        ]
        for part in cut:
            noise = {"obfuscation": _NOISE[: 2 + len(part) % 14]} if self.padded else {}
            self.event(kind, len(pieces(part)), **where, delta=part, **noise)


def events(
    response: dict[str, Any], *, padded: bool = True, thinking: int = 0, each: int = 0
) -> list[Piece]:
    """The stream of a complete response.

    `thinking` are the tokens that are made before anything is said; `each` is how many tokens of
    text go into one event.
    """
    stream = _Stream(padded=padded, each=each or PER_EVENT)
    begun = {
        **response,
        "status": "queued" if response["background"] else "in_progress",
        "completed_at": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    stream.event("response.created", response=begun)
    if response["background"]:
        stream.event("response.queued", response=begun)
    begun = {**begun, "status": "in_progress"}
    stream.event("response.in_progress", response=begun)
    for index, item in enumerate(response["output"]):
        write = _ITEMS.get(item["type"])
        if write is not None:
            write(stream, item, index, thinking)
    stream.event(f"response.{response['status']}", response=response)
    return stream.out


def _around(
    stream: _Stream, begun: Item, item: Item, index: int, inner: Callable[[], None]
) -> None:
    stream.event("response.output_item.added", item=begun, output_index=index)
    inner()
    stream.event("response.output_item.done", item=item, output_index=index)


def _reasoning(stream: _Stream, item: Item, index: int, thinking: int) -> None:
    def inner() -> None:
        for at, part in enumerate(item["summary"]):
            where = {"item_id": item["id"], "output_index": index, "summary_index": at}
            empty = {"type": "summary_text", "text": ""}
            stream.event("response.reasoning_summary_part.added", **where, part=empty)
            stream.deltas("response.reasoning_summary_text.delta", part["text"], where)
            stream.event("response.reasoning_summary_text.done", **where, text=part["text"])
            stream.event("response.reasoning_summary_part.done", **where, part=part)

    _around(stream, {**item, "summary": []}, item, index, inner)
    if not item["summary"]:
        last = stream.out[-1]
        stream.out[-1] = Piece(last.data, thinking)


def _message(stream: _Stream, item: Item, index: int, thinking: int) -> None:
    del thinking

    def inner() -> None:
        for at, part in enumerate(item["content"]):
            where = {"item_id": item["id"], "output_index": index, "content_index": at}
            refused = part["type"] == "refusal"
            kind, key = ("refusal", "refusal") if refused else ("output_text", "text")
            extra: dict[str, Any] = {} if refused else {"logprobs": []}
            empty = {**part, key: "", **extra}
            stream.event("response.content_part.added", **where, part=empty)
            stream.deltas(f"response.{kind}.delta", part[key], {**where, **extra})
            likely = {} if refused else {"logprobs": part["logprobs"]}
            stream.event(f"response.{kind}.done", **where, **{key: part[key]}, **likely)
            stream.event("response.content_part.done", **where, part=part)

    _around(stream, {**item, "status": "in_progress", "content": []}, item, index, inner)


def _call(stream: _Stream, item: Item, index: int, thinking: int) -> None:
    del thinking
    custom = item["type"] == "custom_tool_call"
    key = "input" if custom else "arguments"
    kind = "response.custom_tool_call_input" if custom else "response.function_call_arguments"

    def inner() -> None:
        where = {"item_id": item["id"], "output_index": index}
        stream.deltas(f"{kind}.delta", item[key], where, each=PER_ARGUMENTS)
        stream.event(f"{kind}.done", **where, **{key: item[key]})

    _around(stream, {**item, "status": "in_progress", key: ""}, item, index, inner)


_ITEMS: dict[str, Callable[[_Stream, Item, int, int], None]] = {
    "reasoning": _reasoning,
    "message": _message,
    "function_call": _call,
    "custom_tool_call": _call,
}
