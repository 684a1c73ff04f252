"""Events are handed on whole, and every byte of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.wire.framing.whole_events import HOLD_MOST, WholeEvents


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_half_an_event_waits_for_its_end(end) -> None:
    events = WholeEvents()
    assert events.feed(b"data: 1" + end) == b"data: 1" + end
    assert events.feed(b"data: 2" + end + b"data: 3") == b"data: 2" + end
    assert events.feed(end[:1]) == b""
    assert events.feed(end[1:] + b"da") == b"data: 3" + end
    assert events.feed(b"ta: 4") == b""
    assert events.close() == b"data: 4"
    assert events.close() == b""


def test_a_long_event_is_not_held_for_ever() -> None:
    events = WholeEvents()
    assert events.feed(b"x" * HOLD_MOST) == b""
    assert events.feed(b"y") == b"x" * HOLD_MOST + b"y"


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"data: x\n\n", b"\r\n\r\n", b"\r"])))
def test_no_byte_is_lost_or_moved(pieces) -> None:
    events = WholeEvents()
    assert b"".join([*map(events.feed, pieces), events.close()]) == b"".join(pieces)
