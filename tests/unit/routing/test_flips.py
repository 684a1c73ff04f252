"""What would have sent a request elsewhere."""

from datetime import date

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import Features, decide, options_for, parse_policies, parse_policy

TODAY = date(2026, 11, 22)
CATALOG = load()
POLICIES = parse_policies({}, shipped_policies(), CATALOG)
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


def told(policy: str, features: Features) -> list[tuple[str, str]]:
    options = options_for(POLICIES[policy], CATALOG, TODAY, lambda _: True)
    made = decide(features, POLICIES[policy], options)
    return [(flip.change, flip.model) for flip in made.flip]


@pytest.mark.parametrize(
    ("policy", "features", "flips"),
    [
        (
            "article-length",
            Features(prompt_tokens=9, prompt_tokens_high=12),
            [("prompt_tokens over 200,000", FLASH)],
        ),
        (
            "article-tree",
            Features(prompt_tokens=9, prompt_tokens_high=12),
            [
                ("prompt_tokens over 200,000", FLASH),
                ("modalities with audio or video", FLASH),
                ("budget tight", FLASH),
                ("task math or science", FLASH),
            ],
        ),
        (
            "article-tree",
            Features(prompt_tokens=9, prompt_tokens_high=12, task="math", budget="tight"),
            [("task coding", HAIKU), ("latency interactive", HAIKU)],
        ),
        (
            "article-tree",
            Features(modalities=("text", "audio")),
            [("modalities without audio or video", HAIKU)],
        ),
    ],
)
def test_one_change_is_told(policy: str, features: Features, flips: list[tuple[str, str]]) -> None:
    assert told(policy, features) == flips


def test_every_form_of_question_has_its_changes() -> None:
    text = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"
[[rules]]
question = "a"
when = { stream = { is = true }, turns = { under = 3 } }
use = "flash"
[[rules]]
question = "b"
when = { tools = { is = 4 } }
use = "flash"
[[rules]]
question = "c"
when = { needs = { has = "json" }, images = { over = 2 } }
use = "flash"
"""
    policy = parse_policy(text, "own", CATALOG)
    options = options_for(policy, CATALOG, TODAY, lambda _: True)

    def changes(features: Features) -> list[str]:
        return [flip.change for flip in decide(features, policy, options).flip]

    assert changes(Features(turns=1)) == ["stream yes", "tools 4"]
    assert changes(Features(turns=5, stream=True)) == ["turns under 3", "tools 4"]
    assert changes(Features(turns=1, stream=True)) == ["stream no", "turns at least 3"]
    assert changes(Features(turns=1, tools=4)) == ["tools not 4"]
    assert changes(Features(images=3, turns=9)) == ["tools 4", "needs with json"]
    held = Features(images=3, turns=9, needs=("json",))
    assert changes(held) == ["needs without json", "images at most 2"]
