"""The three ways in which Gemini's bytes come: SSE, a JSON array, or one bare object.

`streamGenerateContent` answers SSE with `alt=sse` and a JSON array without it (9 recorded); an
error, also in mid-stream, comes as a bare object without `data:` (google-genai 3.4.0,
`_api_client._iter_response_stream`: "When API returns an error message, it comes line by line").
The first byte that is not white space tells which.
"""

import re
from typing import Final

from fairlead.wire.framing.sse import LINE_LIMIT, SseEvent, SseParser, SseTooLong

__all__ = ["Frames", "SseTooLong"]

_WHITE: Final = b" \t\r\n\xef\xbb\xbf"
_MARKS: Final = re.compile(rb'["\\{}]')
_NOTHING: Final = (b"", b"[DONE]")  # the latter not Gemini's own: OpenAI-minded proxies add it


class Frames:
    """Bytes in, whole JSON texts out, however the bytes are cut."""

    __slots__ = ("_objects", "_sse")

    def __init__(self) -> None:
        self._sse: SseParser | None = None
        self._objects: _Objects | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """JSON texts that `data` completes.

        Raises:
            SseTooLong: one of them passed the limit.
        """
        if self._sse is not None:
            return _payloads(self._sse.feed(data))
        if self._objects is not None:
            return self._objects.feed(data)
        start = data.lstrip(_WHITE)
        if not start:
            return []
        if start[:1] in (b"{", b"["):
            self._objects = _Objects()
        else:
            self._sse = SseParser()
        return self.feed(start)

    def close(self) -> list[bytes]:
        """What is left at the end of the body: an unfinished text is handed out as it is."""
        if self._sse is not None:
            return _payloads(self._sse.close())
        return self._objects.close() if self._objects is not None else []


def _payloads(events: list[SseEvent]) -> list[bytes]:
    if len(events) == 1:
        data = events[0].data
        return [] if data.isspace() or data in _NOTHING else [data]
    return [data for event in events if (data := event.data) not in _NOTHING and not data.isspace()]


class _Objects:
    """Splits top-level objects out of an array, or out of nothing: only braces count."""

    __slots__ = ("_depth", "_escaped", "_kept", "_quoted")

    def __init__(self) -> None:
        self._kept = bytearray()
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        texts: list[bytes] = []
        skip = 0
        if self._escaped and data:
            skip, self._escaped = 1, False
        start = 0 if self._depth else -1
        for mark in _MARKS.finditer(data):
            at = mark.start()
            if at < skip:
                continue
            sign = data[at]
            if self._quoted:
                if sign == 0x5C:  # a backslash: whatever follows it is no mark
                    skip = at + 2
                    self._escaped = skip > len(data)
                elif sign == 0x22:
                    self._quoted = False
            elif sign == 0x22:
                self._quoted = self._depth > 0
            elif sign == 0x7B:
                if not self._depth:
                    start = at
                self._depth += 1
            elif sign == 0x7D and self._depth:
                self._depth -= 1
                if not self._depth:
                    texts.append(bytes(self._kept) + data[start : at + 1])
                    self._kept.clear()
                    start = -1
        if start >= 0:
            self._kept += data[start:]
            if len(self._kept) > LINE_LIMIT:
                raise SseTooLong(f"one object of the stream is longer than {LINE_LIMIT} bytes")
        return texts

    def close(self) -> list[bytes]:
        return [bytes(self._kept)] if self._kept else []
