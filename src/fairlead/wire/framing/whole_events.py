"""Server-sent events handed on whole.

A relay that breaks off in the middle of an event would glue its own last words to half a JSON: SDKs
then raise what their JSON reader says (`JSONDecodeError`), and nobody sees the error that is told
behind it. So the start of an event waits for its end, which costs nothing: no client can use half
an event. All bytes pass unchanged and in order, whatever the pieces.
"""

from typing import Final

__all__ = ["HOLD_MOST", "WholeEvents"]

HOLD_MOST: Final = 1 << 20
"""Bytes of one event that are held at most; what is longer is handed on as it comes."""

_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")


class WholeEvents:
    """Feed it a stream's pieces; it gives back what ends with the end of an event."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What the client shall get now."""
        if not self._held and data.endswith(_ENDS):
            return data
        data = self._held + data
        cut = max(data.rfind(end) + len(end) if end in data else 0 for end in _ENDS)
        if len(data) - cut > HOLD_MOST:
            cut = len(data)
        self._held = data[cut:]
        return data[:cut]

    def close(self) -> bytes:
        """What is left of a stream that ended without the end of its last event."""
        held, self._held = self._held, b""
        return held
