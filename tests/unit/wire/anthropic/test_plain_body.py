"""The short way of a plain request gives the same bytes as the long one."""

from importlib import import_module
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.anthropic.models import HAIKU_45

from fairlead.canon import Failure, Request, Text, Turn
from fairlead.wire.codec import Encoded, Target

encoding = import_module(
    "fairlead.wire.anthropic.encode_request"
)  # the package names a function so
TARGET = Target(HAIKU_45.id, HAIKU_45)
turns = st.lists(
    st.builds(
        lambda role, text, at: Turn(role, (Text(text),), path=f"messages[{at}]"),
        st.sampled_from(["user", "assistant", "system"]),
        st.sampled_from(["hello", "", " ", 'a "quoted" ⚙']),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=4,
)


def encoded(request: Request) -> Encoded | object:
    try:
        return cast("Encoded", encoding.encode_request(request, TARGET))
    except Failure as failure:
        return failure.problem


@given(turns, st.sampled_from([None, 1, 64_000, 10**9]), st.booleans(), st.booleans())
def test_both_ways_agree(
    said: list[Turn], max_tokens: int | None, stream: bool, usage: bool
) -> None:
    request = Request(
        model="m", turns=tuple(said), max_tokens=max_tokens, stream=stream, include_usage=usage
    )
    short = encoded(request)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "_NOTHING_ELSE", object())
        assert short == encoded(request)
