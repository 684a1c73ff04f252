import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.openai_chat.strategies_chat import usages

from fairlead.canon import Usage
from fairlead.wire.openai_chat import CODEC
from fairlead.wire.openai_chat.answers import UsageIn
from fairlead.wire.openai_chat.usage import read_usage, write_usage

CASES = {
    "plain": (
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        Usage(10, output=5),
    ),
    "cached and reasoning are parts": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 5},
        },
        Usage(30, input_audio=10, cache_read=60, output=5, output_audio=5, thinking=40),
    ),
    "cache writes": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 1,
            "total_tokens": 101,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        },
        Usage(10, cache_read=60, cache_write_5m=30, output=1),
    ),
    "audio and cached tokens are partly the same": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 1,
            "total_tokens": 101,
            "prompt_tokens_details": {"cached_tokens": 70, "audio_tokens": 50},
        },
        Usage(0, input_audio=30, cache_read=50, cache_read_audio=20, output=1),
    ),
    "DeepSeek": (
        {"prompt_tokens": 563, "completion_tokens": 1, "prompt_cache_hit_tokens": 512},
        Usage(51, cache_read=512, output=1),
    ),
    "Gemini's front leaves thoughts out of the completion": (
        {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
        Usage(35, output=12, thinking=62),
    ),
    "Mistral leaves audio out of the prompt": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 201,
            "total_tokens": 585,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 375},
        },
        Usage(9, input_audio=375, output=201),
    ),
    "Grok on Azure reports more cached tokens than prompt tokens": (
        {
            "prompt_tokens": 7,
            "completion_tokens": 1,
            "total_tokens": 8,
            "prompt_tokens_details": {"cached_tokens": 163},
        },
        Usage(7, cache_read=163, output=1, estimated=True),
    ),
    "details beyond the whole": (
        {
            "prompt_tokens": 1,
            "completion_tokens": 5,
            "total_tokens": 6,
            "completion_tokens_details": {"reasoning_tokens": 9},
        },
        Usage(1, thinking=5),
    ),
    "searches": (
        {
            "prompt_tokens": 1,
            "completion_tokens": 5,
            "server_tool_use_details": {"web_search_requests": 3, "other": 1},
        },
        Usage(1, output=5, server_calls=(("web_search", 3),)),
    ),
}


@pytest.mark.parametrize(("told", "usage"), CASES.values(), ids=CASES)
def test_read(told, usage):
    assert read_usage(msgspec.convert(told, UsageIn)) == usage


@given(usages)
def test_both_ways(usage):
    told = write_usage(usage)
    assert told["total_tokens"] == told["prompt_tokens"] + told["completion_tokens"] == usage.total
    assert read_usage(msgspec.convert(told, UsageIn), usage.tier) == usage


counts = st.none() | st.integers(0, 1000)
details = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "reasoning_tokens"],
        counts,
    ),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": counts,
            "completion_tokens": counts,
            "total_tokens": counts,
            "prompt_tokens_details": st.none() | details,
            "completion_tokens_details": st.none() | details,
        },
    )
)
def test_no_bucket_is_ever_negative(told):
    usage = read_usage(msgspec.convert(told, UsageIn))
    buckets = [value for value in msgspec.structs.astuple(usage) if type(value) is int]
    assert min(buckets) >= 0
    assert usage.completion_total >= (told.get("completion_tokens") or 0)
    assert usage.prompt_total >= (told.get("prompt_tokens") or 0)


def test_undisclosed_thinking_has_no_count():
    told = write_usage(Usage(1, output=5, thinking_known=False))
    assert "reasoning_tokens" not in told["completion_tokens_details"]


def test_one_hour_writes_count_as_writes():
    told = write_usage(Usage(1, cache_write_5m=2, cache_write_1h=3, tool_input=4))
    assert told["prompt_tokens"] == 10
    assert told["prompt_tokens_details"]["cache_write_tokens"] == 5


WHOLE = (
    b'{"choices":[{"finish_reason":"stop","message":{"content":"}"}}],"service_tier":"flex",'
    b'"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'
)
STREAM = (
    b'data: {"choices":[{"delta":{"content":"}"},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null,"service_tier":"flex"}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n'
    b"data: [DONE]\n\n"
)


@pytest.mark.parametrize("body", [WHOLE, STREAM, b"\r\n " + WHOLE, b"\n\n: ping\n\n" + STREAM])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_tap(body, size):
    tap = CODEC.usage_tap()
    for at in range(0, len(body), size):
        tap.feed(body[at : at + size])
    assert tap.usage == Usage(3, output=2, tier="flex")
    assert tap.finish == "stop"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{oops}", b"data: {oops}\n\n", b'{"usage":5}'])
def test_tap_of_rubbish(body):
    tap = CODEC.usage_tap()
    tap.feed(body)
    assert (tap.usage, tap.finish) == (None, None)
