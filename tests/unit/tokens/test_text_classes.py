"""What a text is made of."""

import pytest

from fairlead.tokens.text import CLASSES, WHOLE, classes, length


def named(text: str) -> dict[str, float]:
    return {name: value for name, value in zip(CLASSES, classes([text]), strict=True) if value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("hello there", {"words": 2, "letters": 11}),
        ("say farewell", {"words": 2, "letters": 12, "long": 2, "rare": 1}),
        ("JSONParser", {"words": 1, "letters": 10, "capitals": 1}),
        ("don't", {"words": 1, "letters": 5, "quotes": 1}),
        ("12345", {"digits": 2, "digit_chars": 5}),
        ("你好", {"cjk": 1, "cjk_chars": 2}),
        ("été", {"latin": 1}),
        ("\n\n\t", {"spaces": 2, "space_chars": 3}),
    ],
)
def test_classes(text: str, expected: dict[str, float]) -> None:
    found = named(text)
    assert {key: found.get(key, 0) for key in expected} == expected


def test_scripts_are_told_apart() -> None:
    assert "cyrillic" in named("Привет мир")
    assert "scripts" in named("สวัสดีครับ")
    assert "symbols" in named("🙂🚀")
    assert "cjk" in named("こんにちは、世界。")


def test_texts_add_up() -> None:
    one, other = "Some words, 123.", "\n{'a': [4]}"
    together = classes([one, other])
    apart = [a + b for a, b in zip(classes([one]), classes([other]), strict=True)]
    assert together == apart


def test_a_long_text_is_sampled_close_to_its_whole() -> None:
    prose = "The licence is granted to every person who obtains a copy, 2026. " * 4_000
    assert len(prose) > 3 * WHOLE
    whole = sum(length(prose[at : at + WHOLE]) for at in range(0, len(prose), WHOLE))
    assert length(prose) == pytest.approx(whole, rel=0.02)
    assert sum(classes([prose])) > 0
