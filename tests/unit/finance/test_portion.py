"""Portions: a part of the answers that were read, and portions added up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.finance.portion import Portion
from fairlead.finance.replay import PROMPT, Part

COUNTS = st.dictionaries(st.sampled_from(["input", "cache_read", "output"]), st.integers(0, 10**7))
PARTS = st.builds(
    Part,
    requests=st.integers(1, 1000),
    tooled=st.integers(0, 1000),
    tokens=COUNTS,
    kept=COUNTS,
    unknown=COUNTS,
    spoken=st.dictionaries(st.sampled_from(["anthropic", "gemini"]), st.integers(0, 10**6)),
    paid_pico=st.integers(0, 10**15),
    premium_pico=st.integers(0, 10**12),
    read=st.floats(0, 10**7),
    written=st.floats(0, 10**7),
)
SUMS = ("requests", "tooled", "prompts", "read", "written", "paid", "premium")
TABLES = ("tokens", "kept", "unknown", "spoken")


def taken_alone(part: Part, tokens: dict[str, int]) -> Portion:
    own = Portion()
    own.take(part, tokens)
    return own


@given(st.lists(st.tuples(PARTS, COUNTS), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_portions_together_are_the_sums_of_each(taken) -> None:
    together = Portion()
    for part, tokens in taken:
        together.take(part, tokens)
    single = [taken_alone(part, tokens) for part, tokens in taken]
    for name in SUMS:
        assert getattr(together, name) == sum(getattr(each, name) for each in single)
    for name in TABLES:
        tables = [getattr(each, name) for each in single]
        kinds = {kind for table in tables for kind in table}
        wanted = {kind: sum(table.get(kind, 0) for table in tables) for kind in kinds}
        assert getattr(together, name) == wanted


@given(PARTS)
def test_all_of_a_part_is_taken_as_it_was(part) -> None:
    own = taken_alone(part, part.tokens)
    assert (own.tokens, own.kept, own.unknown) == (part.tokens, part.kept, part.unknown)
    assert (own.paid, own.premium, own.tooled) == (part.paid_pico, part.premium_pico, part.tooled)
    assert own.prompt == sum(part.tokens.get(kind, 0) for kind in PROMPT) // part.requests


def test_half_of_a_part() -> None:
    part = Part(
        requests=4, tooled=2, tokens={"input": 100, "output": 40}, kept={"input": 60}, unknown={},
        spoken={"gemini": 40}, paid_pico=1_000, premium_pico=10, read=30.0, written=20.0,
    )  # fmt: skip
    own = taken_alone(part, {"input": 50, "output": 10})
    assert (own.tokens, own.kept) == ({"input": 50, "output": 10}, {"input": 30})
    assert (own.spoken, own.read, own.written) == ({"gemini": 10}, 15, 10)
    assert (own.tooled, own.paid, own.premium, own.prompt) == (1, 500, 5, 25)
