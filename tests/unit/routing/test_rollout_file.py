"""`[canary]`'s limits and `[shadow]`: read, refused with line and key; a roll-back in a decision."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import (
    Chooser,
    Decision,
    Features,
    Moment,
    PolicyError,
    options_for,
    parse_policies,
    parse_policy,
)
from fairlead.routing.rollout import Limits, Shadow

CATALOG = load()
CANARY = """name = "bird"
version = "1"
[canary]
base = "always:flash"
policy = "always:haiku"
share = 0.5
max_cost_ratio = 1.5
max_quality_drop = 0.05
alpha = 0.01
"""
SHADOW = """name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[shadow]
to = "haiku"
share = 0.05
usd_per_day = 1.5
in_flight = 3
"""
MISTAKES = [
    (CANARY, "1.5", "0.9", "mine.toml:7: canary.max_cost_ratio: must be 1 or more"),
    (CANARY, "1.5", "'x'", "mine.toml:7: canary.max_cost_ratio: must be a number"),
    (CANARY, "0.05", "5", "mine.toml:8: canary.max_quality_drop: must be below 1"),
    (CANARY, "0.05", "-0.1", "mine.toml:8: canary.max_quality_drop: must be 0 or more"),
    (CANARY, "0.01", "0.9", "mine.toml:9: canary.alpha: must be between 0.0001 and 0.5"),
    (CANARY, "max_cost_", "max_price_", "mine.toml:7: canary.max_price_ratio: unknown key"),
    (CANARY, "[canary]", "[shadow]\nto = 'a'\n[canary]", "shadow: a canary divides"),
    (SHADOW, '"haiku"\nshare', '"opus"\nshare', "mine.toml:6: shadow.to: 'opus' is not among"),
    (SHADOW, '"haiku"\nshare', "[]\nshare", "mine.toml:6: shadow.to: must be a list"),
    (SHADOW, "share = 0.05", "share = 0", "mine.toml:7: shadow.share: must be over 0"),
    (SHADOW, "share = 0.05", "share = 1.5", "mine.toml:7: shadow.share: must be over 0"),
    (SHADOW, "usd_per_day = 1.5\n", "", "shadow: 'usd_per_day' is missing"),
    (SHADOW, "usd_per_day = 1.5", "usd_per_day = 0", "mine.toml:8: shadow.usd_per_day: must be"),
    (SHADOW, "in_flight = 3", "in_flight = 0", "mine.toml:9: shadow.in_flight: must be from 1"),
    (SHADOW, "in_flight = 3", "in_flight = true", "mine.toml:9: shadow.in_flight: must be a num"),
    (SHADOW, ', "haiku"]\notherwise = "flash"\n[shadow]\nto = "haiku"',
     ']\notherwise = "flash"\n[shadow]\nto = "flash"', "shadow.to: 'flash' answers every request"),
    (SHADOW, "[shadow]", "[options]\nshadow_share = 0.1\n[shadow]", "is a table of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "said"), MISTAKES)
def test_a_mistake_is_told_with_line_and_key(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    with pytest.raises(PolicyError) as raised:
        parse_policy(text.replace(old, new, 1), "mine.toml", CATALOG)
    assert said in str(raised.value)


def test_what_is_said_is_read() -> None:
    canary = parse_policy(CANARY, known=CATALOG).canary
    assert canary is not None
    assert canary.limits == Limits(max_cost_ratio=1.5, max_quality_drop=0.05, alpha=0.01)
    assert canary.limits.stated == 2
    found = parse_policy(SHADOW, known=CATALOG)
    assert found.shadow == Shadow(("haiku",), 0.05, Decimal("1.5"), 3)


def test_limits_and_shadows_are_part_of_what_a_policy_means() -> None:
    """So that a changed limit is another canary, and rolled back no more."""
    assert (
        parse_policy(CANARY).hash
        != parse_policy(CANARY.replace("max_cost_ratio = 1.5", "max_cost_ratio = 2")).hash
    )
    without = SHADOW[: SHADOW.index("[shadow]")]
    assert parse_policy(SHADOW).hash != parse_policy(without).hash


def chooser() -> Chooser:
    policy = parse_policies({"bird.toml": CANARY}, shipped_policies(), CATALOG)["bird"]
    options = options_for(policy, CATALOG, date(2026, 9, 1), lambda _: True)
    return Chooser(policy, options)


def test_a_canary_that_is_rolled_back_has_no_share() -> None:
    ours = chooser()
    moments = [Moment(session=n, rolled_back="2026-11-23 06:10 UTC") for n in range(50)]
    told: list[Decision] = [ours.decide(Features(), moment) for moment in moments]
    quick = [ours.quick(Features(), moment).whole() for moment in moments]
    assert told == quick
    assert {each.ranked[0] for each in told} == {"gemini-2.5-flash"}
    first = told[0]
    assert first.path[0].answer is False
    assert first.path[0].because == "rolled back at 2026-11-23 06:10 UTC"
    assert first.reason.startswith("bird (canary rolled back at 2026-11-23 06:10 UTC): always:")
    assert {ours.decide(Features(), Moment(session=n)).ranked[0] for n in range(50)} == {
        "gemini-2.5-flash",
        "claude-haiku-4-5-20251001",
    }


def test_the_stored_moment_decides_the_same_again() -> None:
    ours = chooser()
    once = ours.decide(Features(), Moment(session=3, rolled_back="2026-11-23 06:10 UTC"))
    stored = msgspec.json.decode(once.stored(), type=Decision)
    assert stored.moment is not None
    assert ours.decide(stored.features, stored.moment) == once


def test_what_is_drawn_is_drawn_with_a_chance_that_is_told() -> None:
    ours = chooser()
    chances = {"gemini-2.5-flash": 0, "claude-haiku-4-5-20251001": 0}
    for session in range(200):
        decision = ours.decide(Features(), Moment(session=session))
        told = {each.model: each.drawn for each in decision.candidates if each.drawn is not None}
        assert told == {decision.ranked[0]: 0.5}
        chances[decision.ranked[0]] += 1
    assert min(chances.values()) > 70
    shares = """name = "by-lot"
version = "1"
candidates = ["flash", "haiku"]
objective = "weighted"
weights = { flash = 3, haiku = 1 }
"""
    bird = CANARY.replace("always:haiku", "by-lot").replace("share = 0.5", "share = 0.2")
    policies = parse_policies({"a": shares, "b": bird}, shipped_policies(), CATALOG)
    for name, of in (("by-lot", 1.0), ("bird", 0.2)):
        options = options_for(policies[name], CATALOG, date(2026, 9, 1), lambda _: True)
        drawing = Chooser(policies[name], options)
        for session in range(60):
            decision = drawing.decide(Features(), Moment(session=session))
            told = {each.model: each.drawn for each in decision.candidates}
            if name == "bird" and not decision.path[0].answer:
                assert told == {"gemini-2.5-flash": 0.8}
            else:
                assert told == {
                    "gemini-2.5-flash": pytest.approx(0.75 * of),
                    "claude-haiku-4-5-20251001": pytest.approx(0.25 * of),
                }
    nobody = ours.decide(Features(), Moment())
    assert {each.drawn for each in nobody.candidates} == {None}, "no session, no draw"
