"""Sizes of media from their first bytes: pixels of images, seconds of sound, pages of PDFs."""

from binascii import Error as Base64Error
from binascii import a2b_base64

__all__ = ["audio_seconds", "head", "image_size", "pages", "video_seconds"]

HEADER = 1 << 16
"""Characters of base64 that are decoded to read a header."""
PAGES_READ = 4 << 20
"""Characters of base64 of a PDF that are searched for pages."""
AUDIO_BYTES_PER_SECOND = 16_000  # 128 kbit/s, the usual MP3
VIDEO_BYTES_PER_SECOND = 150_000  # 1.2 Mbit/s
PAGE_BYTES = 50_000
_LAYER_3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""kbit/s of MPEG-1 layer III by the header's index (ISO 11172-3)."""


def head(data: str, size: int = HEADER) -> bytes:
    """The first bytes of what `data` holds in base64; none if it is no base64."""
    piece = data[: size - size % 4]
    try:
        return a2b_base64(piece)
    except (Base64Error, ValueError):
        return b""


def image_size(start: bytes) -> tuple[int, int] | None:
    """Width and height in pixels from the first bytes of a PNG, GIF, JPEG or WebP."""
    if start.startswith(b"\x89PNG") and len(start) >= 24:
        return int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
    if start.startswith(b"GIF8") and len(start) >= 10:
        return int.from_bytes(start[6:8], "little"), int.from_bytes(start[8:10], "little")
    if start.startswith(b"\xff\xd8"):
        return _jpeg_size(start)
    if start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X" and len(start) >= 30:
        return (
            int.from_bytes(start[24:27], "little") + 1,
            int.from_bytes(start[27:30], "little") + 1,
        )
    return None


def _jpeg_size(start: bytes) -> tuple[int, int] | None:
    """The frame header (SOF0 to SOF15 without DHT, JPG, DAC) behind the other segments."""
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:
        marker = start[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height = int.from_bytes(start[at + 5 : at + 7], "big")
            return int.from_bytes(start[at + 7 : at + 9], "big"), height
        at += 2 + int.from_bytes(start[at + 2 : at + 4], "big")
    return None


def audio_seconds(data: str) -> float:
    """Seconds of a sound: by the rate in a WAV's or an MP3's header, else as 128 kbit/s."""
    size = len(data) * 3 // 4
    start = head(data, 8192)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE" and len(start) >= 32:
        return size / (int.from_bytes(start[28:32], "little") or AUDIO_BYTES_PER_SECOND)
    skip = 0
    if start[:3] == b"ID3" and len(start) >= 10:
        # ID3v2.4, 6.2: the size is stored in four bytes of seven bits.
        skip = 10 + sum(start[6 + n] << (7 * (3 - n)) for n in range(4))
    at = start.find(b"\xff\xfb", skip if skip < len(start) else 0)
    kbits = _LAYER_3[start[at + 2] >> 4] if 0 <= at < len(start) - 2 and start[at + 2] < 240 else 0
    return max(0, size - skip) / (kbits * 125 or AUDIO_BYTES_PER_SECOND)


def video_seconds(data: str) -> float:
    """Seconds of a video: as an MP4's header says, else guessed from its size as 1.2 Mbit/s."""
    content = head(data, PAGES_READ)
    at = content.find(b"mvhd")
    if at >= 0 and len(content) >= at + 24 and content[at + 4] == 0:
        # ISO 14496-12, 8.2.2: version and flags, two dates, units per second, units.
        scale = int.from_bytes(content[at + 16 : at + 20], "big")
        if scale:
            return int.from_bytes(content[at + 20 : at + 24], "big") / scale
    return max(1.0, len(data) * 3 / 4 / VIDEO_BYTES_PER_SECOND)


def pages(data: str) -> int | None:
    """Pages of a PDF, guessed from its size where they are compressed; None: it is no PDF."""
    content = head(data, PAGES_READ)
    if not content.startswith(b"%PDF"):
        return None
    marked = content.count(b"/Type /Page") + content.count(b"/Type/Page")
    marked -= content.count(b"/Type /Pages") + content.count(b"/Type/Pages")
    return max(0, marked) or len(data) * 3 // 4 // PAGE_BYTES + 1
