"""The vendors' caches by hand: what is read, what is written, what is forgotten."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.catalog import load
from fairlead.catalog.model import Model, Price
from fairlead.finance.prompt_cache import LOOKBACK, NEAR, Prompt, Use, asks, cache_of
from fairlead.tokens.prefix import FIVE_MINUTES, Prefix, PrefixIndex

CATALOG = load()
HAIKU = CATALOG.models["claude-haiku-4-5-20251001"]
FLASH = CATALOG.models["gemini-2.5-flash"]


def prompt(at: float, *blocks: tuple[str, int], scope: str = "key", scale: float = 1.0) -> Prompt:
    """A prompt whose blocks have these names and tokens; a name's hash depends on all before it."""
    hashes, tokens, so_far, sum_ = [], [], "", 0
    for name, count in blocks:
        so_far, sum_ = f"{so_far}/{name}", sum_ + count
        hashes.append(hash(so_far) & (2**64 - 1))
        tokens.append(sum_)
    turns, whole = tuple(range(len(blocks))), (-1,) * len(blocks)
    return Prompt(at, scope, Prefix(tuple(hashes), tuple(tokens), turns, whole), scale)


def turns(count: int, size: int = 5_000) -> list[tuple[str, int]]:
    return [(f"turn {at}", size) for at in range(count)]


def test_a_conversation_is_written_from_its_second_turn_on() -> None:
    cache = cache_of(HAIKU)
    assert cache is not None
    assert cache.use(prompt(0, *turns(1))) == Use()  # nobody knows yet that it goes on
    # It does: all of it is written, and what was sent before is not in the cache.
    assert cache.use(prompt(10, *turns(3))) == Use(0.0, 15_000.0)
    assert cache.use(prompt(20, *turns(5))) == Use(15_000.0, 10_000.0)
    assert cache.use(prompt(320, *turns(7))) == Use(25_000.0, 10_000.0)


def test_what_is_not_used_for_five_minutes_is_gone() -> None:
    cache = cache_of(HAIKU)
    assert cache is not None
    for at in (0, 10):
        cache.use(prompt(at, *turns(1)))
    assert cache.use(prompt(311, *turns(1))) == Use()


def test_a_beginning_that_many_share_is_written_alone() -> None:
    cache = cache_of(HAIKU)
    assert cache is not None
    shared = ("tools and system", 6_000)
    assert cache.use(prompt(0, shared, ("one", 500))) == Use()
    assert cache.use(prompt(1, shared, ("two", 500))) == Use(0.0, 6_000.0)
    assert cache.use(prompt(2, shared, ("three", 900))) == Use(6_000.0, 0.0)
    assert cache.use(prompt(3, shared, ("four", 900), scope="another key")) == Use()


def test_the_least_size_counts_in_the_tokens_of_the_model_that_is_asked() -> None:
    for size, scale, read in ((4_095, 1.0, 0.0), (4_096, 1.0, 4_096.0), (3_300, 1.3, 4_290.0)):
        cache = cache_of(HAIKU)
        assert cache is not None
        for at in (0, 1):
            cache.use(prompt(at, ("all", size), scale=scale))
        assert cache.use(prompt(2, ("all", size), scale=scale)) == Use(read, 0.0)


def test_an_unasked_cache_reads_all_but_the_last_block_and_writes_nothing() -> None:
    cache = cache_of(FLASH)
    assert cache is not None
    assert cache.use(prompt(0, *turns(2))) == Use()
    assert cache.use(prompt(10, *turns(2))) == Use(5_000.0)
    assert cache.use(prompt(20, *turns(3))) == Use(10_000.0)
    assert cache.use(prompt(321, *turns(4))) == Use()
    small = [("a", 1_000), ("b", 1_000)]
    for at in (400, 401):
        assert cache.use(prompt(at, *small)) == Use()


def test_an_unasked_cache_that_charges_for_writes() -> None:
    prices = tuple(
        Price(kind, Decimal(1), "test", date(2026, 11, 1))
        for kind in ("input", "cache_read", "cache_write_5m", "output")
    )
    model = replace(Model.unknown("gpt-5.6-luna", "openai"), prices=prices)
    cache = cache_of(model)
    assert cache is not None
    assert cache.use(prompt(0, ("short", 1_000))) == Use()
    assert cache.use(prompt(0, *turns(1))) == Use(0.0, 5_000.0)
    assert cache.use(prompt(1_000, *turns(3))) == Use(5_000.0, 10_000.0)
    # Only where a prompt ended: no shorter beginning is found.
    assert cache.use(prompt(1_010, *turns(2))) == Use(5_000.0, 5_000.0)
    assert cache.use(prompt(2_811, *turns(4))) == Use(0.0, 20_000.0)


class Plainly:
    """What is asked for, breakpoint by breakpoint, as the rule at the module's head has it."""

    def __init__(self, least: int) -> None:
        self.least, self.sent, self.ends = least, PrefixIndex(), {}

    def use(self, asked: Prompt) -> Use:
        hashes, seen = asked.prefix.hashes, self.sent.reuse(asked.scope, asked.prefix, asked.at)
        last = len(hashes) - 1 if seen.continues else seen.boundary
        if seen.boundary < 0 or asked.prefix.tokens[last] < NEAR * self.least:
            return Use()
        marks = [at for at in (seen.boundary, last) if asked.up_to(at) >= self.least]
        if not marks:
            return Use()
        found = [
            at
            for mark in marks
            for at in range(max(0, mark - LOOKBACK + 1), mark + 1)
            if asked.up_to(at) >= self.least and self.ends.get(hashes[at], -1) >= asked.at
        ]
        hit = max(found, default=-1)
        for at in {hit, *marks} - {-1}:
            if at >= hit:
                self.ends[hashes[at]] = asked.at + FIVE_MINUTES
        read = asked.up_to(hit)
        return Use(read, max(0.0, asked.up_to(marks[-1]) - read))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 400),
            st.integers(1, 45),
            st.integers(0, 44),
            st.sampled_from([0.5, 1.0, 1.3]),
        ),
        min_size=2,
        max_size=25,
    ),
    st.integers(100, 3_000),
)
@settings(max_examples=100, deadline=None)
def test_breakpoints_find_what_each_would_find_alone(asked, size) -> None:
    cache, plain, at = cache_of(HAIKU), Plainly(HAIKU.limits.min_cacheable or 0), 0.0
    assert cache is not None
    for later, blocks, apart, scale in asked:
        at += later
        # Two conversations that part behind a block: also far from where either ended.
        names = [(f"{n}" if n <= apart else f"{n}x", size) for n in range(blocks)]
        one = prompt(at, *names, scale=scale)
        assert cache.use(one) == plain.use(one)


@pytest.mark.parametrize(("model", "paid"), [(HAIKU, True), (FLASH, False)])
def test_who_wants_to_be_asked(model, paid) -> None:
    assert asks(model) is paid


def test_a_model_whose_cached_tokens_have_no_price_has_no_cache() -> None:
    assert cache_of(Model.unknown("some-model", "somebody")) is None
