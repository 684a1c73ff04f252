"""Texts made for regular expressions."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator.answer.pattern import matching

KNOWN = [
    "",
    "^$",
    "abc",
    "^a|b$",
    r"^\d{3}-\d{4}$",
    "^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^(?P<year>[12]\d{3})/(0[1-9]|1[0-2])$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^v\d+\.\d+\.\d+(-[\w.]+)?$",
    r"^[\]\-x]$",
    r"^\x41\u0042\t$",
    "^a{2}b{2,}c{0,3}d?e*?$",
    "^{}$",
    "^#([0-9A-F]{3}){1,2}$",
]


@pytest.mark.parametrize("pattern", KNOWN)
@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, 2**48))
def test_what_is_made_matches(pattern: str, number: int):
    made = matching(pattern, number)
    assert made is not None
    assert re.search(pattern, made)


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "[a", "a{99999999999}", r"\p{L}"])
def test_what_is_not_understood_is_none(pattern: str):
    assert matching(pattern, 1) is None


def test_lengths_are_kept():
    made = matching("^[a-z]+$", 5, 10, 12)
    assert made is not None
    assert 10 <= len(made) <= 12


@settings(max_examples=100, deadline=None)
@given(pattern=st.text("ab01[](){}|?*+.^$\\d-,", max_size=12), number=st.integers(0, 999))
def test_no_expression_breaks_it(pattern: str, number: int):
    made = matching(pattern, number)
    assert made is None or re.search(pattern, made)
