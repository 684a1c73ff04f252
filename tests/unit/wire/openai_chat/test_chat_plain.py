"""The short reading of a plain request says what the full one says, or leaves it to that."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.wire.openai_chat import CODEC
from fairlead.wire.openai_chat.plain import read_plain

MOST = 10_000_000
ROLES = st.sampled_from(["system", "developer", "user", "assistant"])
MESSAGES = st.lists(st.builds(lambda r, t: {"role": r, "content": t}, ROLES, st.text(max_size=8)))
KNOBS = st.fixed_dictionaries(
    {},
    optional={
        "max_tokens": st.integers(1, MOST) | st.none(),
        "temperature": st.floats(0, 2) | st.none(),
        "stream": st.booleans() | st.none(),
    },
)


@given(MESSAGES.filter(bool), KNOBS)
def test_short_and_full_reading_agree(messages: list[dict[str, str]], knobs: object) -> None:
    asked = {"model": "m", "messages": messages, **msgspec.convert(knobs, dict[str, object])}
    plain = msgspec.json.encode(asked)
    full = msgspec.json.encode({**asked, "store": None})
    read = read_plain(plain, MOST)
    assert read is not None
    assert read_plain(full, MOST) is None
    assert read == CODEC.decode_request(full)


@pytest.mark.parametrize(
    "rest",
    [
        '"max_tokens":0',
        '"max_tokens":5,"max_completion_tokens":5',
        '"max_tokens":10000001',
        '"max_tokens":"5"',
        '"temperature":2.5',
        '"temperature":-1',
        '"stream_options":{"include_usage":true}',
        '"stream":true,"stream_options":{"include_obfuscation":false}',
        '"tools":[]',
        '"stop":"x"',
        '"anything":1',
    ],
)
def test_whatever_does_not_fit_is_left_to_the_full_reading(rest: str) -> None:
    body = '{"model":"m","messages":[{"role":"user","content":"hi"}],' + rest + "}"
    assert read_plain(body.encode(), MOST) is None


@pytest.mark.parametrize(
    "messages",
    [
        b"[]",
        b'[{"role":"user","content":null}]',
        b'[{"role":"user","content":[{"type":"text","text":"a"}]}]',
        b'[{"role":"tool","content":"a","tool_call_id":"x"}]',
        b'[{"role":"user","content":"a","name":"bob"}]',
        b'[{"role":"user","content":"\xff"}]',
        b'[{"role":"user","content":"\\ud800"}]',
    ],
)
def test_other_messages_are_left_to_the_full_reading(messages: bytes) -> None:
    assert read_plain(b'{"model":"m","messages":' + messages + b"}", MOST) is None


def test_a_stream_with_usage_is_plain() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true'
    read = read_plain(body + b',"stream_options":{"include_usage":true}}', MOST)
    assert read is not None
    assert read.stream
    assert read.include_usage
