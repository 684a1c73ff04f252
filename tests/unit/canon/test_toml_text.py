"""A text that is no TOML: where it is at fault, and what is wrong."""

import tomllib

import pytest

from fairlead.canon.toml_text import NOT_TOML, not_toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\na = 2\n", "f:2: not valid TOML: a key is set again that has a value already ("),
        ("[a]\n\n[a]\n", "f:3: not valid TOML: Cannot declare ('a',) twice (column "),
        ("a = 1\n\nb = [1,\n", "f:3: not valid TOML: Invalid value (the file ends)"),
        ("a = 1 b = 2", "f:1: not valid TOML: Expected newline "),
        ("a = " + "[" * 100_000, "f: not valid TOML: it is nested too deeply"),
    ],
)
def test_file_line_and_what(text: str, said: str) -> None:
    with pytest.raises(NOT_TOML) as raised:
        tomllib.loads(text)
    assert not_toml(raised.value, text, "f").startswith(said)


def test_an_error_without_a_place() -> None:
    assert not_toml(tomllib.TOMLDecodeError("odd"), "", "f") == "f: not valid TOML: odd"
