"""Media that a benchmark sends: an image and a sound of a known size, made here."""

import base64
import io
import struct
import wave
import zlib
from collections.abc import Mapping

__all__ = ["PARTS"]

EDGE, SECONDS, RATE = 768, 8, 8_000


def _image() -> str:
    """A grey PNG as a data URL; vendors count its size, not what it shows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", EDGE, EDGE, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * EDGE for _ in range(EDGE)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _sound() -> str:
    """Some seconds of silence as a WAV file in base64."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        out.writeframes(b"\x80" * RATE * SECONDS)
    return base64.b64encode(file.getvalue()).decode()


PARTS: Mapping[str, object] = {
    "image": {"type": "image_url", "image_url": {"url": _image()}},
    "audio": {"type": "input_audio", "input_audio": {"data": _sound(), "format": "wav"}},
}
"""Parts of a message in Chat Completions, by the kind of work that has them."""
