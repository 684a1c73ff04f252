"""Messages under construction, and what has to be put in order once all turns stand."""

from typing import Any, Final

from fairlead.catalog.model import Model
from fairlead.wire.losses import Losses

__all__ = ["Message", "settle", "take_prefill", "unsigned_loop"]

_THINKING: Final = ("thinking", "redacted_thinking")


class Message:
    """One message under construction."""

    __slots__ = (
        "blocks",
        "calls",
        "own_opaque",
        "path",
        "paths",
        "results",
        "role",
        "sealed",
        "spoken",
    )

    def __init__(self, role: str, path: str) -> None:
        self.role = role
        self.path = path
        self.paths = [path]  # of all turns that are merged in it
        self.blocks: list[Any] = []
        self.results: list[Any] = []
        self.calls: dict[str, str] = {}  # a call's id in canon -> its id on the wire
        self.own_opaque = False
        self.sealed = False  # nothing may be merged into it
        self.spoken = False  # holds more than tool results

    def take_in(self, other: "Message") -> None:
        """Merge the message behind this one into it."""
        self.paths += other.paths
        self.blocks += other.blocks
        self.results += other.results
        self.own_opaque |= other.own_opaque
        self.spoken |= other.spoken


def settle(messages: list[Message], losses: Losses) -> list[Message]:
    """Without empty messages, what they kept apart merged, no thoughts at an end."""
    while True:
        merged: list[Message] = []
        for message in messages:
            last = merged[-1] if merged else None
            if not message.blocks and not message.results:
                continue
            if last is None or last.role != message.role or last.sealed or message.sealed:
                merged.append(message)
            else:
                last.take_in(message)
        messages = [message for message in merged if _finish(message, losses)]
        if len(messages) == len(merged):
            return messages


def _finish(message: Message, losses: Losses) -> bool:
    """Drop thinking from the end of an assistant message; whether anything is left."""
    if message.role == "assistant":
        while message.blocks and _kind(message.blocks[-1]) in _THINKING:
            message.blocks.pop()
            losses.cosmetic(message.path, "thinking_dropped", "nothing follows the thoughts")
    return bool(message.blocks or message.results)


def _kind(block: object) -> str:
    return str(block["type"]) if isinstance(block, dict) else ""


def take_prefill(messages: list[Message], facts: Model, losses: Losses) -> bool:
    """Whether the last turn is a prefill, made fit; taken away where the model takes none.

    A last turn with blocks of the vendor's own tools is not one: it is a paused turn sent back
    "as-is [...] to let the model continue" (SDK 2.12, stop_reason `pause_turn`).
    """
    if not messages or messages[-1].role != "assistant" or messages[-1].own_opaque:
        return False
    last = messages[-1]
    if facts.known and "prefill" not in facts.features:
        for path in last.paths:
            losses.semantic(path, "prefill", f"{facts.id} cannot continue an assistant's turn")
        messages.pop()
        return False
    while last.blocks and _kind(last.blocks[-1]) == "text":
        block = last.blocks[-1]
        text = block["text"].rstrip()
        if text == block["text"]:
            break
        losses.cosmetic(last.path, "prefill_whitespace", "a prefill cannot end in whitespace")
        if text:
            block["text"] = text
            break
        last.blocks.pop()
    if not _finish(last, losses):
        messages.pop()
        return False
    return True


def unsigned_loop(messages: list[Message]) -> bool:
    """Whether the turn being continued began without a thinking block.

    That turn is a last assistant message, or in a loop of tools everything since the user last
    spoke ("messages.N.content.0.type: Expected `thinking` [...]"); its later messages need none.
    Whether words beside results count as the user's speaking no source tells: the loop has to be
    in order both ways.
    """
    first: Message | None = None
    for message in reversed(messages):
        if message.role == "assistant":
            first = message
        elif message.role == "user" and (message.spoken or not message.results):
            if first is not None and _thoughtless(first):
                return True
            if not message.results:
                return False
    return first is not None and _thoughtless(first)


def _thoughtless(message: Message) -> bool:
    return _kind(message.blocks[0]) not in _THINKING
