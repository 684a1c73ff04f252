"""The listening protocol: uvicorn's, with an end to its patience.

uvicorn's httptools protocol takes a head of any size and waits for it, and for the body, without
end. Whoever can connect, key or not, could so fill the memory with one header line or hold every
place with requests that never come (Slowloris). Here a head is bounded, a request has to arrive
whole within a time, and a connection on which nothing begins is closed. What is wrong at this
level is told in OpenAI's error shape, as everything else is.

A request that comes in one piece, as nearly all do, pays two attribute lookups for it.
"""

import asyncio
from http import HTTPStatus

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["MAX_HEAD", "PatientProtocol", "patient_for"]

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers that may come before the head is complete."""


_HEAD_DONE = "method"
"""The key that uvicorn puts into a scope when its head is complete."""


class PatientProtocol(HttpToolsProtocol):
    """`patience`: seconds in which a request must have arrived, once it could begin."""

    patience: float = 300.0

    _head = 0
    _timer: asyncio.TimerHandle | None = None

    # The parser makes a new `scope` when a request begins and fills in its method when the head is
    # complete, so no callback of the parser (one for each header) has to be taken.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Wait for a first request, but not for ever."""
        super().connection_made(transport)
        self.scope = {}  # type: ignore[typeddict-item]  # uvicorn leaves None until a request begins
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see whether a request is still on its way."""
        super().data_received(data)
        if _HEAD_DONE not in self.scope:
            self._count(len(data))
        elif self.cycle.more_body:
            self._head = 0
            self._wait()
        else:
            self._head = 0
            if self._timer is not None:
                self._rest()

    def _count(self, size: int) -> None:
        """The head is not complete yet."""
        self._head += size
        if self._head > MAX_HEAD:
            self._refuse(431, f"the request line and headers are larger than {MAX_HEAD} bytes")
        else:
            self._wait()

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.patience, self._too_slow)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        cycle = self._current()
        in_head = _HEAD_DONE not in self.scope
        if not in_head and (cycle is None or not cycle.more_body):
            return  # it has come meanwhile
        answering = in_head and cycle is not None and not cycle.response_complete
        if answering or self.pipeline:
            self._wait()  # of requests sent one behind the other, the first comes first
        elif in_head and not self._head:
            self.transport.close()  # nothing was asked
        else:
            self._refuse(408, f"the request did not arrive within {self.patience:g} s")

    def _current(self) -> RequestResponseCycle | None:
        """The newest request whose head is complete, None before the first."""
        return self.cycle

    def send_400_response(self, msg: str) -> None:
        """Refuse, instead of uvicorn's plain answer, what is not HTTP."""
        self._refuse(400, msg)

    def _refuse(self, status: int, message: str) -> None:
        """Answer without the application, and close."""
        cycle = self._current()
        if self.transport.is_closing():
            return
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.transport.close()  # no place for an answer within another
            return
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = msgspec.json.encode({"error": error})
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


def patient_for(seconds: float) -> type[PatientProtocol]:
    """The protocol with that patience; uvicorn makes the instances."""
    return type("PatientProtocol", (PatientProtocol,), {"patience": seconds})
