"""What prompts cost, against what the vendors' documents and recordings say."""

import base64
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator import models
from fairlead.emulator.counting import count, text_tokens

HAIKU = models.find("anthropic", "claude-haiku-4-5")
HAIKU5 = models.find("anthropic", "claude-haiku-5-5")
FLASH = models.find("gemini", "gemini-2.5-flash")
FLASH3 = models.find("gemini", "gemini-3.8-flash")

PROSE = (
    "The harbour master looked out over the grey water and counted the boats that had come home "
    "before the storm; eleven of fourteen lay at their moorings, and of the others nobody spoke. "
)


def ask(*content):
    return {"messages": [{"role": "user", "content": list(content)}]}


def parts(*made):
    return {"contents": [{"role": "user", "parts": list(made)}]}


def inline(mime, data):
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}


def png(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\0" * 8


def picture(width, height):
    data = base64.b64encode(png(width, height)).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def test_prose_and_code_come_to_about_four_characters_a_token():
    assert 3.5 < len(PROSE) / text_tokens(PROSE) < 4.8
    code = Path(__file__).read_text("utf-8")
    assert 2.5 < len(code) / text_tokens(code) < 4.5


def test_ideographs_cost_one_each():
    assert text_tokens("港の船は十一隻") == 7


@settings(max_examples=100)
@given(st.text(), st.text())
def test_text_is_counted_the_same_each_time_and_about_additively(one, other):
    both = text_tokens(one + other)
    assert both == text_tokens(one + other)
    assert abs(both - text_tokens(one) - text_tokens(other)) <= 2


def test_a_megabyte_is_counted_in_bounded_time():
    text = PROSE * (1_000_000 // len(PROSE))
    begun = time.process_time()
    text_tokens(text)
    assert time.process_time() - begun < 60  # no stopwatch: what hangs takes hours


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(200, 200, 54), (1000, 1000, 1334), (4000, 4000, 1600)]
)
def test_anthropic_pictures(width, height, tokens):
    # "Image size and tokens" in the documentation on vision: 54, 1,334 and about 1,600.
    with_picture = count(HAIKU, ask(picture(width, height)))
    assert with_picture.by_modality["IMAGE"] - 7 == tokens


def test_haiku_5_5_counts_a_third_more():
    asked = ask({"type": "text", "text": PROSE * 20})
    assert count(HAIKU5, asked).total == pytest.approx(1.3 * count(HAIKU, asked).total, rel=0.01)


def test_tools_bring_a_prompt_of_their_own():
    bare = ask({"type": "text", "text": "hi"})
    tooled = bare | {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}
    assert count(HAIKU, tooled).total > count(HAIKU, bare).total + 346
    forced = tooled | {"tool_choice": {"type": "any"}}
    assert count(HAIKU, tooled).total - count(HAIKU, forced).total == 346 - 313


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(128, 128, 258), (597, 566, 258), (1000, 700, 516)]
)
def test_gemini_pictures(width, height, tokens):
    assert count(FLASH, parts(inline("image/png", png(width, height)))).total == tokens


def test_gemini_sound_film_and_pages_as_recorded():
    silence = b"\0" * 118_400  # 3.7 seconds at 32,000 bytes each
    head = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    wav = b"RIFF\0\0\0\0WAVEfmt " + head + b"data" + struct.pack("<I", len(silence)) + silence
    assert count(FLASH, parts(inline("audio/wav", wav))).by_modality == {"AUDIO": 119}
    assert count(FLASH3, parts(inline("audio/wav", wav))).by_modality == {"AUDIO": 93}
    box = b"mvhd" + struct.pack(">IIIII", 0, 0, 0, 1000, 13_347) + b"\0" * 80
    film = b"\0\0\0\x10ftypisom" + box
    assert count(FLASH, parts(inline("video/mp4", film))).by_modality == {"VIDEO": 3354}
    loud = count(FLASH, parts(inline("video/mp4", film + b"soun"))).by_modality
    assert loud == {"VIDEO": 263 * 13, "AUDIO": 428}
    pdf = b"%PDF-1.4 /Type /Page /Type /Page"
    assert count(FLASH, parts(inline("application/pdf", pdf))).by_modality == {"DOCUMENT": 516}


def test_modalities_add_up():
    found = count(FLASH, parts({"text": PROSE}, inline("image/png", png(9, 9))))
    assert found.total == sum(found.by_modality.values())
    assert found.by_modality.keys() == {"TEXT", "IMAGE"}


def test_counting_reads_the_request_inside():
    inner = parts({"text": PROSE})
    assert count(FLASH, {"generateContentRequest": inner}) == count(FLASH, inner)
