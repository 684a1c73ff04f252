"""AWS's binary event stream, written: `total | headers' length | CRC | headers | payload | CRC`.

By the specification (Smithy 2.0, "Amazon Event Stream"), apart from the gateway's reader and from
botocore's. Every header is a string: type 7, a length of two bytes, UTF-8.
"""

import base64
import zlib
from typing import Any

import msgspec

__all__ = ["chunk", "event", "exception", "frame"]

_encode = msgspec.json.Encoder().encode
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message."""
    head = bytearray()
    for name, value in headers.items():
        raw = value.encode()
        head += bytes([len(name)]) + name.encode() + b"\x07" + len(raw).to_bytes(2, "big") + raw
    total = 12 + len(head) + len(payload) + 4
    prelude = total.to_bytes(4, "big") + len(head).to_bytes(4, "big")
    body = prelude + zlib.crc32(prelude).to_bytes(4, "big") + head + payload
    return bytes(body + zlib.crc32(body).to_bytes(4, "big"))


def event(name: str, data: dict[str, Any]) -> bytes:
    """An event with JSON, padded to hide its length as the service does (`p`)."""
    pad = _PADDING[: 4 + (len(name) * 7 + len(data) * 13) % 50]
    return frame(
        {":event-type": name, ":content-type": "application/json", ":message-type": "event"},
        _encode({**data, "p": pad}),
    )


def chunk(data: bytes) -> bytes:
    """An event of InvokeModelWithResponseStream: a model's own bytes, in base64."""
    return event("chunk", {"bytes": base64.b64encode(data).decode()})


def exception(name: str, message: str) -> bytes:
    """An exception in the middle of a stream."""
    return frame(
        {
            ":exception-type": name[:1].lower() + name[1:],
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        _encode({"message": message}),
    )
