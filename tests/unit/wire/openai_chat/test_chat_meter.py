import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.wire.openai_chat.meter import HOLD_MOST, UsageStripper, ask_usage

USAGE = b'data: {"id":"x","choices":[],"usage":{"prompt_tokens":1,"total_tokens":2}}\n\n'
KEPT = [
    b'data: {"choices":[],"prompt_filter_results":[]}\n\n',  # Azure's first chunk
    b'data: {"choices":[{"delta":{"content":"\\"usage\\""}}],"usage":null}\r\n\r\n',
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"total_tokens":3}}\n\n',
    b": a comment\n\n",
    b'data: not json, with "usage"\n\n',
]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ("", {"include_usage": True}),
        (',"stream_options":null', {"include_usage": True}),
        (',"stream_options":{}', {"include_usage": True}),
        (',"stream_options":{"include_usage":false,"include_obfuscation":false}',
         {"include_usage": True, "include_obfuscation": False}),
    ],
)  # fmt: skip
def test_usage_is_asked_for_and_all_else_stays(options: str, asked: dict) -> None:
    body = f'{{"stream":true{options},"temperature":1.0,"x":[1, 2 ]}}'.encode()
    patched = ask_usage(body)
    assert json.loads(patched) == {**json.loads(body), "stream_options": asked}
    assert b"1.0" in patched
    assert b"[1, 2 ]" in patched


@pytest.mark.parametrize(
    "body",
    [b'{"stream_options": {"include_usage" : true}}', b"nonsense", b'{"stream_options":7}', b"[]"],
)
def test_who_asks_itself_or_makes_no_sense_is_left_alone(body: bytes) -> None:
    assert ask_usage(body) is body


@given(st.lists(st.sampled_from(KEPT), max_size=5), st.integers(0, 5), st.data())
def test_only_the_usage_chunk_is_taken_out_however_the_bytes_are_cut(kept, at, data) -> None:
    events = [*kept[:at], USAGE, *kept[at:], b"data: [DONE]\n\n"]
    stream = b"".join(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    strip = UsageStripper()
    got = b"".join(
        strip.feed(stream[a:b])
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    )  # fmt: skip
    assert got + strip.close() == stream.replace(USAGE, b"")


def test_what_never_ends_is_not_held_back_for_ever() -> None:
    strip = UsageStripper()
    endless = b"data: " + b"a" * HOLD_MOST
    assert strip.feed(endless) == endless
    assert strip.feed(b"b") == b""
    assert strip.close() == b"b"
