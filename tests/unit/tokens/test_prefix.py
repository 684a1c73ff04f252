"""Fingerprints of prompts' beginnings: equal where prompts begin alike, silent about the text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.tokens.boundaries import SMALLEST, prefix_of
from fairlead.tokens.prefix import (
    MOST,
    SYSTEM,
    TOOLS,
    Place,
    Prefix,
    PrefixIndex,
    Reuse,
)

SALT = b"salt of this installation, 32 by"
LONG = "A beginning that is long enough to be looked at. " * 40
TEXTS = st.text(min_size=1, max_size=60)


def _turns(texts: list[str]) -> list[dict[str, Any]]:
    return [
        {"role": "assistant" if number % 2 else "user", "content": text}
        for number, text in enumerate(texts)
    ]


def _body(turns: list[dict[str, Any]], **more: Any) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": turns, **more}).encode()


def _prefix(body: bytes, salt: bytes = SALT) -> Prefix:
    found = prefix_of(body, salt)
    assert found is not None
    return found


def _shared(one: Prefix, other: Prefix) -> int:
    """The number of the last boundary of `one` that `other` has too, -1 for none."""
    return max((n for n, value in enumerate(one.hashes) if value in other.hashes), default=-1)


@settings(max_examples=100)
@given(st.lists(TEXTS, min_size=1, max_size=40), st.lists(TEXTS, max_size=30))
def test_a_longer_conversation_keeps_the_shorter_ones_end(before, after):
    before = before if len(before) % 2 else before[:-1] or ["x"]  # the user has the last word
    shorter = _prefix(_body(_turns(before), system=LONG))
    longer = _prefix(_body(_turns(before + after), system=LONG))
    assert shorter.hashes[-1] in longer.hashes
    assert shorter.tokens[-1] == longer.tokens[longer.hashes.index(shorter.hashes[-1])]
    assert set(shorter.hashes) <= set(longer.hashes) or len(longer.hashes) > MOST - 8


@settings(max_examples=100)
@given(st.lists(TEXTS, min_size=2, max_size=20), st.data())
def test_what_stands_behind_a_change_is_not_shared(texts, data):
    at = data.draw(st.integers(0, len(texts) - 1))
    changed = [*texts[:at], texts[at] + "!", *texts[at + 1 :]]
    one = _prefix(_body(_turns(texts), system=LONG))
    other = _prefix(_body(_turns(changed), system=LONG))
    shared = _shared(one, other)
    assert one.turns[shared] < at
    assert shared >= 0  # the system prompt at least


@settings(max_examples=100)
@given(st.lists(TEXTS, min_size=1, max_size=200), st.booleans())
def test_packed_and_unpacked_is_the_same(texts, tools):
    more = {"tools": [{"name": "look", "input_schema": {}}]} if tools else {}
    found = _prefix(_body(_turns(texts), system=LONG, **more))
    assert Prefix.unpack(found.pack()) == found
    assert len(found.hashes) <= MOST
    assert list(found.tokens) == sorted(found.tokens)
    assert len(found.pack()) <= 14 * MOST


@settings(max_examples=100)
@given(st.binary(max_size=80))
def test_rubbish_is_unpacked_with_a_clear_error_or_to_what_packs_again(data):
    try:
        found = Prefix.unpack(data)
    except ValueError:
        return
    assert Prefix.unpack(found.pack()) == found


def test_a_cut_off_prefix_is_told():
    packed = _prefix(_body(_turns([LONG, "yes", "more"]))).pack()
    with pytest.raises(ValueError, match="ends in the middle"):
        Prefix.unpack(packed[:-1])
    with pytest.raises(ValueError, match="version"):
        Prefix.unpack(b"\x09" + packed[1:])


@settings(max_examples=50)
@given(st.binary(min_size=16, max_size=64), st.binary(min_size=16, max_size=64))
def test_another_salt_gives_other_fingerprints(one, other):
    body = _body(_turns([LONG, "yes", "more"]), system=LONG)
    same = set(_prefix(body, one).hashes) & set(_prefix(body, other).hashes)
    assert bool(same) == (one.ljust(64, b"\0") == other.ljust(64, b"\0"))


@settings(max_examples=50)
@given(st.text(alphabet="abcdefghijklmnop ", min_size=12, max_size=40))
def test_the_text_is_nowhere(secret):
    packed = _prefix(_body(_turns([LONG, secret, secret + LONG]), system=secret)).pack()
    for at in range(len(secret) - 5):
        assert secret[at : at + 6].encode() not in packed


def test_small_bodies_and_such_as_are_no_request_have_none():
    assert prefix_of(_body(_turns(["short"])), SALT) is None
    padding = b" " * SMALLEST
    for wrong in (
        b"",
        b"[]",
        b"{}",
        b'{"messages": 3}',
        b'{"messages": [',
        b"\xff",
        b'{"input": 1}',
    ):
        assert prefix_of(wrong + padding, SALT) is None
    assert prefix_of(b'{"messages": [' + b"[" * 100_000, SALT) is None


BEGINS = {
    "openai_chat": lambda said: {"tools": [TOOL], "messages": [SAID_BY_SYSTEM, *said]},
    "openai_responses": lambda said: {"tools": [TOOL], "instructions": LONG, "input": said},
    "anthropic": lambda said: {"tools": [TOOL], "system": LONG, "messages": said},
    "gemini": lambda said: {
        "tools": [TOOL],
        "systemInstruction": {"parts": [{"text": LONG}]},
        "contents": [
            {"role": "model" if turn["role"] == "assistant" else "user",
             "parts": [{"text": turn["content"]}]}
            for turn in said
        ],
    },
}  # fmt: skip
TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
SAID_BY_SYSTEM = {"role": "system", "content": LONG}


@pytest.mark.parametrize("field", ["tool_choice", "thinking", "output_config"])
def test_another_setting_is_another_conversation_with_the_same_system(field):
    one = _prefix(_body(_turns(["hello"]), system=LONG, **{field: {"type": "any"}}))
    other = _prefix(_body(_turns(["hello"]), system=LONG))
    assert one.hashes[0] == other.hashes[0]
    assert one.hashes[1] != other.hashes[1]


@pytest.mark.parametrize("dialect", BEGINS)
def test_every_dialect_has_tools_system_and_turns(dialect):
    begin = BEGINS[dialect]
    first = _prefix(json.dumps(begin(_turns(["one"]))).encode())
    second = _prefix(json.dumps(begin(_turns(["one", "two", "three"]))).encode())
    shared = _shared(second, first)
    assert second.hashes[: shared + 1] == first.hashes
    assert second.place(0) == Place(TOOLS)
    assert len(second.hashes) == len(first.hashes) + 1  # behind the model's turn no prompt ends
    assert second.tokens[0] > (300 if dialect == "anthropic" else 10)
    assert second.tokens[1] - second.tokens[0] == pytest.approx(len(LONG) / 4, rel=0.1)


def test_the_input_of_the_responses_api_may_be_a_string():
    one = _prefix(json.dumps({"instructions": LONG, "input": "one"}).encode())
    other = _prefix(json.dumps({"instructions": LONG, "input": "two"}).encode())
    assert one.hashes[0] == other.hashes[0]
    assert one.hashes[1] != other.hashes[1]
    assert one.place(0) == Place(SYSTEM)


def test_breakpoints_that_wander_change_nothing():
    mark = {"cache_control": {"type": "ephemeral"}}
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    text = {"type": "text", "text": LONG}
    plain = _prefix(_body(_turns([LONG, "two", "three", "four", "five"])))
    marked = _turns([LONG, "two", "three"])
    for block in (
        {**text, **mark},
        {**mark, **text},
        {**text, **hour},
        {**text, "cache_control": None},
    ):
        marked[0]["content"] = [block]
        marked[2]["content"] = [{"type": "text", "text": "three", **mark}]
        assert _prefix(_body(marked)).hashes[-1] in plain.hashes, block


def test_a_text_that_speaks_of_breakpoints_is_a_text():
    said = 'Say "cache_control": {"type": "ephemeral"}, please. ' + LONG
    mark = {"cache_control": {"type": "ephemeral"}}
    one = _body([{"role": "user", "content": [{"type": "text", "text": said, **mark}]}])
    other = _body([{"role": "user", "content": [{"type": "text", "text": "Say" + LONG, **mark}]}])
    assert _prefix(one).hashes == _prefix(_body([{"role": "user", "content": said}])).hashes
    assert not set(_prefix(one).hashes) & set(_prefix(other).hashes)


def test_documents_of_the_last_turn_are_boundaries_of_their_own():
    def asked(question: str) -> bytes:
        parts = [{"type": "text", "text": LONG}, {"type": "text", "text": question}]
        return _body([{"role": "user", "content": parts}])

    one, other = _prefix(asked("Who?")), _prefix(asked("When?"))
    assert one.hashes[0] == other.hashes[0]
    assert one.place(0) == Place(0, 0)
    assert one.hashes[1] != other.hashes[1]
    later = [
        *json.loads(asked("Who?"))["messages"],
        *_turns(["x", "He.", "y", "And?", "z"])[1:],
    ]
    assert one.hashes[-1] in _prefix(_body(later)).hashes  # though that turn is cut no more


def test_breakpoints_in_the_system_prompt_hide_none_of_its_boundaries():
    def said(**mark: object) -> bytes:
        blocks = [{"type": "text", "text": LONG, **mark}, {"type": "text", "text": "now", **mark}]
        return _body(_turns(["hello"]), system=blocks)

    plain, marked = _prefix(said()), _prefix(said(cache_control={"type": "ephemeral"}))
    assert plain == marked
    assert len(plain.hashes) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(LONG),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "parts", "text", "type", "cache_control", "source"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["tools", "functions", "system", "instructions", "systemInstruction", "cachedContent",
     "messages", "input", "contents", "thinking", "tool_choice"]
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.dictionaries(FIELDS, st.one_of(JSON, st.lists(JSON, max_size=4)), max_size=5), st.booleans()
)
def test_whatever_a_body_holds_it_is_read_or_left(said, ascii_only):
    body = json.dumps(said, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    found = prefix_of(body + b" " * SMALLEST, SALT)
    if found is not None:
        assert list(found.tokens) == sorted(found.tokens)
        assert list(found.turns) == sorted(found.turns)
        assert Prefix.unpack(found.pack()) == found


def test_the_blocks_of_a_system_prompt_are_boundaries():
    def said(last: str) -> bytes:
        blocks = [{"type": "text", "text": LONG}, {"type": "text", "text": last}]
        return _body(_turns(["hello"]), system=blocks)

    one, other = _prefix(said("Monday")), _prefix(said("Tuesday"))
    assert one.hashes[0] == other.hashes[0]
    assert one.place(0) == Place(SYSTEM, 0)
    assert one.hashes[1] != other.hashes[1]


def test_media_weigh_what_they_cost_and_not_what_they_measure():
    data = "iVBORw0KGgo" * 20_000
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
    }
    words = {"type": "text", "text": LONG}
    found = _prefix(_body([{"role": "user", "content": [picture, words]}]))
    assert 900 < found.tokens[0] < 1_200
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    found = _prefix(_body([{"role": "user", "content": [url, words]}]))
    assert 900 < found.tokens[0] < 1_200


def test_chinese_weighs_a_token_a_character():
    body = json.dumps({"messages": _turns(["天地玄黄宇宙洪荒" * 200])}, ensure_ascii=False).encode()
    assert _prefix(body).tokens[-1] == pytest.approx(1_780, rel=0.05)


def test_of_a_very_long_conversation_first_last_and_some_between_are_kept():
    texts = ["x" * 20] * 1_999
    short, long = _prefix(_body(_turns(texts[:1_951]))), _prefix(_body(_turns(texts)))
    assert len(long.hashes) <= MOST
    assert short.hashes[-1] in long.hashes
    much = _prefix(_body(_turns(texts[:999])))
    shared = _shared(much, long)
    assert much.tokens[shared] > 0.8 * much.tokens[-1]


# --- the index ------------------------------------------------------------------------------------


def _session(turns: int) -> Prefix:
    return _prefix(_body(_turns(["word " * 50] * turns), system=LONG))


def test_a_growing_conversation_reuses_what_was_said():
    index = PrefixIndex()
    first, second = _session(1), _session(3)
    assert index.reuse("key", first, 0.0) == Reuse()
    found = index.reuse("key", second, 60.0)
    at = second.hashes.index(first.hashes[-1])
    assert found == Reuse(first.tokens[-1], first.tokens[-1], at, continues=True)


def test_another_prompt_with_the_same_beginning_does_not_continue_it():
    index = PrefixIndex()
    index.reuse("key", _session(1), 0.0)
    other = _prefix(_body(_turns(["something else"]), system=LONG))
    found = index.reuse("key", other, 1.0)
    assert found == Reuse(other.tokens[0], other.tokens[0], 0, continues=False)


def test_five_minutes_and_an_hour():
    index = PrefixIndex()
    session = _session(3)
    index.reuse("key", session, 0.0)
    whole = session.tokens[-1]
    assert index.look("key", session, 300.0)[:2] == (whole, whole)
    assert index.look("key", session, 301.0)[:2] == (0, whole)
    assert index.look("key", session, 3_600.0)[:2] == (0, whole)
    assert index.look("key", session, 3_601.0) == Reuse()
    index.reuse("key", session, 3_000.0)  # a use refreshes
    assert index.look("key", session, 3_200.0)[:2] == (whole, whole)


def test_what_is_an_hour_old_may_be_longer():
    index = PrefixIndex()
    short, long = _session(1), _session(5)
    index.reuse("key", long, 0.0)
    index.reuse("key", short, 1_000.0)
    assert index.look("key", long, 1_100.0)[:2] == (short.tokens[-1], long.tokens[-1])


def test_keys_do_not_share():
    index = PrefixIndex()
    index.reuse("one", _session(3), 0.0)
    assert index.look("other", _session(3), 1.0) == Reuse()


def test_what_a_model_counted_goes_with_the_end_of_its_prompt():
    index = PrefixIndex(max_entries=200)
    short, long = _session(1), _session(5)
    index.note("key", short, 0.0)
    assert index.look("key", long, 1.0).counted_5m is None
    index.count("key", short, ("haiku", 77))
    index.note("key", short, 2.0)  # asked again: the count stays
    found = index.look("key", long, 3.0)
    assert (found.counted_5m, found.counted_1h) == (("haiku", 77), ("haiku", 77))
    index.note("key", long, 100.0)
    index.count("key", long, ("flash", 99))
    index.note("key", short, 500.0)
    found = index.look("key", long, 600.0)
    assert (found.counted_5m, found.counted_1h) == (("haiku", 77), ("flash", 99))
    assert index.look("key", long, 900.0)[4:] == (None, ("flash", 99))
    other = _prefix(_body(_turns(["something else"]), system=LONG))
    assert index.look("key", other, 600.0).counted_5m is None  # no prompt ended there
    for number in range(40):  # into the elder generation
        index.note("key", _prefix(_body(_turns([f"{number}", "x", "y"]), system=LONG)), 600.0)
        if len(index) < 100:
            assert index.look("key", long, 600.0).counted_5m == ("haiku", 77)


def test_looking_notes_nothing():
    index = PrefixIndex()
    index.look("key", _session(3), 0.0)
    assert index.look("key", _session(3), 1.0) == Reuse()


def test_the_index_is_bounded_and_forgets_the_oldest():
    index = PrefixIndex(max_entries=2_000)
    for number in range(2_000):
        prefix = _prefix(_body(_turns([f"{number} {LONG}", "x", "y"])))
        index.note("key", prefix, float(number))
        assert len(index) <= 2_000 + 2 * MOST
    assert index.look("key", prefix, 2_000.0).within_5m == prefix.tokens[-1]
    first = _prefix(_body(_turns([f"0 {LONG}", "x", "y"])))
    assert index.look("key", first, 2_000.0) == Reuse()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 8), st.floats(0, 900)), max_size=30))
def test_the_index_says_what_a_plain_search_says(steps):
    """Beside a list of all that was sent, searched from the beginning."""
    index, seen, now = PrefixIndex(), [], 0.0
    for scope, turns, later in steps:
        now += later
        prefix, key = _session(2 * turns - 1), str(scope)
        found = index.reuse(key, prefix, now)
        best = [0, 0]
        for place, seconds in enumerate((300.0, 3_600.0)):
            for other_key, other, at in seen:
                if other_key == key and now - at <= seconds:
                    best[place] = max(best[place], *(
                        tokens for value, tokens in zip(prefix.hashes, prefix.tokens, strict=True)
                        if value in other.hashes
                    ))  # fmt: skip
        assert [found.within_5m, found.within_1h] == best
        seen.append((key, prefix, now))
