"""The prompt caches: laws for any traffic, and the vendors' own examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator import models
from fairlead.emulator.counting import Piece, PromptCache, count_of, pieces

HAIKU = models.find("anthropic", "claude-haiku-4-5")  # at least 4,096 tokens
FLASH = models.find("gemini", "gemini-2.5-flash")  # at least 2,048
LUNA = models.find("openai", "gpt-5.6-luna")  # at least 1,024, and writes have a price


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    return PromptCache(clock)


def row(*blocks):
    """Pieces from (name, tokens[, mark])."""
    return [
        Piece(tokens, "TEXT", f"{name} {tokens}".encode(), mark[0] if mark else None)
        for name, tokens, *mark in blocks
    ]


def buckets(use):
    return use.read, use.write_5m, use.write_1h, use.fresh


def test_a_breakpoint_is_written_then_read(cache):
    prompt = row(("book", 5000, "5m"), ("question", 20))
    assert buckets(cache.use("key", HAIKU, prompt)) == (0, 5000, 0, 20)
    other = row(("book", 5000, "5m"), ("another", 30))
    assert buckets(cache.use("key", HAIKU, other)) == (5000, 0, 0, 30)


def test_below_the_minimum_nothing_is_cached(cache):
    prompt = row(("leaflet", 4095, "5m"), ("question", 20))
    for _ in range(2):
        assert buckets(cache.use("key", HAIKU, prompt)) == (0, 0, 0, 4115)


def test_keys_and_models_are_kept_apart(cache):
    prompt = row(("book", 5000, "5m"))
    cache.use("mine", HAIKU, prompt)
    assert cache.use("yours", HAIKU, prompt).read == 0
    assert cache.use("mine", models.find("anthropic", "claude-sonnet-4-5"), prompt).read == 0
    assert cache.use("mine", HAIKU, prompt).read == 5000


def test_five_minutes_begin_anew_with_each_hit(cache, clock):
    prompt = row(("book", 5000, "5m"))
    cache.use("key", HAIKU, prompt)
    for _ in range(3):
        clock.now += 299
        assert cache.use("key", HAIKU, prompt).read == 5000
    clock.now += 300
    assert buckets(cache.use("key", HAIKU, prompt)) == (0, 5000, 0, 0)


def test_an_hour_lasts_an_hour(cache, clock):
    prompt = row(("book", 5000, "1h"))
    assert buckets(cache.use("key", HAIKU, prompt)) == (0, 0, 5000, 0)
    clock.now += 3599
    assert cache.use("key", HAIKU, prompt).read == 5000
    clock.now += 3600
    assert cache.use("key", HAIKU, prompt).read == 0


def test_mixed_times_are_billed_as_documented(cache):
    prompt = row(("tools", 5000, "1h"), ("system", 100, "1h"), ("talk", 50, "5m"), ("new", 7))
    assert buckets(cache.use("key", HAIKU, prompt)) == (0, 50, 5100, 7)
    longer = row(("tools", 5000, "1h"), ("system", 100, "1h"), ("talk", 50), ("more", 9, "5m"))
    assert buckets(cache.use("key", HAIKU, longer)) == (5150, 9, 0, 0)
    changed = row(("tools", 5000, "1h"), ("system", 100, "1h"), ("talk!", 50, "5m"))
    assert buckets(cache.use("key", HAIKU, changed)) == (5100, 50, 0, 0)


def test_a_conversation_is_found_from_a_later_breakpoint(cache):
    first = row(("book", 5000), ("q1", 10, "5m"))
    cache.use("key", HAIKU, first)
    second = row(("book", 5000), ("q1", 10), ("a1", 10), ("q2", 10, "5m"))
    assert buckets(cache.use("key", HAIKU, second)) == (5010, 20, 0, 0)


@pytest.mark.parametrize(("between", "read"), [(18, 5000), (19, 5000), (20, 0), (25, 0)])
def test_it_looks_back_over_twenty_blocks(cache, between, read):
    cache.use("key", HAIKU, row(("book", 5000, "5m")))
    talk = [(f"b{i}", 1) for i in range(between - 1)]
    prompt = row(("book", 5000), *talk, ("last", 1, "5m"))
    assert cache.use("key", HAIKU, prompt).read == read


def test_a_change_at_the_front_spoils_what_follows(cache):
    cache.use("key", HAIKU, row(("tools", 5000, "5m"), ("system", 100, "5m")))
    assert cache.use("key", HAIKU, row(("tools!", 5000, "5m"), ("system", 100, "5m"))).read == 0


def test_marks_come_from_the_request_in_the_order_tools_system_messages(cache):
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    body = {
        "tools": [{"name": "f", "input_schema": {"type": "object"}} | mark],
        "system": [{"type": "text", "text": "word " * 9000} | mark],
        "messages": [{"role": "user", "content": "hi"}],
        "cache_control": {"type": "ephemeral"},
    }
    made = pieces(HAIKU, body)
    assert [piece.mark for piece in made] == ["1h", "1h", "5m"]
    assert cache.use("key", HAIKU, made).total == count_of(made).total
    assert cache.use("key", HAIKU, made).fresh == 0
    # Another tool choice spoils the messages only.
    other = pieces(HAIKU, body | {"tool_choice": {"type": "none"}})
    assert cache.use("key", HAIKU, other).read == sum(piece.tokens for piece in made[:2])


def test_moving_a_breakpoint_changes_no_prefix():
    text = {"type": "text", "text": "x"}
    plain = pieces(HAIKU, {"messages": [{"role": "user", "content": [text]}]})
    marked = text | {"cache_control": {"type": "ephemeral"}}
    again = pieces(HAIKU, {"messages": [{"role": "user", "content": [marked]}]})
    as_string = pieces(HAIKU, {"messages": [{"role": "user", "content": "x"}]})
    assert plain[0].digest == again[0].digest == as_string[0].digest


def test_google_reads_a_long_prefix_by_itself(cache, clock):
    def ask(question):
        book = {"role": "user", "parts": [{"text": "word " * 20_000}]}
        return pieces(FLASH, {"contents": [book, {"role": "user", "parts": [{"text": question}]}]})

    assert buckets(cache.use("key", FLASH, ask("why?"))) == (0, 0, 0, count_of(ask("why?")).total)
    again = cache.use("key", FLASH, ask("how?"))
    assert again.read == sum(piece.tokens for piece in ask("how?")[:-1])
    assert again.read_by_modality == {"TEXT": again.read}
    clock.now += 301
    assert cache.use("key", FLASH, ask("when?")).read == 0


def test_google_reads_nothing_short(cache):
    prompt = row(("note", 2000), ("question", 20))
    cache.use("key", FLASH, prompt)
    assert cache.use("key", FLASH, prompt).read == 0


def test_forgetting(cache):
    prompt = row(("book", 5000, "5m"))
    cache.use("key", HAIKU, prompt)
    cache.forget()
    assert cache.use("key", HAIKU, prompt).read == 0


BLOCK = st.tuples(
    st.sampled_from("abc"), st.sampled_from([10, 3000, 5000]), st.sampled_from([None, "5m", "1h"])
)
TRAFFIC = st.lists(
    st.tuples(
        st.sampled_from(["mine", "yours"]),
        st.sampled_from([HAIKU, FLASH]),
        st.lists(BLOCK, max_size=6),
        st.sampled_from([0, 100, 301, 4000]),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(TRAFFIC)
def test_laws_of_any_traffic(traffic):
    clock = Clock()
    cache = PromptCache(clock)
    seen = {"mine": 0, "yours": 0}
    for key, model, blocks, wait in traffic:
        prompt = row(*blocks)
        use = cache.use(key, model, prompt)
        total = count_of(prompt).total
        assert use.fresh + use.read + use.write_5m + use.write_1h == use.total == total
        assert min(buckets(use)) >= 0
        assert sum(use.read_by_modality.values()) == use.read
        assert use.read <= seen[key]  # never more than was once sent with this key
        assert use.read == 0 or use.read >= model.min_cacheable
        if not any(piece.mark for piece in prompt) and model is HAIKU:
            assert use.fresh == total
        seen[key] = max(seen[key], total)
        clock.now += wait
    clock.now += 3601
    for key, model, blocks, _ in traffic[:1]:
        assert cache.use(key, model, row(*blocks)).read == 0


def test_openai_writes_each_prompt_to_its_end_from_gpt_5_6_on(cache, clock):
    first, more = row(("system", 900), ("question", 300)), ("more", 500)
    assert buckets(cache.use("key", LUNA, row(("system", 900)))) == (0, 0, 0, 900)
    assert buckets(cache.use("key", LUNA, first)) == (0, 1200, 0, 0)
    clock.now += 1799
    assert buckets(cache.use("key", LUNA, [*first, *row(more)])) == (1200, 500, 0, 0)
    # Another question behind the same system prompt: nothing ended there.
    other = row(("system", 900), ("another", 300))
    assert buckets(cache.use("key", LUNA, other)) == (0, 1200, 0, 0)
    clock.now += 1801
    assert buckets(cache.use("key", LUNA, first)) == (0, 1200, 0, 0)
