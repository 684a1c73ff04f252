import pytest
from tests.unit.wire.anthropic.cases import RESPONSES, dump
from tests.unit.wire.anthropic.streams import WHOLE

from fairlead.canon import Usage
from fairlead.wire.anthropic import CODEC


@pytest.mark.parametrize("size", [1, 3, 50, 100_000])
def test_a_stream_tells_its_usage_however_it_is_cut(size):
    tap = CODEC.usage_tap()
    for at in range(0, len(WHOLE), size):
        tap.feed(WHOLE[at : at + size])
    assert tap.usage == Usage(input=10, output=5, cache_read=3, thinking_known=False)
    assert tap.finish == "tool_use"


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_body_tells_its_usage_however_it_is_cut(size):
    body, canon = RESPONSES["all usage"]
    data = b" \n" + dump(body)
    tap = CODEC.usage_tap()
    for at in range(0, len(data), size):
        tap.feed(data[at : at + size])
        assert tap.finish is None or at + size >= len(data)
    assert tap.usage == canon.usage
    assert tap.finish == "end_turn"


def test_an_abandoned_stream_tells_what_has_passed():
    tap = CODEC.usage_tap()
    tap.feed(WHOLE[:400])
    assert tap.usage == Usage(input=9, output=1, thinking_known=False)
    assert tap.finish is None


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"{", b'{"usage":1}', b"event: message_delta\ndata: {\n\n", b"\xff\n\n"],
)
def test_rubbish_leaves_it_without_usage(data):
    tap = CODEC.usage_tap()
    tap.feed(data)
    assert tap.usage is None
    assert tap.finish is None
