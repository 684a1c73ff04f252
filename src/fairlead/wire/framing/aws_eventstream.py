"""AWS's binary event stream (`application/vnd.amazon.eventstream`): bytes in, messages out.

    message = prelude (total length, headers' length; 4 + 4 bytes, big-endian)
            | CRC32 of the prelude | headers | payload | CRC32 of all before it
    header  = length of the name (1) | name | type of the value (1) | value

(Smithy 2.0, "Amazon Event Stream specification".) Two rules follow from it:

- Nothing of a length is believed before the prelude's CRC has been checked, and no length beyond
  the limits is waited for: broken bytes end the stream at once instead of swelling the buffer.
- A message is handed out whole and checked or not at all.

`pending` is true inside a message: a body that ends there was cut off.
"""

from functools import lru_cache
from struct import Struct as Packed
from struct import error as Unpackable  # noqa: N812 - an exception, which the module spells small
from typing import Final
from zlib import crc32

from msgspec import Struct

__all__ = ["EventStreamBroken", "EventStreamParser", "Message"]

HEADERS_MOST: Final = 128 * 1024
PAYLOAD_MOST: Final = 24 * 1024 * 1024
"""Bytes. The limits of the specification ("headers 128 KiB, payload 24 MiB") and of botocore."""

_PRELUDE: Final = Packed("!III")
_CRC: Final = Packed("!I")
_LENGTH: Final = Packed("!H")
_FRAME: Final = _PRELUDE.size + _CRC.size
_KNOWN_MOST: Final = 256
_STRING: Final = 7
# By the type of a header's value: true, false, byte, short, int, long, (bytes, string: of told
# length), timestamp, uuid.
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_TOLD: Final = frozenset({6, _STRING})


class EventStreamBroken(Exception):
    """The bytes are no event stream: a wrong checksum, an impossible length, a bad header."""


class Message(Struct, frozen=True, gc=False):
    """One message. `headers` holds the string ones, which are all that Bedrock sends; messages
    share them, so nobody may change them.
    """

    headers: dict[str, str]
    payload: bytes


class EventStreamParser:
    """Push parser: `feed` what came, get the messages that it completes."""

    __slots__ = ("_broken", "_held", "_most")

    def __init__(self, payload_most: int = PAYLOAD_MOST) -> None:
        self._held = bytearray()
        self._most = payload_most
        self._broken: str | None = None

    @property
    def pending(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Message]:
        """Messages completed by `data`.

        Messages that stand before a broken one are not lost: they are given, and the fault is
        raised by `check` and by every `feed` after.

        Raises:
            EventStreamBroken: what came cannot be believed.
        """
        self.check()
        held = self._held
        held += data
        messages: list[Message] = []
        try:
            while (size := self._size(held)) and len(held) >= size:
                messages.append(_message(bytes(held[:size])))
                del held[:size]
        except EventStreamBroken as error:
            self._broken = str(error)
            held.clear()
            if not messages:
                raise
        return messages

    def check(self) -> None:
        """Raise the fault that stood behind the messages of the last `feed`, if one did.

        Raises:
            EventStreamBroken: see `feed`.
        """
        if self._broken is not None:
            raise EventStreamBroken(self._broken)

    def _size(self, held: bytearray) -> int:
        """Bytes of the message that begins here; 0 while its prelude is not complete."""
        if len(held) < _PRELUDE.size:
            return 0
        total, headers, told = _PRELUDE.unpack_from(held)
        if crc32(held[:8]) != told:
            raise EventStreamBroken("the checksum of a message's prelude is wrong")
        payload = total - headers - _FRAME
        if payload < 0 or headers > HEADERS_MOST or payload > self._most:
            raise EventStreamBroken(f"a message of {total} bytes, {headers} of them headers")
        return int(total)


def _message(data: bytes) -> Message:
    if crc32(data[:-4]) != _CRC.unpack_from(data, len(data) - 4)[0]:
        raise EventStreamBroken("the checksum of a message is wrong")
    end = _PRELUDE.size + _PRELUDE.unpack_from(data)[1]
    try:
        head = data[_PRELUDE.size : end]
        headers = _known_headers(head) if len(head) <= _KNOWN_MOST else _headers(head)
        return Message(headers, data[end:-4])
    except (IndexError, KeyError, Unpackable, UnicodeDecodeError) as error:
        raise EventStreamBroken("a message's headers cannot be read") from error


@lru_cache(maxsize=64)
def _known_headers(data: bytes) -> dict[str, str]:
    """Headers that come with message after message: a stream has half a dozen kinds of them."""
    return _headers(data)


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at, end = 0, len(data)
    while at < end:
        behind = at + 1 + data[at]
        name = data[at + 1 : behind].decode("utf-8")
        kind = data[behind]
        at = behind + 1
        if kind in _TOLD:
            (length,) = _LENGTH.unpack_from(data, at)
            at += 2
        else:
            length = _FIXED[kind]
        if at + length > end:
            raise IndexError(name)
        if kind == _STRING:
            found[name] = data[at : at + length].decode("utf-8")
        at += length
    return found
