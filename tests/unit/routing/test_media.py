"""Sizes of media from their headers."""

import struct
from base64 import b64encode

import pytest

from fairlead.canon import Base64, FileRef, Media, Url
from fairlead.canon.content import MediaKind
from fairlead.routing.media import TYPICAL, image_size, measure


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"


def jpeg(width: int, height: int, preview: int) -> bytes:
    segment = b"\xff\xe1" + struct.pack(">H", preview + 2) + b"\0" * preview
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\0" * 9
    return b"\xff\xd8" + segment + frame


def wav(seconds: int) -> bytes:
    rate = 32_000
    head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0" + struct.pack("<II", 16_000, rate)
    return head + b"\x02\0\x10\0data\0\0\0\0" + b"\0" * (rate * seconds)


def given(kind: MediaKind, content: bytes) -> Media:
    return Media(kind, "x/y", Base64(b64encode(content).decode()))


@pytest.mark.parametrize(
    "head",
    [
        png(1024, 768),
        b"GIF89a" + struct.pack("<HH", 1024, 768),
        jpeg(1024, 768, 20),
        jpeg(1024, 768, 30_000),
        b"RIFF\0\0\0\0WEBPVP8X" + b"\x0a\0\0\0\0\0\0\0" + b"\xff\x03\0" + b"\xff\x02\0",
    ],
)
def test_dimensions_are_read(head: bytes) -> None:
    assert image_size(head) == (1024, 768)


def test_images_count_by_their_pixels() -> None:
    assert measure(given("image", png(1000, 750))).best == 1_000
    assert measure(given("image", png(8_000, 6_000))).best == 1_600
    assert measure(given("image", png(8, 8))).best == 258
    assert measure(given("image", png(3_000, 3_000))).high == 16 * 258
    assert measure(given("image", jpeg(1000, 750, 40_000))).best == 1_000


def test_sound_counts_by_its_seconds() -> None:
    best, high, _ = measure(given("audio", wav(10)))
    assert 320 <= best <= 360
    assert best < high < 400


def test_a_pdf_counts_by_its_pages() -> None:
    pages = b"<< /Type /Pages /Count 3 >>" + b"<< /Type /Page >>\n" * 3
    best, high, _ = measure(given("document", b"%PDF-1.7\n" + pages))
    assert (best, high) == (4_800, 9_000)


@pytest.mark.parametrize("kind", ["image", "audio", "video", "document"])
@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"%PDF"])
def test_broken_files_are_no_accident(kind: MediaKind, content: bytes) -> None:
    best, high, _ = measure(given(kind, content))
    assert 0 < best <= high
    odd = Media(kind, "x/y", Base64("!" + b64encode(content).decode()))
    assert measure(odd).best > 0


@pytest.mark.parametrize("kind", ["image", "audio", "video", "document"])
def test_what_is_given_by_address_counts_as_typical(kind: MediaKind) -> None:
    for source in (Url("https://example.org/x"), FileRef("gemini", "files/1")):
        assert measure(Media(kind, "", source)) == (*TYPICAL[kind], 0)
