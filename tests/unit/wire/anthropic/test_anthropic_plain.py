"""The short ways for plain conversations and answers end where the long ones do."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import CacheMark, Part, Request, Text, ToolCall, Turn
from fairlead.catalog.model import Model
from fairlead.wire.anthropic import CODEC
from fairlead.wire.anthropic.conversation import write_conversation
from fairlead.wire.anthropic.extras import Extras
from fairlead.wire.anthropic.plain import plain_conversation
from fairlead.wire.losses import Losses

FACTS = Model.unknown("claude", "anthropic")
WORDS = st.text(max_size=4)


@given(st.lists(WORDS, min_size=1, max_size=5), st.none() | WORDS)
def test_short_and_long_way_agree(texts: list[str], prompt: str | None) -> None:
    turns = [
        Turn("assistant" if at % 2 else "user", (Text(text),), path=f"messages[{at}]")
        for at, text in enumerate(texts)
    ]
    if prompt is not None:
        turns.insert(0, Turn("system", (Text(prompt),)))
    request = Request(model="m", turns=tuple(turns))
    short = plain_conversation(request)
    if short is None:
        said = [*texts, "x" if prompt is None else prompt]
        assert len(texts) % 2 == 0 or not all(text.strip() for text in said)
        return
    losses = Losses()
    long = write_conversation(request, FACTS, losses, Extras((), losses))
    assert (short.system, short.messages) == (long.system, long.messages)
    assert (long.prefill, long.unsigned_loop, losses.found) == (False, False, [])


@pytest.mark.parametrize(
    "turns",
    [
        (),
        (Turn("user", (Text("a"), Text("b"))),),
        (Turn("user", (Text("a"),)), Turn("user", (Text("b"),))),
        (Turn("user", (Text("a"),), name="bob"),),
        (Turn("user", (Text("a", cache=CacheMark()),)),),
        (Turn("user", (Text("a"),)), Turn("system", (Text("b"),))),
        (Turn("user", (Text("a"),)), Turn("assistant", (Text("b"),))),
        (Turn("user", (Text("a"),)), Turn("assistant", (ToolCall("i", "f", "{}"),))),
        (Turn("user", (Text(" "),)),),
    ],
)
def test_what_is_not_plain_goes_the_long_way(turns: tuple[Turn, ...]) -> None:
    assert plain_conversation(Request(model="m", turns=turns)) is None


@given(st.text(), st.sampled_from([{}, {"citations": None}, {"new": 1}]))
def test_an_answer_of_one_text_reads_as_its_block_among_others(text: str, more: object) -> None:
    block = {"type": "text", "text": text, **msgspec.convert(more, dict[str, object])}
    answer = {"id": "i", "model": "m", "stop_reason": "end_turn", "usage": {"input_tokens": 3}}
    one = CODEC.decode_response(msgspec.json.encode({**answer, "content": [block]}))
    two = CODEC.decode_response(msgspec.json.encode({**answer, "content": [block, block]}))
    parts: tuple[Part, ...] = (Text(text),)
    assert one.candidates[0].parts == parts
    assert two.candidates[0].parts == parts * 2
    assert one.candidates[0].finish == two.candidates[0].finish
    assert one.usage == two.usage
