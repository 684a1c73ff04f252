r"""Server-sent events: bytes in, events out, however the bytes are cut.

The rules are those of the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream": lines
end in LF, CRLF or a lone CR; a blank line dispatches; `data:` lines of one event are joined by LF;
one space behind the colon is dropped; a line that opens with a colon is a comment; a BOM at the
very start is dropped. Two things go beyond it, both seen in recorded traffic:

- A line with no known field name is not ignored but handed out as a *stray* (`field` False): Gemini
  reports errors in mid-stream as bare JSON without `data:`.
- At the end of the body an event that no blank line closed is dispatched by `close`: vendors end
  their last event with the end of the body, and its usage would be lost otherwise.

A line that grows past `limit` bytes raises `SseTooLong`: no upstream may make the gateway swell.

Chunks mostly end where an event ends, and nearly every event is one `data: ` line, with an
`event: ` line before it or none. While nothing is held back, such chunks are cut by their blank
lines alone; anything else goes through the rules line by line, so any cut gives the same events.
"""

from msgspec import Struct

__all__ = ["SseEvent", "SseParser", "SseTooLong"]

LINE_LIMIT = 32 * 1024 * 1024
_FIELDS = frozenset((b"data", b"event", b"id", b"retry"))
_CR = 0x0D  # bytes are searched for a number at once; for bytes, an error is made and dropped first
_LF = 0x0A
_OPENINGS = frozenset((b"data: ", b"event:"))


class SseTooLong(Exception):
    """One line is longer than the parser's limit."""


class SseEvent(Struct, frozen=True, gc=False):
    """One event. `field` is False for a stray line, whose bytes are then in `data`."""

    event: str | None
    data: bytes
    field: bool = True


class SseParser:
    """Push parser: `feed` what came, get the events that it completes.

    `idle`: nothing is held back, so the next byte opens an event.
    """

    __slots__ = (
        "_data",
        "_event",
        "_limit",
        "_pieces",
        "_size",
        "_skip_lf",
        "_start",
        "_stray",
        "idle",
    )

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []  # of the line that is not complete yet
        self._size = 0
        self._skip_lf = False  # the last byte was CR: an LF that follows belongs to it
        self._start = True  # a BOM may come
        self.idle = True
        self._data: list[bytes] = []
        self._event: str | None = None
        self._stray: list[bytes] = []

    def feed(self, data: bytes) -> list[SseEvent]:
        """Events completed by `data`.

        Raises:
            SseTooLong: a single line passed the limit.
        """
        if self.idle:
            if data[:6] == b"data: ":
                line, _, more = data.partition(b"\n")
                if more == b"\n" and _CR not in line:  # one event, and no more
                    self._start = False
                    return [SseEvent(None, line[6:])]
                if more == b"\r\n" and line.find(b"\r") == len(line) - 1:
                    self._start = False
                    return [SseEvent(None, line[6:-1])]
            elif data[:7] == b"event: " and _CR not in data:
                head, _, rest = data.partition(b"\n")
                line, _, more = rest.partition(b"\n")
                if more == b"\n" and line[:6] == b"data: ":
                    self._start = False
                    return [SseEvent(str(head[7:], "utf-8", "replace"), line[6:])]
            plain = data.replace(b"\r\n", b"\n") if data[-4:] == b"\r\n\r\n" else data
            if plain[-2:] == b"\n\n" and plain[:6] in _OPENINGS and _CR not in plain:
                self._start = False
                return self._cut(plain)
        events = self._read(data)
        self.idle = not (
            self._pieces or self._data or self._stray or self._skip_lf or self._event is not None
        )
        return events

    def _cut(self, data: bytes) -> list[SseEvent]:
        """Whole events, of lines that end in LF, up to and with the last blank line."""
        events: list[SseEvent] = []
        for event in data[:-2].split(b"\n\n"):
            if event[:6] == b"data: " and _LF not in event:
                events.append(SseEvent(None, event[6:]))
                continue
            head, _, line = event.partition(b"\ndata: ")
            if head[:7] == b"event: " and line and _LF not in head and _LF not in line:
                events.append(SseEvent(str(head[7:], "utf-8", "replace"), line))
            else:
                events += self._read(event + b"\n\n")
        return events

    def _read(self, data: bytes) -> list[SseEvent]:
        """Line by line, whatever is held back."""
        if not data:
            return []
        if self._skip_lf:
            self._skip_lf = False
            if data[0] == 0x0A:
                data = data[1:]
        if data.endswith(b"\r"):
            self._skip_lf = True
        events: list[SseEvent] = []
        if _CR in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        head, newline, tail = data.partition(b"\n")
        if not newline:
            self._keep(head)
            return events
        if self._pieces:
            self._pieces.append(head)
            head = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
        if self._start:
            self._start = False
            head = head.removeprefix(b"\xef\xbb\xbf")
        self._line(head, events)
        if tail:
            *lines, rest = tail.split(b"\n")
            for line in lines:
                self._line(line, events)
            if rest:
                self._keep(rest)
        return events

    def close(self) -> list[SseEvent]:
        """Events due at the end of the body: an unfinished one, and any stray lines."""
        events: list[SseEvent] = []
        if self._pieces:
            line = b"".join(self._pieces)
            self._pieces.clear()
            self._line(line.removeprefix(b"\xef\xbb\xbf") if self._start else line, events)
        self._line(b"", events)
        return events

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise SseTooLong(f"a line of the stream is longer than {self._limit} bytes")
        self._pieces.append(piece)

    def _line(self, line: bytes, events: list[SseEvent]) -> None:
        if line.startswith(b"data:"):
            if self._stray:
                self._flush_stray(events)
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            return
        if not line:
            if self._stray:
                self._flush_stray(events)
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                events.append(SseEvent(self._event, data))
                self._data.clear()
            self._event = None
            return
        if line[0] == 0x3A:  # a comment
            return
        name, _, value = line.partition(b":")
        if name == b"event":
            self._event = value.removeprefix(b" ").decode("utf-8", "replace")
        elif name == b"data":  # a `data` line without a colon is an empty line of data
            self._data.append(b"")
        elif name not in _FIELDS:
            self._stray.append(line)

    def _flush_stray(self, events: list[SseEvent]) -> None:
        events.append(SseEvent(None, b"\n".join(self._stray), field=False))
        self._stray.clear()
