"""The published vocabulary: counts that tiktoken's o200k_base gives, and laws of any tokenizer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.tokens.vocabulary import RARE, count, is_rare, pieces, ranks


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # tiktoken 0.14.0, get_encoding("o200k_base").encode_ordinary
        ("", 0),
        ("Hello world, this is a test.", 8),
        ("Hello, world! 你好", 6),
        ("The quick brown fox jumps over the lazy dog. " * 1_000, 10_001),
    ],
)
def test_counts_are_the_vendors(text: str, tokens: int) -> None:
    assert count(text) == tokens


def test_the_vocabulary_is_whole() -> None:
    found = ranks()
    assert len(found) == 199_998
    assert all(bytes([byte]) in found for byte in range(256))
    assert found[b" the"] < found[b" tokenizer"]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("I'll test JSONParser", ["I'll", " test", " JSONParser"]),
        ("1234567", ["123", "456", "7"]),
        ("a\n\n  b", ["a", "\n\n", " ", " b"]),
        ("x = [1, 2];\n", ["x", " =", " [", "1", ",", " ", "2", "];\n"]),
        ("Привет, мир", ["Привет", ",", " мир"]),
        ("été", ["été"]),
    ],
)
def test_pieces(text: str, cut: list[str]) -> None:
    assert pieces(text) == cut


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_character_is_lost_and_no_token_is_empty(text: str) -> None:
    assert "".join(pieces(text)) == text
    size = len(text.encode("utf-8", "surrogatepass"))
    assert count(text) <= size
    assert bool(count(text)) == bool(text)


def test_a_long_run_of_one_character_is_counted() -> None:
    # Merging is quadratic in a piece's length, so pieces are merged in parts.
    assert count("Ж" * 20_000) > 1_000


def test_rare_tokens_stand_in_the_vocabulary_s_later_part() -> None:
    assert (ranks()[b" hello"] < RARE, ranks()[b" farewell"] >= RARE) == (True, True)
    assert (is_rare(" hello"), is_rare(" farewell"), is_rare(" farewell")) == (False, True, True)
    assert not is_rare("no token at all")
