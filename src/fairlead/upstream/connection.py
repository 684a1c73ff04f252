"""One HTTP/1.1 connection to an upstream: an asyncio protocol around llhttp (httptools).

States, and what moves between them:

    OPENING --ready()--> IDLE --exchange()--> HEAD --headers--> BODY --last byte--> DONE
    DONE --release()--> IDLE;  any --fault, abort(), end of the socket--> FAILED or CLOSED

- HEAD: the request is being written or the answer's head awaited. 1xx answers stay here.
- BODY: pieces collect in `_parts` until somebody takes them.
- DONE: the answer is complete, though pieces may still wait to be taken. The socket may be gone.
- FAILED: `_error` is what the reader gets, after the pieces that came before it.

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

import httptools
from msgspec import Struct

from fairlead.upstream.tls import TlsLayer
from fairlead.upstream.transport import (
    ConnectFailed,
    ReadTimeout,
    Timeouts,
    TransportError,
    UpstreamProtocolError,
    UpstreamReset,
)

__all__ = ["READ_SIZE", "Connection", "WireLimits"]

READ_SIZE: Final = 64 * 1024
_PAUSE_AT: Final = 128 * 1024
_WRITE_SLICE: Final = 64 * 1024
_MANY_PARTS: Final = 64
_CLOCK_STEP: Final = 0.002

_OPENING, _IDLE, _HEAD, _BODY, _DONE, _FAILED, _CLOSED = range(7)

_READING: Final = (_HEAD, _BODY, _DONE)

_names: dict[bytes, str] = {}
_NAMES_MAX: Final = 1024


class WireLimits(Struct, frozen=True):
    """Bounds on an answer's head. `head_bytes` also bounds trailers and chunk extensions."""

    head_bytes: int = 64 * 1024
    header_count: int = 256


