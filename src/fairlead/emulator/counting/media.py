"""What the bytes of a picture, a sound, a film or a PDF say of themselves.

Only headers are read, never more than they need; bytes that aren't what they should be give None,
not an error.
"""

import base64
import binascii
import re
from collections.abc import Callable

__all__ = [
    "audio_seconds",
    "decoded",
    "has_sound",
    "image_size",
    "image_type",
    "pdf_pages",
    "video_seconds",
]

_URL_SAFE = str.maketrans("-_", "+/")
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = {0x01, *range(0xD0, 0xDA)}
# "/Type /Pages" is the tree's inner node, not a page.
_PDF_PAGE = re.compile(rb"/Type\s*/Page(?![s\w])")
_PDF_COUNT = re.compile(rb"/Count\s+(\d{1,6})")
_MP3_RATES = (44_100, 48_000, 32_000, 44_100)
_MP3_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def decoded(text: str, *, url_safe: bool = False) -> bytes | None:
    """Base64 as bytes; with `url_safe` both alphabets and missing padding too. None if it isn't."""
    if url_safe:
        text = text.translate(_URL_SAFE).rstrip("=")
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def image_type(data: bytes) -> str | None:
    """The media type that a picture's first bytes show."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heif"):
        return "image/heic"
    return None


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, where the header states them."""
    reader = _SIZES.get(image_type(data) or "")
    return reader(data) if reader else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _JPEG_SIZES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(
                data[at + 5 : at + 7], "big"
            )
        if marker == 0xFF or marker in _JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if kind == b"VP8 ":
        return (
            int.from_bytes(data[26:28], "little") & 0x3FFF,
            int.from_bytes(data[28:30], "little") & 0x3FFF,
        )
    return None


_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png_size,
    "image/gif": _gif_size,
    "image/jpeg": _jpeg_size,
    "image/webp": _webp_size,
}


def pdf_pages(data: bytes) -> int | None:
    """Pages of a PDF: page objects, or the page tree's count where objects are compressed."""
    if b"%PDF-" not in data[:1024]:
        return None
    pages = sum(1 for _ in _PDF_PAGE.finditer(data))
    if pages:
        return pages
    return max((int(found[1]) for found in _PDF_COUNT.finditer(data)), default=1) or 1


def audio_seconds(data: bytes) -> float | None:
    """Length of a WAV or MP3."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _wav_seconds(data)
    if data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0):
        return _mp3_seconds(data)
    return None


def _wav_seconds(data: bytes) -> float | None:
    at, rate = 12, 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"fmt " and at + 24 <= len(data):
            rate = int.from_bytes(data[at + 16 : at + 20], "little")
        elif kind == b"data":
            return min(size, len(data) - at - 8) / rate if rate else None
        at += 8 + size + (size & 1)
    return None


def _mp3_seconds(data: bytes) -> float | None:
    at = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        at = 10 + ((data[6] << 21) | (data[7] << 14) | (data[8] << 7) | data[9])
    at = data.find(b"\xff", at)
    if at < 0 or at + 4 > len(data):
        return None
    xing = max(data.find(b"Xing", at, at + 64), data.find(b"Info", at, at + 64))
    if xing > 0 and data[xing + 7 : xing + 8] and data[xing + 7] & 1:
        # A variable bit rate: the header states the frames, of 1,152 samples each.
        rate = _MP3_RATES[data[at + 2] >> 2 & 3]
        return int.from_bytes(data[xing + 8 : xing + 12], "big") * 1152 / rate
    kbps_index = data[at + 2] >> 4
    if not 0 < kbps_index < len(_MP3_KBPS):
        return None
    return (len(data) - at) * 8 / (_MP3_KBPS[kbps_index] * 1000)


def video_seconds(data: bytes) -> float | None:
    """Length of an MP4 (its movie header) or an AVI (its main header)."""
    if data[4:8] == b"ftyp":
        return _mp4_seconds(data)
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        at = data.find(b"avih", 0, 4096)
        if at >= 0 and at + 28 <= len(data):
            per_frame = int.from_bytes(data[at + 8 : at + 12], "little")
            frames = int.from_bytes(data[at + 24 : at + 28], "little")
            return per_frame * frames / 1e6
    return None


def has_sound(film: bytes) -> bool:
    """Whether a film has a sound track."""
    return b"soun" in film or b"auds" in film


def _mp4_seconds(data: bytes) -> float | None:
    at = data.find(b"mvhd")
    if at < 0 or at + 32 > len(data):
        return None
    if data[at + 4] == 1:
        scale = int.from_bytes(data[at + 24 : at + 28], "big")
        length = int.from_bytes(data[at + 28 : at + 36], "big")
    else:
        scale = int.from_bytes(data[at + 16 : at + 20], "big")
        length = int.from_bytes(data[at + 20 : at + 24], "big")
    return length / scale if scale else None
