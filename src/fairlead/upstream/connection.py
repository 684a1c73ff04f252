"""One HTTP/1.1 connection to an upstream: an asyncio protocol around `answer.py`.

    OPENING --ready()--> IDLE --exchange()--> BUSY --release()--> IDLE
    any --fault, abort(), close(), end of the socket--> SHUT

Four rules that everything follows from:

1. **Bound.** The socket is read through one buffer of 64 KiB, shared by all connections of a pool
   (a read and its parsing are one step of the loop, so it is never in use twice). Reading pauses
   when 128 KiB wait to be taken. At most 128 + 64 KiB, and one TLS record of 16 KiB, can so be
   held for a reader that doesn't read: less than the 256 KiB that the transport promises.
2. **Silence.** No timer per chunk: a connection has one timer, which looks at the time of the last
   byte when it fires and sets itself again. It also serves as the idle timer, and is only
   replaced by an earlier one. Silence is not held against the upstream while we don't read.
3. **Retry.** A request may be sent again only if the upstream cannot have seen it. That is known in
   one case: the peer had closed before we wrote. `usable()` asks the kernel just before writing
   (poll; anything readable on an idle connection is an end, a reset or rubbish), so such a
   connection is never written to, and the pool takes the next one. Once bytes are handed to the
   kernel nothing proves that they were not processed: an end without an answer looks the same
   whether the peer's idle timer crossed our request on the wire or its process died in the middle
   of a completion that is billed. RFC 9112, 9.3.1 forbids to repeat a non-idempotent request
   without such proof. So what is lost after the write is `UpstreamReset(sent=True)`, and the
   policy above decides.
4. **Clean or closed.** A connection goes back to the pool only when the whole request was written,
   the whole answer read, the peer agreed to keep it (version, `connection`), and not one byte
   came beyond. Everything else (cancellation, a reader that leaves, a fault) aborts it at once.
"""

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import Final, cast

from fairlead.upstream.answer import BODY, DONE, FAILED, HEAD, AnswerParser, WireLimits
from fairlead.upstream.tls import TlsLayer, refused_by_peer, tls_reason
from fairlead.upstream.transport import (
    ConnectFailed,
    ReadTimeout,
    Timeouts,
    TransportError,
    UpstreamReset,
)

__all__ = ["READ_SIZE", "Connection"]

READ_SIZE: Final = 64 * 1024
_PAUSE_AT: Final = 128 * 1024
_WRITE_SLICE: Final = 64 * 1024
_CLOCK_STEP: Final = 0.002

_OPENING, _IDLE, _BUSY, _SHUT = range(4)


