"""Media by the vendors' rules; the figures are the documents' own examples or recorded ones."""

import struct
from base64 import b64encode

import pytest

from fairlead.canon import Base64, FileRef, Media, MediaKind, Url
from fairlead.tokens.headers import audio_seconds, pages
from fairlead.tokens.media import weigh


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height)
    return b64encode(head + bytes(40)).decode()


def image(width: int, height: int, detail: str | None = None) -> Media:
    return Media("image", "image/png", Base64(png(width, height)), detail=detail)


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        # Anthropic, "Vision": 200 x 200 ~54, 1000 x 1000 ~1334, 1092 x 1092 ~1590
        ("claude-haiku-4-5-20251001", (200, 200), None, 54),
        ("claude-haiku-4-5-20251001", (1000, 1000), None, 1334),
        ("claude-haiku-4-5-20251001", (1092, 1092), None, 1590),
        ("claude-haiku-4-5-20251001", (8000, 8000), None, 1600),
        # Google: 258 for a small image; 960 x 540: crop unit 360, 6 tiles, 1,548
        ("gemini-2.5-flash", (128, 128), None, 258),
        ("gemini-2.5-flash", (960, 540), None, 1548),
        ("gemini-3-flash-preview", (597, 566), None, 1095),
        # OpenAI: 1024 x 1024 is 765, 2048 x 4096 is 1105, low 85
        ("gpt-4o", (1024, 1024), None, 765),
        ("gpt-4o", (2048, 4096), None, 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o-mini", (1, 1), None, 8500),
        ("gpt-4.1-nano", (540, 360), None, 502),
        ("gpt-5-mini", (597, 566), None, 411),
    ],
)
def test_images(model: str, size: tuple[int, int], detail: str | None, tokens: int) -> None:
    weight = weigh(image(*size, detail), model)
    assert round(weight.tokens) == pytest.approx(tokens, abs=2)
    assert weight.low <= weight.tokens <= weight.high


def test_a_wav_is_counted_by_its_rate() -> None:
    head = b"RIFF" + bytes(4) + b"WAVEfmt " + bytes(12) + struct.pack("<I", 32_000)
    sound = b64encode(head + bytes(64_000 - len(head))).decode()
    assert audio_seconds(sound) == pytest.approx(2.0, abs=0.01)
    weight = weigh(Media("audio", "audio/wav", Base64(sound)), "gemini-2.5-flash")
    assert weight.tokens == pytest.approx(50, abs=1)


def test_an_mp3_is_counted_by_its_bit_rate() -> None:
    frame = b"\xff\xfb\x50\x00"  # MPEG-1 layer III, 64 kbit/s
    sound = b64encode(frame + bytes(16_000 - 4)).decode()
    assert audio_seconds(sound) == pytest.approx(2.0, abs=0.01)


def test_an_mp4_says_how_long_it_is() -> None:
    header = b"mvhd" + bytes(12) + struct.pack(">II", 1_000, 3_500)
    video = Media("video", "video/mp4", Base64(b64encode(bytes(30) + header).decode()))
    assert weigh(video, "gemini-2.5-flash").tokens == pytest.approx(263 * 3.5)


def test_pages_of_a_pdf() -> None:
    pdf = b64encode(b"%PDF-1.4 /Type /Pages /Type /Page /Type /Page ").decode()
    assert pages(pdf) == 2
    assert pages(b64encode(b"plain words").decode()) is None
    weight = weigh(Media("document", "application/pdf", Base64(pdf)), "gemini-2.5-flash")
    assert weight.tokens == 516


@pytest.mark.parametrize("kind", ["image", "audio", "video", "document"])
@pytest.mark.parametrize(
    "model", ["claude-x", "gemini-2.5-flash", "gemini-3.8-flash", "gpt-4o", "?"]
)
def test_what_is_unknown_has_wide_bounds(kind: MediaKind, model: str) -> None:
    for source in (Url("https://example.com/a"), FileRef("gemini", "f"), Base64("!!!"), Base64("")):
        weight = weigh(Media(kind, "", source), model)
        assert 0 <= weight.low <= weight.tokens <= weight.high
