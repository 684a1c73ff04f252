"""Two policies over the same requests: what is counted, and what is told."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import Chooser, Decision, Features, Moment, options_for, parse_policies
from fairlead.routing.compare import Past, compare

TODAY = date(2026, 11, 22)
CATALOG = load()
POLICIES = parse_policies({}, shipped_policies(), CATALOG)
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
ANY = Features()
PRICES = {FLASH: Decimal("0.001"), HAIKU: Decimal("0.003")}


def decider(name: str, without: tuple[str, ...] = ()) -> Callable[[Past], Decision]:
    policy = POLICIES[name]
    options = options_for(policy, CATALOG, TODAY, lambda model: model.vendor not in without)
    chooser = Chooser(policy, options)

    def decide(past: Past) -> Decision:
        return chooser.decide(past.features, past.moment)

    return decide


def past(count: int, features: Features = ANY) -> list[Past]:
    return [Past(f"r{n}", 1.8e9 + n, features, Moment(), HAIKU) for n in range(count)]


def cost(request: Past, model: str) -> Decimal | None:
    return PRICES[model] * (1 + int(request.id[1:]))


def test_what_moves_is_counted_and_priced() -> None:
    rows = [
        *past(40, Features(task="document")),
        Past("r99", 1.0, Features(task="coding"), Moment(), HAIKU),
    ]
    found = compare(
        rows, decider("article-tree"), decider("article-task"), cost, {FLASH: 400, HAIKU: 700}
    )
    assert (found.requests, found.moved) == (41, 40)
    assert found.moves == ((HAIKU, FLASH, 40), (HAIKU, HAIKU, 1))
    units = sum(range(1, 41))
    assert found.total_old_usd == PRICES[HAIKU] * (units + 100)
    assert found.total_new_usd == PRICES[FLASH] * units + PRICES[HAIKU] * 100
    assert found.cost_difference is not None
    assert found.cost_difference.mean == pytest.approx(-0.002 * units / 41)
    assert found.cost_difference.low < found.cost_difference.mean < found.cost_difference.high < 0
    assert found.first_token_old is not None
    assert found.first_token_old.mean == 700
    assert found.first_token_new is not None
    assert found.first_token_new.mean == pytest.approx((40 * 400 + 700) / 41)
    assert [move.id for move in found.most_changed] == [f"r{n}" for n in range(39, 19, -1)]
    assert found.most_changed[0].difference_usd == Decimal("-0.080")


def test_what_cannot_be_said_is_not_made_up() -> None:
    audio = past(3, Features(modalities=("text", "audio")))
    found = compare(
        audio,
        decider("article-tree"),
        decider("article-tree", without=("google",)),
        cost,
        {},
    )
    assert (found.refused_old, found.refused_new, found.moved) == (0, 3, 0)
    assert found.cost_old is None
    assert found.first_token_old is None
    unpriced = compare(
        past(2), decider("article-tree"), decider("article-task"), lambda *_: None, {}
    )
    assert (unpriced.unpriced, unpriced.moved, unpriced.cost_new) == (2, 2, None)
    assert unpriced.most_changed[0].difference_usd is None
    assert compare([], decider("best"), decider("best"), cost, {}).requests == 0