class Connection(asyncio.BufferedProtocol):
    """One connection. `answer` is the state of the exchange under way, or of the last one.

    `on_closed` is called once, when the socket is gone.
    """

    __slots__ = (
        "_answered",
        "_deadline",
        "_drained",
        "_idle_ttl",
        "_label",
        "_last",
        "_loop",
        "_opening_error",
        "_paused",
        "_phase",
        "_poll",
        "_read_timeout",
        "_timer",
        "_timer_at",
        "_tls",
        "_transport",
        "_view",
        "_waiter",
        "_write_paused",
        "_written",
        "answer",
        "on_closed",
    )

    def __init__(self, view: memoryview, label: str, limits: WireLimits, idle_ttl: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._view = view
        self._label = label
        self._idle_ttl = idle_ttl
        self._phase = _OPENING
        self._opening_error: TransportError | None = None
        self._transport: asyncio.Transport | None = None
        self._tls: TlsLayer | None = None
        self._poll: select.poll | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._write_paused = False
        self._written = False
        self._answered = False
        self._paused = False
        self._last = 0.0
        self._deadline = 0.0
        self._read_timeout = 0.0
        self.answer = AnswerParser(label, limits)
        self.on_closed: Callable[[Connection], None] | None = None

    # -- opening

    async def open_tls(self, layer: TlsLayer) -> None:
        """Lay TLS over the connected socket.

        Raises:
            ConnectFailed: the handshake failed; the message says why.
        """
        self._tls = layer
        self._shake(layer)
        while self._phase == _OPENING and not layer.ready:
            await self._wait()
        if self._opening_error is not None:
            raise self._opening_error

    def ready(self) -> None:
        """The connection is set up and may be used.

        Raises:
            ConnectFailed: it was closed in the meantime.
        """
        if self._phase != _OPENING or self._transport is None or self._transport.is_closing():
            self.abort()
            raise ConnectFailed(f"{self._label} closed the connection at once", sent=False)
        self._phase = _IDLE
        if hasattr(select, "poll"):
            sock = self._transport.get_extra_info("socket")
            if sock is not None:
                self._poll = select.poll()
                self._poll.register(sock.fileno(), select.POLLIN | select.POLLHUP)

    def _shake(self, layer: TlsLayer) -> bool:
        try:
            through = layer.handshake()
        except ssl.SSLError as error:
            through = False
            self._flush(layer)
            self._fail(ConnectFailed(f"TLS with {self._label}: {tls_reason(error)}", sent=False))
        else:
            self._flush(layer)
        self._wake()
        return through

    # -- one exchange

    def usable(self) -> bool:
        """Whether a request may be written: open, idle, and nothing has come from the peer."""
        if self._phase != _IDLE or self._transport is None or self._transport.is_closing():
            return False
        return self._poll is None or not self._poll.poll(0)

    async def exchange(
        self, method: str, head: bytes, body: bytes, timeouts: Timeouts, deadline: float
    ) -> None:
        """Send a request and wait for the head of its answer (`answer.status`, `.headers`).

        Raises:
            TransportError: a fault; the connection is closed.
        """
        answer = self.answer
        answer.begin(head_only=method == "HEAD")
        self._phase = _BUSY
        self._written = False
        self._read_timeout = timeouts.read
        self._deadline = deadline
        self._last = now = self._loop.time()
        self._arm(min(deadline, now + timeouts.read))
        try:
            if len(body) <= _WRITE_SLICE:
                self._write(head + body)
                self._written = True
            else:
                await self._write_large(head, body)
            while answer.state == HEAD:
                self._waiter = self._loop.create_future()
                await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None
        if answer.error is not None and not answer.status:
            raise answer.error
        if timeouts.chunk:
            self._read_timeout = timeouts.chunk
            if answer.state == BODY:
                self._arm(min(deadline, self._last + timeouts.chunk))

    async def _write_large(self, head: bytes, body: bytes) -> None:
        """Write slice by slice, never more than the transport's own buffer ahead of the peer.

        An answer that comes early (413, 401) ends the writing; the connection is not used again.
        """
        self._write(head)
        view = memoryview(body)
        for start in range(0, len(view), _WRITE_SLICE):
            if self._write_paused:
                self._drained = self._loop.create_future()
                await self._drained
            if self.answer.state != HEAD:
                return
            self._write(view[start : start + _WRITE_SLICE])
        self._written = True

    async def more(self) -> bytes:
        """The body bytes that have come, at least one; `b""` at the end of the body.

        Raises:
            TransportError: the answer was cut off or broke a rule; the connection is closed.
        """
        answer = self.answer
        while not answer.parts:
            if answer.error is not None:
                raise answer.error
            if answer.state != BODY:
                return b""
            try:
                await self._wait()
            except BaseException:
                self.abort()
                raise
        return self.take()

    def take(self) -> bytes:
        """The body bytes that have come, without waiting."""
        data = self.answer.take()
        if self._paused:
            self._resume()
        return data

    @property
    def complete(self) -> bool:
        """Whether the answer's last byte has come, taken or not."""
        return self.answer.state == DONE

    @property
    def spent(self) -> bool:
        """Whether the answer's last byte has come and been taken."""
        return self.answer.state == DONE and not self.answer.parts

    def release(self) -> bool:
        """End the exchange. True: the connection is idle and may be used again; else it closes."""
        if not (self.complete and self.answer.reusable and self._written):
            self.close()
            return False
        if self._transport is None or self._transport.is_closing():
            return False
        self.answer.parts.clear()
        if self._paused:
            self._resume()
        self._phase = _IDLE
        self._last = self._loop.time()
        self._arm(self._last + self._idle_ttl)
        return True

    def close(self) -> None:
        """Close in order (TLS: with the closure alert); nothing may be under way."""
        self._phase = _SHUT
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            transport.abort()
            return
        if self._tls is not None:
            transport.write(self._tls.close_notify())
        transport.close()

    def abort(self) -> None:
        """Close at once, whatever is under way; who waits gets `UpstreamReset`."""
        sent = self._phase == _BUSY
        self._fail(UpstreamReset("the connection was closed from this side", sent=sent))

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._last = self._loop.time()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next read goes."""
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """A read has come."""
        self._last = self._loop.time()
        data = self._view[:nbytes]
        if self._tls is None:
            self._feed(data)
        else:
            self._decrypt(self._tls, data)

    def eof_received(self) -> bool:
        """The peer has closed its side; so do we."""
        tls = self._tls
        if tls is not None:
            tls.feed_eof()
            if self._phase == _OPENING:
                self._shake(tls)
        self._ended(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ended(exc)
        self._phase = _SHUT
        self._transport = self._poll = None
        self.answer.detach()
        if self.on_closed is not None:
            self.on_closed(self)
            self.on_closed = None

    def pause_writing(self) -> None:
        """The transport's write buffer is full."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The transport's write buffer has drained."""
        self._write_paused = False
        self._last = self._loop.time()
        self._go_on_writing()

    # -- bytes in

    def _decrypt(self, tls: TlsLayer, data: memoryview) -> None:
        tls.feed(data)
        if not (tls.ready or self._shake(tls)):
            return
        try:
            while piece := tls.plaintext():
                self._feed(piece)
        except ssl.SSLError as error:
            told = f"TLS with {self._label}: {tls_reason(error)}"
            # RFC 8446, 4.4.2.4: a server that does not like our certificate aborts its handshake,
            # so it has read nothing of the request, though we may be done with ours and have sent.
            # One that has answered before has ended its handshake.
            refused = not self._answered and refused_by_peer(error)
            self._fail(
                ConnectFailed(told, sent=False) if refused else UpstreamReset(told, sent=True)
            )
            return
        self._flush(tls)
        if tls.clean_end:
            self._ended(None)
            self.close()

    def _feed(self, data: bytes | memoryview) -> None:
        if self._phase != _BUSY:
            self.abort()  # bytes that nobody asked for, or after a fault
            return
        answer = self.answer
        answer.feed(data)
        self._answered = True
        state = answer.state
        if state == HEAD:
            return
        if answer.buffered > _PAUSE_AT and state == BODY and not self._paused:
            self._paused = True
            if self._transport is not None:
                self._transport.pause_reading()
        elif state == FAILED:
            self._shut()
        elif state == DONE and not (answer.reusable and self._written):
            self.close()
        self._wake()
        self._go_on_writing()

    # -- ends and faults

    def _ended(self, exc: Exception | None) -> None:
        """The peer's bytes have ended: by its close, or by a fault of the socket."""
        how = f" ({exc})" if exc is not None else ""
        if self._phase == _OPENING:
            self._fail(ConnectFailed(f"{self._label} closed the connection{how}", sent=False))
        elif self._phase == _BUSY:
            clean = exc is None and (self._tls is None or self._tls.clean_end)
            self.answer.end(clean=clean, how=how)
            self._shut()
            self._wake()
            self._go_on_writing()

    def _fail(self, error: TransportError) -> None:
        if self._phase == _OPENING:
            self._opening_error = error
        elif self._phase == _BUSY:
            self.answer.fail(error)
        self._shut()
        self._wake()
        self._go_on_writing()

    def _shut(self) -> None:
        """Close the socket at once, what is still to be written with it."""
        self._phase = _SHUT
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()

    # -- waiting, writing, time

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("an answer has one reader")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _go_on_writing(self) -> None:
        drained = self._drained
        if drained is not None:
            self._drained = None
            if not drained.done():
                drained.set_result(None)

    def _resume(self) -> None:
        self._paused = False
        self._last = now = self._loop.time()
        if self.answer.state == BODY:
            self._arm(min(self._deadline, now + self._read_timeout))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, data: bytes | memoryview) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(data if self._tls is None else self._tls.encrypt(data))

    def _flush(self, tls: TlsLayer) -> None:
        data = tls.outgoing()
        transport = self._transport
        if data and transport is not None and not transport.is_closing():
            transport.write(data)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time() + _CLOCK_STEP
        if self._phase == _IDLE:
            due = self._last + self._idle_ttl
            if now >= due:
                self.close()
                return
        elif self._phase == _BUSY and self.answer.state != DONE:
            silent = self._last + self._read_timeout
            due = self._deadline if self._paused else min(silent, self._deadline)
            if now >= due:
                silence = f"was silent for {self._read_timeout:g} s"
                what = silence if due < self._deadline else "took longer than the total time"
                self._fail(ReadTimeout(f"{self._label} {what}", sent=True))
                return
        else:
            return
        self._arm(due)
