"""The plain answer says what the full writing says, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Candidate, Finish, Response, Text, Thinking, Usage
from fairlead.wire.codec import Reply
from fairlead.wire.openai_chat import response as writing
from fairlead.wire.openai_chat.plain_answer import write_plain

REPLY = Reply(model='m"\\', created=1_795_000_000, request_id="fl-1", extra=b'{"cost_usd":"0.1"}')
counts = st.integers(0, 10**9)
usages = st.none() | st.builds(
    Usage,
    input=counts,
    cache_read=counts,
    cache_write_5m=st.sampled_from([0, 0, 7]),
    tool_input=st.sampled_from([0, 5]),
    output=counts,
    output_audio=st.sampled_from([0, 0, 3]),
    thinking=counts,
    thinking_known=st.booleans(),
    tier=st.sampled_from([None, "standard", "priority", "unheard"]),
)
finishes = st.none() | st.builds(
    Finish, st.sampled_from(["stop", "length", "tool_calls", "refusal", "pause", "other"])
)
parts = st.lists(
    st.builds(Text, st.text()) | st.builds(Thinking, st.text()), min_size=0, max_size=2
)
answers = st.builds(
    lambda said, finish, usage, index: Response(
        id="x", model="y", candidates=(Candidate(index, tuple(said), finish),), usage=usage
    ),
    parts,
    finishes,
    usages,
    st.integers(0, 3),
)


@given(answers, st.booleans())
def test_the_template_is_the_full_writing(answer: Response, with_extra: bool) -> None:
    reply = REPLY if with_extra else Reply(model="m", created=0, request_id="chatcmpl-1")
    quick = writing.encode_response(answer, reply)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write_plain", lambda *_: None)
        assert quick == writing.encode_response(answer, reply)


def test_most_answers_are_plain() -> None:
    usage = Usage(input=1, output=2, cache_read=3, thinking=4)
    for finish in ("stop", "length"):
        candidate = Candidate(0, (Text("hi"),), Finish(finish))
        answer = Response(id="", model="", candidates=(candidate,), usage=usage)
        assert write_plain(answer, REPLY, "chatcmpl-fl-1", None) is not None
