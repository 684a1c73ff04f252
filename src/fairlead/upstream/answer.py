"""An HTTP/1.1 answer, from bytes to status, headers and body. No I/O: llhttp (httptools) and rules.

    HEAD --headers--> BODY --last byte--> DONE;   HEAD, BODY --fault, early end--> FAILED

- HEAD: interim answers (1xx) come and go here.
- BODY: pieces collect until somebody takes them.
- DONE: complete, though pieces may still wait. `reusable` says whether the peer agreed to keep the
  connection and not one byte came beyond.
- FAILED: `error` is what the reader gets, after the pieces that came before it.

llhttp is strict about framing (two lengths, a length beside chunks, folded headers, bad chunk
sizes), but it has no bound on lengths: a header, a trailer or a chunk extension may go on for
ever, and httptools collects the first two. So every byte since the last byte of a body is counted,
and too many of them are a fault, whatever they were.
"""

from typing import Final

import httptools
from msgspec import Struct

from fairlead.upstream.transport import TransportError, UpstreamProtocolError, UpstreamReset

__all__ = ["BODY", "DONE", "FAILED", "HEAD", "AnswerParser", "WireLimits"]

HEAD, BODY, DONE, FAILED = range(4)

_MANY_PARTS: Final = 64
_NAMES_MAX: Final = 1024
_names: dict[bytes, str] = {}


class WireLimits(Struct, frozen=True):
    """Bounds on an answer's head. `head_bytes` also bounds trailers and chunk extensions."""

    head_bytes: int = 64 * 1024
    header_count: int = 256


class AnswerParser:
    """Reads the answers of one connection, one after the other: `begin` before each.

    `label` names the upstream in messages; `status` and `headers` hold from BODY on; `buffered`
    counts the bytes that wait to be taken.
    """

    __slots__ = (
        "_head_only",
        "_header_count",
        "_label",
        "_limits",
        "_noise",
        "_parser",
        "_until_eof",
        "buffered",
        "error",
        "headers",
        "parts",
        "reusable",
        "state",
        "status",
    )

    def __init__(self, label: str, limits: WireLimits) -> None:
        self._label = label
        self._limits = limits
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._head_only = False
        self._header_count = 0
        self._noise = 0
        self._until_eof = False
        self.buffered = 0
        self.error: TransportError | None = None
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.reusable = True
        self.state = DONE
        self.status = 0

    def begin(self, *, head_only: bool) -> None:
        """Expect the next answer; `head_only`: it is one to HEAD, and has no body."""
        if self._head_only:
            # llhttp can't be told that an answer has no body: it may be waiting for one.
            self._parser = httptools.HttpResponseParser(self)
        self._head_only = head_only
        self._noise = self._header_count = self.buffered = 0
        self.headers = {}
        self.status = 0
        self.error = None
        self.parts.clear()
        self.reusable = self._until_eof = False
        self.state = HEAD

    def feed(self, data: bytes | memoryview) -> None:
        """Take in bytes; see `state` afterwards."""
        parser = self._parser
        if parser is None or self.state == FAILED:
            return
        self._noise += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.reusable = False
            self._fault(f"doesn't speak HTTP/1.1: {error}")
        if self._noise > self._limits.head_bytes:
            self._fault(f"sent more than {self._limits.head_bytes} bytes of headers")
        if len(self.parts) > _MANY_PARTS:
            self.parts[:] = [b"".join(self.parts)]

    def end(self, *, clean: bool, how: str = "") -> None:
        """The peer's bytes have ended; `clean`: by its own will, `how`: else why."""
        self.reusable = False
        if self.state == BODY and self._until_eof and clean:
            self.state = DONE
        elif self.state == BODY:
            self.fail(UpstreamReset(f"{self._label} cut its answer short{how}", sent=True))
        else:
            self.fail(UpstreamReset(f"{self._label} closed before it answered{how}", sent=True))

    def fail(self, error: TransportError) -> None:
        """Give up an answer that is not complete; one that is stays so."""
        if self.state in (HEAD, BODY):
            self.state = FAILED
            self.error = error

    def take(self) -> bytes:
        """The pieces that wait, as one."""
        parts = self.parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self.buffered = 0
        return data

    def detach(self) -> None:
        """Nothing more will be fed (this also unties the parser's reference cycle)."""
        self._parser = None

    # -- llhttp's callbacks

    def on_message_begin(self) -> None:
        """An answer begins; if one was complete already, nobody asked for this one."""
        if self.state == DONE:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer (left out: nothing in it that a gateway needs)."""
        if self.state == HEAD:
            key = _names.get(name) or _lower(name)
            text = str(value, "latin-1")
            headers = self.headers
            self._header_count += 1
            headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """The head is complete."""
        parser = self._parser
        if self.state != HEAD or parser is None:
            return
        headers = self.headers
        status = parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            headers.clear()
            return
        limits = self._limits
        if self._header_count > limits.header_count:
            self._fault(f"sent more than {limits.header_count} headers")
            return
        # What has come since the last body byte holds the head: the exact sum is rarely needed.
        if self._noise > limits.head_bytes and _size(headers) > limits.head_bytes:
            self._fault(f"sent more than {limits.head_bytes} bytes of headers")
            return
        fault = _unreadable(status, headers, parser.get_http_version())
        if fault is not None:
            self._fault(fault)
            return
        self.status = status
        self.state = BODY
        self._noise = 0
        self._until_eof = "content-length" not in headers and "transfer-encoding" not in headers
        if self._head_only:
            self.reusable = parser.should_keep_alive()
            self.state = DONE

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.state == BODY:
            self.parts.append(data)
            self.buffered += len(data)
            self._noise = 0
        else:
            self.reusable = False

    def on_message_complete(self) -> None:
        """The answer is complete (or an interim one, which changes nothing)."""
        if self.state == BODY and self._parser is not None:
            self.reusable = self._parser.should_keep_alive()
            self.state = DONE

    def _fault(self, what: str) -> None:
        self.fail(UpstreamProtocolError(f"{self._label} {what}", sent=True))


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