class Connection(asyncio.BufferedProtocol):
    """One connection. `on_closed` is called once, when the socket is gone."""

    __slots__ = (
        "_buffered",
        "_deadline",
        "_drained",
        "_error",
        "_head_only",
        "_header_count",
        "_last",
        "_limits",
        "_loop",
        "_noise",
        "_parser",
        "_parts",
        "_paused",
        "_poll",
        "_read_timeout",
        "_reusable",
        "_state",
        "_timer",
        "_timer_at",
        "_tls",
        "_transport",
        "_until_eof",
        "_view",
        "_waiter",
        "_write_paused",
        "_written",
        "headers",
        "idle_ttl",
        "label",
        "on_closed",
        "status",
    )

    def __init__(self, view: memoryview, label: str, limits: WireLimits, idle_ttl: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._view = view
        self._limits = limits
        self._state = _OPENING
        self._transport: asyncio.Transport | None = None
        self._tls: TlsLayer | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._poll: select.poll | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._write_paused = False
        self._error: TransportError | None = None
        self._header_count = 0
        self._parts: list[bytes] = []
        self._buffered = 0
        self._noise = 0
        self._paused = False
        self._reusable = False
        self._until_eof = False
        self._head_only = False
        self._written = False
        self._last = 0.0
        self._deadline = 0.0
        self._read_timeout = 0.0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.idle_ttl = idle_ttl
        self.label = label
        self.on_closed: Callable[[Connection], None] | None = None

    # -- opening

    async def open_tls(self, layer: TlsLayer) -> None:
        """Lay TLS over the connected socket.

        Raises:
            ConnectFailed: the handshake failed; the message says why.
        """
        self._tls = layer
        self._shake(layer)
        while self._state == _OPENING and not layer.ready:
            await self._wait()
        if self._error is not None:
            raise self._error

    def ready(self) -> None:
        """The connection is set up and may be used.

        Raises:
            ConnectFailed: it was closed in the meantime.
        """
        if self._state != _OPENING or self._transport is None or self._transport.is_closing():
            self.abort()
            raise ConnectFailed(f"{self.label} closed the connection at once", sent=False)
        self._state = _IDLE
        self._parser = httptools.HttpResponseParser(self)
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
            self._fail(ConnectFailed(f"TLS with {self.label}: {_reason(error)}", sent=False))
        else:
            self._flush(layer)
        self._wake()
        return through

    # -- one exchange

    def usable(self) -> bool:
        """Whether a request may be written: open, idle, and nothing has come from the peer."""
        if self._state != _IDLE or self._transport is None or self._transport.is_closing():
            return False
        return self._poll is None or not self._poll.poll(0)

    async def exchange(
        self, method: str, head: bytes, body: bytes, timeouts: Timeouts, deadline: float
    ) -> None:
        """Send a request and wait for the head of its answer (`status`, `headers`).

        Raises:
            TransportError: a fault; the connection is closed.
        """
        loop = self._loop
        self._state = _HEAD
        self._head_only = method == "HEAD"
        self._error = None
        self._noise = self._header_count = 0
        self.headers = {}
        self._until_eof = self._written = self._reusable = False
        self._read_timeout = timeouts.read
        self._deadline = deadline
        self._last = now = loop.time()
        self._arm(min(deadline, now + timeouts.read))
        try:
            if len(body) <= _WRITE_SLICE:
                self._write(head + body)
                self._written = True
            else:
                await self._write_large(head, body)
            while self._state == _HEAD:
                self._waiter = loop.create_future()
                await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None
        if self._error is not None:
            raise self._error

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
            if self._state != _HEAD:
                return
            self._write(view[start : start + _WRITE_SLICE])
        self._written = True

    async def more(self) -> bytes:
        """The body bytes that have come, at least one; `b""` at the end of the body.

        Raises:
            TransportError: the answer was cut off or broke a rule; the connection is closed.
        """
        while not self._parts:
            if self._state != _BODY:
                if self._error is not None:
                    raise self._error
                return b""
            try:
                await self._wait()
            except BaseException:
                self.abort()
                raise
        return self.take()

    def take(self) -> bytes:
        """The body bytes that have come, without waiting."""
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._buffered = 0
        if self._paused:
            self._resume()
        return data

    @property
    def complete(self) -> bool:
        """Whether the answer's last byte has come, taken or not."""
        return self._state == _DONE

    @property
    def spent(self) -> bool:
        """Whether the answer's last byte has come and been taken."""
        return self._state == _DONE and not self._parts

    def release(self) -> bool:
        """End the exchange. True: the connection is idle and may be used again; else it closes."""
        self._parts.clear()
        self._buffered = 0
        if not (self._state == _DONE and self._reusable and self._written):
            self.close()
            return False
        if self._transport is None or self._transport.is_closing():
            return False
        if self._paused:
            self._resume()
        if self._head_only:
            # llhttp can't be told that this answer has no body: it may be waiting for one.
            self._parser = httptools.HttpResponseParser(self)
        self._state = _IDLE
        self._last = self._loop.time()
        self._arm(self._last + self.idle_ttl)
        return True

    def close(self) -> None:
        """Close in order (TLS: with the closure alert); nothing may be under way."""
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
        if self._state < _DONE:
            self._fail(
                UpstreamReset("the connection was closed from this side", sent=self._state > _IDLE)
            )
        elif self._transport is not None and not self._loop.is_closed():
            self._transport.abort()

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
            if self._state == _OPENING:
                self._shake(tls)
        self._ended(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ended(exc)
        if self._state == _IDLE:
            self._state = _CLOSED
        self._transport = self._parser = self._poll = None
        self._drain_early()
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
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # -- bytes in

    def _decrypt(self, tls: TlsLayer, data: memoryview) -> None:
        tls.feed(data)
        if not (tls.ready or self._shake(tls)):
            return
        try:
            while piece := tls.plaintext():
                self._feed(memoryview(piece))
        except ssl.SSLError as error:
            self._fail(UpstreamReset(f"TLS with {self.label}: {_reason(error)}", sent=True))
            return
        self._flush(tls)
        if tls.clean_end:
            self._ended(None)
            self.close()

    def _feed(self, data: memoryview) -> None:
        if self._parser is None or self._state not in _READING:
            self.abort()  # bytes that nobody asked for, or after a fault
            return
        self._noise += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._reusable = False
            if self._state in (_HEAD, _BODY):
                self._fail(
                    UpstreamProtocolError(
                        f"{self.label} doesn't speak HTTP/1.1: {error}", sent=True
                    )
                )
        if self._noise > self._limits.head_bytes and self._state in (_HEAD, _BODY):
            self._too_big(f"more than {self._limits.head_bytes} bytes of headers")
        if self._buffered > _PAUSE_AT and not self._paused and self._state == _BODY:
            self._paused = True
            if self._transport is not None:
                self._transport.pause_reading()
        if len(self._parts) > _MANY_PARTS:
            self._parts[:] = [b"".join(self._parts)]
        if self._waiter is not None and self._state != _HEAD:
            self._wake()
        if self._state == _DONE and not (self._reusable and self._written):
            self.close()

    def on_message_begin(self) -> None:
        """llhttp: an answer begins; if one was complete already, nobody asked for this one."""
        if self._state >= _DONE:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: a header, or a trailer (left out: nothing in it that a gateway needs)."""
        if self._state == _HEAD:
            key = _names.get(name) or _lower(name)
            text = str(value, "latin-1")
            headers = self.headers
            self._header_count += 1
            headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """llhttp: the head is complete."""
        parser = self._parser
        if self._state != _HEAD or parser is None:
            return
        status = parser.get_status_code()
        headers = self.headers
        if 100 <= status < 200 and status != 101:
            headers.clear()
            return
        limits = self._limits
        if self._header_count > limits.header_count:
            self._too_big(f"more than {limits.header_count} headers")
            return
        # What has come since the last body byte holds the head: the exact sum is rarely needed.
        if self._noise > limits.head_bytes and _size(headers) > limits.head_bytes:
            self._too_big(f"more than {limits.head_bytes} bytes of headers")
            return
        self.status = status
        fault = _unreadable(status, headers, parser.get_http_version())
        if fault is not None:
            self._fail(UpstreamProtocolError(f"{self.label} {fault}", sent=True))
            return
        self._until_eof = "content-length" not in headers and "transfer-encoding" not in headers
        self._state = _BODY
        self._drain_early()
        if self._head_only:
            self._reusable = parser.should_keep_alive()
            self._state = _DONE

    def on_body(self, data: bytes) -> None:
        """llhttp: a piece of the body."""
        if self._state == _BODY:
            self._parts.append(data)
            self._buffered += len(data)
            self._noise = 0
        else:
            self._reusable = False

    def on_message_complete(self) -> None:
        """llhttp: the answer is complete (or an interim one, which changes nothing)."""
        if self._state == _BODY and self._parser is not None:
            self._reusable = self._parser.should_keep_alive()
            self._state = _DONE

    # -- ends and faults

    def _ended(self, exc: Exception | None) -> None:
        """The peer's bytes have ended: by its close, or by a fault of the socket."""
        state = self._state
        clean = exc is None and (self._tls is None or self._tls.clean_end)
        how = f" ({exc})" if exc is not None else ""
        if state == _OPENING:
            self._fail(ConnectFailed(f"{self.label} closed the connection{how}", sent=False))
        elif state == _HEAD:
            self._fail(UpstreamReset(f"{self.label} closed before it answered{how}", sent=True))
        elif state == _BODY and self._until_eof and clean:
            self._reusable = False
            self._state = _DONE
            self._wake()
        elif state == _BODY:
            self._fail(UpstreamReset(f"{self.label} cut its answer short{how}", sent=True))

    def _fail(self, error: TransportError) -> None:
        if self._state >= _DONE:
            return
        self._state = _FAILED
        self._error = error
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()
        self._wake()
        self._drain_early()

    def _too_big(self, what: str) -> None:
        self._fail(UpstreamProtocolError(f"{self.label} sent {what}", sent=True))

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

    def _drain_early(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _resume(self) -> None:
        self._paused = False
        self._last = now = self._loop.time()
        if self._state == _BODY:
            self._arm(min(self._deadline, now + self._read_timeout))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport is not None:
            self._transport.write(data if self._tls is None else self._tls.encrypt(data))

    def _flush(self, tls: TlsLayer) -> None:
        data = tls.outgoing()
        if data and self._transport is not None:
            self._transport.write(data)

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
        if self._state == _IDLE:
            due = self._last + self.idle_ttl
            if now >= due:
                self.close()
                return
        elif self._state in (_HEAD, _BODY):
            silent = self._last + self._read_timeout
            due = self._deadline if self._paused else min(silent, self._deadline)
            if now >= due:
                silence = f"was silent for {self._read_timeout:g} s"
                what = silence if due < self._deadline else "took longer than the total time"
                self._fail(ReadTimeout(f"{self.label} {what}", sent=True))
                return
        else:
            return
        self._arm(due)


def _lower(raw_name: bytes) -> str:
    name = raw_name.lower().decode("latin-1")
    if len(_names) < _NAMES_MAX and len(raw_name) <= 64:
        _names[raw_name] = name
    return name


def _size(headers: dict[str, str]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.items())


def _unreadable(status: int, headers: dict[str, str], version: str) -> str | None:
    """Why an answer with this head can't be read, None if it can."""
    if status == 101:
        return "switched protocols, which nobody asked for"
    if version not in ("1.1", "1.0"):
        return f"answered in HTTP/{version}, not HTTP/1.1"
    coding = headers.get("content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        return f"compressed its answer ({coding[:40]}), though identity was asked for"
    framing = headers.get("transfer-encoding")
    if framing is not None and framing.strip().lower() != "chunked":
        return f"framed its answer in a way that can't be read ({framing[:40]})"
    return None


def _reason(error: ssl.SSLError) -> str:
    """What went wrong, in OpenSSL's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError):
        return "the connection ended in the middle"
    return str(error.reason or error)
