"""A scorer's file: read whole or refused with its name and the reason."""

import random
from hashlib import sha256
from itertools import pairwise
from math import exp, sqrt
from zlib import crc32

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.routing.policy import PolicyError
from fairlead.routing.scorer import (
    BUCKETS,
    MOST,
    SHAPES,
    VERSION,
    WORDS,
    ZERO,
    Head,
    buckets,
    read_scorer,
    shape,
    write_scorer,
)

HEAD = Head(
    models=("a", "b"),
    base="a",
    enabled=True,
    threshold=0.1,
    bias=(0.0, 0.0),
    weights=((0.0,) * len(SHAPES), (0.0,) * len(SHAPES)),
    steps=(1.0, 1.0, 1.0),
    prompts=100,
    verdict="",
)


def tables(word: str = "zebra", weight: int = 9) -> bytes:
    """The second model is likelier where the word is."""
    two = bytearray([ZERO]) * BUCKETS
    for bucket in buckets(word):
        two[bucket] += weight
    return bytes([1]) * BUCKETS + bytes([ZERO]) * BUCKETS + two


FULL = bytes(random.Random(3).choices(range(1, 256), k=3 * BUCKETS))
GOOD = write_scorer(HEAD, tables())
SCORER = read_scorer(GOOD, "x")


def test_a_good_file_scores_and_chooses():
    scorer = read_scorer(GOOD, "x")
    one, two = scorer.scores("a zebra")
    assert one == 0.5 < two
    assert scorer.choice("a zebra") == "b"
    assert scorer.choice("a horse") == "a"
    assert len(GOOD) < 1_000_000


def test_the_base_may_be_either_and_off_is_the_base():
    other = msgspec.structs.replace(HEAD, base="b")
    worse = read_scorer(write_scorer(other, tables(weight=-9)), "x")
    assert worse.choice("a zebra") == "a"
    assert worse.choice("a horse") == "b"
    off = read_scorer(write_scorer(msgspec.structs.replace(HEAD, enabled=False), tables()), "x")
    assert off.choice("a zebra") == "a"


def sealed(body: bytes) -> bytes:
    said = f"fairlead-scorer {VERSION} {sha256(body).hexdigest()} {len(body)}\n"
    return said.encode() + body


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a scorer's file"),
        (b"{}", "not a scorer's file"),
        (GOOD[:30], "damaged or cut short"),
        (GOOD[:-1], "cut short"),
        (GOOD + b"x", "added to"),
        (GOOD.replace(b"scorer 2 ", b"scorer 1 ", 1), "version 1, this release reads 2"),
        (GOOD[:-1] + b"\xff", "checksum"),
        (b"x" * (MOST + 1), "at most"),
        (sealed(b"{}\n"), "missing"),
        (sealed(msgspec.json.encode(HEAD) + b"\n\0\0"), "its tables have 2 bytes, not 589824"),
        (write_scorer(msgspec.structs.replace(HEAD, base="c"), tables()), "does not fit"),
        (write_scorer(msgspec.structs.replace(HEAD, weights=((), ())), tables()), "does not fit"),
        (write_scorer(msgspec.structs.replace(HEAD, steps=(0.0, 1, 1)), tables()), "does not fit"),
        (write_scorer(HEAD, bytes(3 * BUCKETS)), "does not fit"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(data, said):
    with pytest.raises(PolicyError, match=r"^some/file\.scorer: ") as caught:
        read_scorer(data, "some/file.scorer")
    assert said in str(caught.value)


@settings(max_examples=100)
@given(st.text(max_size=3000))
def test_any_text_has_figures_and_chances(text):
    assert buckets(text)
    assert all(0 <= each < BUCKETS for each in buckets(text))
    assert len(shape(text)) == len(SHAPES)
    assert all(0 <= each <= 1 for each in SCORER.scores(text))


def test_words_and_their_order_count_but_not_case_or_signs():
    assert buckets("Red, fox!") == buckets("red fox")
    assert buckets("red fox") != buckets("fox red")
    assert len(buckets("red fox")) == 3


def test_buckets_are_the_same_on_any_machine_as_files_were_trained_by_them():
    assert buckets("Red fox, red fox!") == {42478, 61254, 136228, 147662}
    assert buckets("naïve 狐 x") == {21609, 39519, 46695, 123306, 157676}
    assert buckets(" ") == buckets("") == {0}


def plainly(text: str, codes: bytes) -> float:
    """The first model's chance, as the module says that it comes about, word by word."""
    plain = "".join(x if x.isalnum() or x == "_" or ord(x) > 127 else " " for x in text)
    words = [crc32(each.encode().lower()) for each in plain.split()]
    found = {each & 0xFFFF ^ each >> 16 for each in words} or {0}
    found |= {WORDS + ((a >> 15 ^ b) & 0x1FFFF) for a, b in pairwise(words)}
    length = sqrt(sum(0.5 * codes[each] for each in found))
    total = sum(0.25 * (codes[BUCKETS + each] - ZERO) for each in found) / length
    total += 0.125 + sum(0.01 * each for each in shape(text))
    return 1 / (1 + exp(-max(-40, min(40, total))))


@settings(max_examples=100)
@given(st.text("ab cdE,._?\n7é狐", max_size=300))
def test_a_chance_is_the_plain_sum_over_words_pairs_and_shape(text):
    weights = (0.01,) * len(SHAPES)
    head = msgspec.structs.replace(
        HEAD, weights=(weights, weights), bias=(0.125, 0.0), steps=(0.5, 0.25, 1.0)
    )
    scorer = read_scorer(write_scorer(head, FULL), "x")
    assert scorer.scores(text)[0] == pytest.approx(plainly(text, FULL), abs=1e-12)


def test_only_the_ends_of_a_long_prompt_are_read():
    long = "start " + "middle " * 5000 + "end"
    assert buckets(long) == buckets("start " + "middle " * 9000 + "end")
    assert shape(long)[0] > shape("middle " * 300)[0]
