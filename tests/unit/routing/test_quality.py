"""The table of quality figures: what is read, and how a mistake is told."""

import pytest

from fairlead.catalog import load
from fairlead.routing import PolicyError, Quality
from fairlead.routing.quality import QualityTable, parse_quality

GOOD = """\
[[figures]]
model = "gemini-2.5-flash"
task = "math"
score = 88.0
low = 85.5
high = 90.0

[[figures]]
model = "gemini-2.5-flash"
score = 70
low = 60
high = 80
source = "ours"
"""
MODELS = load().models


def test_a_task_has_its_own_figure_or_the_models() -> None:
    table = parse_quality(GOOD, "q.toml", MODELS)
    assert len(table) == 2
    assert table.of("gemini-2.5-flash", "math") == Quality(88, 85.5, 90)
    assert table.of("gemini-2.5-flash", "chat") == Quality(70, 60, 80)
    assert table.of("claude-haiku-4-5-20251001", "math") is None
    assert QualityTable().of("gemini-2.5-flash", "math") is None


MISTAKES = [
    ('"math"', '"maths"', "q.toml:1: figures[0]: there is no task 'maths'"),
    ("gemini-2.5-flash", "flash", "q.toml:1: figures[0]: no such model 'flash'"),
    ("low = 60", "low = 75", "q.toml:8: figures[1]: low, score and high"),
    ("high = 80", "high = 180", "q.toml:8: figures[1]: low, score and high"),
    ("score = 70", 'score = "x"', "q.toml:10: figures[1].score: Expected `float`"),
    ("score = 70\n", "", "q.toml:8: figures[1]: Object missing required field `score`"),
    ("score = 70", "score = 70\ntask = 'math'", "q.toml:8: figures[1]: 'gemini-2.5-flash' has"),
    ("score = 70", "scoer = 70", "q.toml:10: figures[1].scoer: unknown key"),
    ("[[figures]]", "[[figures", "q.toml:1: not valid TOML: "),
    ("score = 70", "score = " + "[" * 100_000, "q.toml: not valid TOML: it is nested too deeply"),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError) as raised:
        parse_quality(GOOD.replace(old, new, 1), "q.toml", MODELS)
    assert said in str(raised.value)
