"""Sizes, lengths and pages, read from headers; rubbish gives None."""

import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator.counting import media


def wav(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))
    return made.getvalue()


def mp4(seconds: int) -> bytes:
    header = struct.pack(">IIIII", 0, 0, 0, 1000, seconds * 1000) + b"\0" * 80
    box = struct.pack(">I", 8 + len(header)) + b"mvhd" + header
    return struct.pack(">I", 16) + b"ftypisom\0\0\0\0" + b"\0" * 4 + box


def avi(frames: int, per_second: int) -> bytes:
    main = struct.pack("<IIIII", 1_000_000 // per_second, 0, 0, 0, frames) + b"\0" * 36
    inner = b"hdrlavih" + struct.pack("<I", len(main)) + main
    return b"RIFF\0\0\0\0AVI LIST\0\0\0\0" + inner


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\0\0\0"
GIF = b"GIF89a" + struct.pack("<HH", 320, 200) + b"\0\0\0"
JPEG = (
    b"\xff\xd8\xff\xe0"
    + struct.pack(">H", 16)
    + b"JFIF\0" * 2
    + b"\0" * 4
    + b"\xff\xc0"
    + struct.pack(">HBHH", 17, 8, 50, 70)
    + b"\0" * 8
)
WEBP = b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + b"\x1f\x03\0" + b"\x57\x02\0"


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (PNG, "image/png", (640, 480)),
        (GIF, "image/gif", (320, 200)),
        (JPEG, "image/jpeg", (70, 50)),
        (WEBP, "image/webp", (800, 600)),
    ],
)
def test_pictures(data, kind, size):
    assert media.image_type(data) == kind
    assert media.image_size(data) == size
    assert media.image_size(data[:9]) is None


def test_sound():
    assert media.audio_seconds(wav(1.5)) == pytest.approx(1.5)
    mp3 = b"\xff\xfb\x90\x00" + b"\0" * 15_996  # 128 kbit/s
    assert media.audio_seconds(mp3) == pytest.approx(1.0)
    assert media.audio_seconds(b"OggS") is None


def test_film():
    assert media.video_seconds(mp4(13)) == pytest.approx(13)
    assert media.video_seconds(avi(50, 25)) == pytest.approx(2, rel=0.01)
    assert media.video_seconds(b"\0" * 64) is None


def test_pdf():
    assert media.pdf_pages(b"%PDF-1.4 /Type /Page /Type/Page\n/Type /Pages /Count 9") == 2
    assert media.pdf_pages(b"%PDF-1.7 /Type /Pages /Count 9") == 9
    assert media.pdf_pages(b"<html>") is None


def test_base64():
    assert media.decoded("-_8", url_safe=True) == b"\xfb\xff"
    assert media.decoded("-_8") is None
    assert media.decoded("AA=A") is None


HEADS = [b"", b"\xff\xd8\xff", PNG[:8], b"GIF89a", WEBP[:16], b"RIFF\0\0\0\0WAVE", b"RIFF....AVI "]


@settings(max_examples=200)
@given(st.sampled_from([*HEADS, b"ID3\x03\0\0", b"\0\0\0\x10ftypmvhd", b"%PDF-"]), st.binary())
def test_rubbish_never_raises(head, tail):
    data = head + tail
    for reader in (
        media.image_type,
        media.image_size,
        media.audio_seconds,
        media.video_seconds,
        media.pdf_pages,
    ):
        reader(data)
