import re

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.wire.anthropic.ids import PREFIX, wire_id

FITS = re.compile(r"[a-zA-Z0-9_-]+")


def test_ids_that_fit_stay():
    for call_id in ("toolu_01A", "call_1", "a-b", "srvtoolu_x"):
        assert wire_id(call_id) == call_id


@settings(max_examples=200)
@given(st.lists(st.text() | st.text("ab|:_-=", max_size=4), unique=True, max_size=8))
def test_ids_fit_and_never_collide(ids):
    ids = ids + [wire_id(call_id) for call_id in ids if wire_id(call_id) not in ids]
    wire = [wire_id(call_id) for call_id in ids]
    assert len(set(wire)) == len(ids)
    assert all(FITS.fullmatch(one) for one in wire)


def test_the_empty_id_and_our_own_prefix():
    assert wire_id("") == PREFIX
    assert wire_id(PREFIX) != PREFIX
