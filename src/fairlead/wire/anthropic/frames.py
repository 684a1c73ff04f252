r"""Server-sent events as this vendor frames them, fast.

Each event is `event: <name>\ndata: <one line of JSON>\n\n`, and chunks mostly end where an event
ends. Such a chunk is cut by the blank lines; anything else goes through the full parser. The
shortcut is taken only while the parser holds nothing back, so any cut gives the same events.
"""

from fairlead.wire.framing.sse import SseEvent, SseParser

__all__ = ["Frames"]

_EVENT = b"event: "
_DATA = b"\ndata: "


class Frames:
    """A stream's bytes, cut into (event name, data, is a field)."""

    __slots__ = ("_idle", "_parser")

    def __init__(self) -> None:
        self._parser = SseParser()
        self._idle = True

    def feed(self, data: bytes) -> list[tuple[bytes, bytes, bool]]:
        """Events that `data` completes. Raises `SseTooLong` as the parser does."""
        at_end = data[-2:] == b"\n\n"
        if not (self._idle and at_end and data[:7] == _EVENT) or b"\r" in data:
            self._idle = at_end
            return [_plain(event) for event in self._parser.feed(data)]
        if data.count(b"\n") == 3:  # one event, the usual case
            name, found, payload = data[7:-2].partition(_DATA)
            if found:
                return [(name, payload, True)]
        out = []
        for piece in data[:-2].split(b"\n\n"):
            name, found, payload = piece.partition(_DATA)
            if found and b"\n" not in payload and b"\n" not in name and name.startswith(_EVENT):
                out.append((name[7:], payload, True))
            else:
                out += [_plain(event) for event in self._parser.feed(piece + b"\n\n")]
        return out

    def close(self) -> list[tuple[bytes, bytes, bool]]:
        """Events due at the end of the body."""
        return [_plain(event) for event in self._parser.close()]


def _plain(event: SseEvent) -> tuple[bytes, bytes, bool]:
    return (event.event or "").encode(), event.data, event.field
