"""The short ways for plain conversations and answers end where the long ones do."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import CacheMark, Folder, Request, Text, Turn
from fairlead.catalog.model import Model
from fairlead.wire.gemini import CODEC
from fairlead.wire.gemini.assembly import Assembler
from fairlead.wire.gemini.contents import encode_contents
from fairlead.wire.gemini.plain import plain_contents
from fairlead.wire.losses import Losses

FACTS = Model.unknown("gemini", "google")
WORDS = st.text(max_size=4)


@given(st.lists(WORDS, min_size=1, max_size=5), st.none() | WORDS)
def test_short_and_long_way_agree(texts: list[str], prompt: str | None) -> None:
    turns = [
        Turn("assistant" if at % 2 else "user", (Text(text),)) for at, text in enumerate(texts)
    ]
    if prompt is not None:
        turns.insert(0, Turn("system", (Text(prompt),)))
    request = Request(model="m", turns=tuple(turns))
    short = plain_contents(request)
    if short is None:
        assert not all(texts) or prompt == "" or turns[-1].role != "user"
        return
    losses = Losses()
    assert short == encode_contents(request, FACTS, losses)
    assert losses.found == []


@pytest.mark.parametrize(
    "turns",
    [
        (),
        (Turn("system", (Text("a"),)),),
        (Turn("user", (Text("a"), Text("b"))),),
        (Turn("user", (Text("a"),)), Turn("user", (Text("b"),))),
        (Turn("user", (Text("a"),), name="bob"),),
        (Turn("user", (Text("a", cache=CacheMark()),)),),
        (Turn("user", (Text("a"),)), Turn("system", (Text("b"),))),
        (Turn("user", (Text("a"),)), Turn("assistant", (Text("b"),))),
    ],
)
def test_what_is_not_plain_goes_the_long_way(turns: tuple[Turn, ...]) -> None:
    assert plain_contents(Request(model="m", turns=turns)) is None


PARTS = st.fixed_dictionaries(
    {"text": WORDS},
    optional={"thought": st.booleans(), "thoughtSignature": st.sampled_from(["", "c2ln"])},
)
CANDIDATES = st.fixed_dictionaries(
    {"content": st.fixed_dictionaries({"parts": st.lists(PARTS, max_size=2)})},
    optional={
        "index": st.integers(0, 2),
        "finishReason": st.sampled_from(["STOP", "MAX_TOKENS", "NEW", 1]),
        "finishMessage": WORDS,
        "safetyRatings": st.just([{"category": "c"}]),
        "groundingMetadata": st.just({"webSearchQueries": ["q"]}),
    },
)


@given(CANDIDATES, st.none() | st.just("2026-11-22T10:00:00Z"))
def test_an_answer_reads_as_its_stream_of_one_chunk(candidate: object, made: str | None) -> None:
    body = msgspec.json.encode(
        {
            "candidates": [candidate],
            "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3},
            "createTime": made,
        }
    )
    assembler, folder = Assembler(), Folder()
    events = assembler.add(body)
    assembler.assume_finished()
    for event in events + assembler.finish():
        folder.add(event)
    assert CODEC.decode_response(body) == folder.response()
