"""Tool calls and their results: each call gets one result, in the turn behind it."""

from fairlead.canon import Failure
from fairlead.wire.anthropic.ids import wire_id
from fairlead.wire.anthropic.messages import Message

__all__ = ["Calls"]


class Calls:
    """Ids on the wire for the calls of a conversation, and whether all are answered."""

    __slots__ = ("_answered", "_pending", "_repeats", "_used_ids")

    def __init__(self) -> None:
        self._pending: Message | None = None  # the assistant message whose calls are open
        self._answered: set[str] = set()
        self._used_ids: set[str] = set()
        self._repeats: dict[str, int] = {}

    def adopt(self, call_id: str, message: Message) -> None:
        """A call inside a block of the vendor's own, whose id cannot be changed."""
        message.calls[call_id] = call_id
        self._used_ids.add(call_id)
        self._pending = message

    def open(self, call_id: str, message: Message, path: str) -> str:
        """The id on the wire for a call; a new one where an earlier turn has used it."""
        if call_id in message.calls:
            raise Failure.invalid(f"two tool calls of one turn have the id {call_id!r}", path)
        wire = base = wire_id(call_id)
        while wire in self._used_ids:
            count = self._repeats[base] = self._repeats.get(base, 1) + 1
            wire = wire_id(f"{base}.{count}")
        self._used_ids.add(wire)
        message.calls[call_id] = wire
        self._pending = message
        return wire

    def answer(self, call_id: str, path: str) -> str:
        """The id on the wire for a result."""
        pending = self._pending
        wire = pending.calls.get(call_id) if pending is not None else None
        if wire is None:
            raise Failure.invalid(
                f"a tool result names the call {call_id!r}, which the assistant's turn before it "
                "does not hold",
                path,
                hint="results must directly follow the turn that made the calls",
            )
        if call_id in self._answered:
            raise Failure.invalid(f"there are two results for the call {call_id!r}", path)
        self._answered.add(call_id)
        return wire

    def close(self) -> None:
        """No more results can come for the open calls."""
        pending = self._pending
        if pending is None:
            return
        missing = [call_id for call_id in pending.calls if call_id not in self._answered]
        if missing:
            raise Failure.invalid(
                f"the tool call {missing[0]!r} has no result",
                pending.path or None,
                hint="each call needs one result in the turn behind it",
            )
        self._pending = None
        self._answered.clear()
