"""A look at a same-dialect answer that passes by, whole or streamed: its usage, how it ended."""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Usage
from fairlead.wire.anthropic.usage import WireUsage, merge, read_usage
from fairlead.wire.framing.sse import SseParser, SseTooLong

__all__ = ["Tap"]

BODY_MAX: Final = 64 * 1024 * 1024
_TELLING: Final = frozenset({"message_start", "message_delta"})


class _Body(Struct):
    usage: WireUsage | None = None
    stop_reason: str | None = None


class _Stop(Struct):
    stop_reason: str | None = None


class _Event(Struct):
    message: _Body | None = None
    delta: _Stop | None = None
    usage: WireUsage | None = None


_BODY = msgspec.json.Decoder(_Body)
_EVENT = msgspec.json.Decoder(_Event)


class Tap:
    """`usage` and `finish` (the vendor's word) as far as they have passed by."""

    __slots__ = ("_body", "_broken", "_finish", "_size", "_sse", "_wire")

    def __init__(self) -> None:
        self._sse: SseParser | None = None
        self._body: list[bytes] | None = None  # a whole answer, read when somebody asks
        self._size = 0
        self._wire: WireUsage | None = None
        self._finish: str | None = None
        self._broken = False

    def feed(self, data: bytes) -> None:
        """Look at the bytes. Never raises."""
        if self._broken:
            return
        if self._sse is None and self._body is None:
            start = data.lstrip()
            if not start:
                return
            if start[:1] == b"{":
                self._body = []
            else:
                self._sse = SseParser()
        if self._body is not None:
            self._size += len(data)
            if self._size > BODY_MAX:
                self._broken, self._body = True, None
            else:
                self._body.append(data)
        elif self._sse is not None:
            try:
                for event in self._sse.feed(data):
                    if event.event in _TELLING:
                        self._look(event.data)
            except SseTooLong:
                self._broken = True

    def _look(self, payload: bytes) -> None:
        try:
            event = _EVENT.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        told = event.message.usage if event.message is not None else event.usage
        if told is not None:
            self._wire = merge(self._wire, told)
        if event.delta is not None and event.delta.stop_reason is not None:
            self._finish = event.delta.stop_reason

    def _settle(self) -> None:
        """Read a whole answer once its bytes make one."""
        if not self._body:
            return
        whole = b"".join(self._body)
        try:
            body = _BODY.decode(whole)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._body = [whole]
            return
        self._body = []
        self._wire, self._finish = body.usage, body.stop_reason

    @property
    def usage(self) -> Usage | None:
        """Usage so far."""
        self._settle()
        return read_usage(self._wire) if self._wire is not None else None

    @usage.setter
    def usage(self, _: Usage | None) -> None:
        raise AttributeError("usage is read from the answer")

    @property
    def finish(self) -> str | None:
        """The vendor's word for why the answer ended."""
        self._settle()
        return self._finish

    @finish.setter
    def finish(self, _: str | None) -> None:
        raise AttributeError("finish is read from the answer")
