"""Which claim is in force, and that the shipped models say what the gathered figures say."""

import tomllib
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.routing.recorded import SHARED

from fairlead.catalog import Model, load
from fairlead.catalog.claims import Claim, Sheet, Source, SourceKind
from fairlead.catalog.compile import RANK, compile_model, in_force
from fairlead.catalog.keys import FEATURES, Value

CATALOG = load()
OLD, NEW = date(2025, 10, 1), date(2026, 11, 1)


def claim(value: Value, kind: SourceKind, seen: date = NEW, **rest: Any) -> Claim:
    return Claim(rest.pop("key", "price.input"), value, Source(kind, kind, kind), seen, **rest)


def winner(*claims: Claim, **rest: Any) -> Value:
    (found,) = in_force(claims, **rest).values()
    return found.value


def test_a_vendor_counts_more_than_a_catalogue_and_that_more_than_the_article() -> None:
    kinds = sorted(RANK, key=lambda kind: RANK[kind])
    assert kinds == ["article", "fairlead", "secondhand", "catalogue", "vendor", "config"]
    for weaker, stronger in pairwise(kinds):
        newer, older = claim("weak", weaker, NEW), claim("strong", stronger, OLD)
        assert winner(newer, older) == winner(older, newer) == "strong"


def test_the_newer_counts_more_than_the_older() -> None:
    assert winner(claim(1, "vendor", OLD), claim(2, "vendor", NEW)) == 2
    assert winner(claim(2, "vendor", NEW), claim(1, "vendor", OLD)) == 2


def test_a_claim_about_one_upstream_counts_there_only() -> None:
    both = claim(1, "vendor"), claim(2, "article", upstream="vertex")
    assert winner(*both) == 1
    assert winner(*both, upstream="vertex") == 2
    assert winner(*both, upstream="bedrock") == 1


def test_bands_and_periods_stand_beside_each_other() -> None:
    sheet = Sheet(
        "m",
        "v",
        (
            claim(Decimal(1), "vendor"),
            claim(Decimal(5), "vendor", over_prompt=100),
            claim(Decimal(2), "catalogue", valid_from=date(2027, 1, 1)),
            claim(Decimal(9), "catalogue"),
        ),
    )
    rows = [
        (p.usd_per_million, p.over_prompt, p.valid_from, p.valid_to)
        for p in compile_model(sheet).prices
    ]
    turn = date(2027, 1, 1)
    assert rows == [
        (Decimal(1), 0, None, turn),
        (Decimal(2), 0, turn, None),
        (Decimal(5), 100, None, None),
    ]


def test_what_is_not_disclosed_is_absent() -> None:
    bare = compile_model(Sheet("m", "v", ()))
    assert bare == Model(id="m", vendor="v")
    assert bare.limits.context_window is None


def price(
    model: Model, kind: str, day: date, over: int = 0, tier: str = "", region: str = ""
) -> Decimal | None:
    rows = [
        p.usd_per_million
        for p in model.prices
        if p.kind == kind
        and (p.over_prompt, p.tier, p.region) == (over, tier, region)
        and (p.valid_from is None or p.valid_from <= day)
        and (p.valid_to is None or day < p.valid_to)
    ]
    assert len(rows) < 2
    return rows[0] if rows else None


@pytest.fixture(scope="module")
def gathered() -> dict[str, Any]:
    path = SHARED / "facts" / "models-2026-11.toml"
    if not path.exists():
        pytest.skip("../shared is absent: the gathered figures cannot be compared")
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def test_shipped_figures_are_the_gathered_ones(gathered: dict[str, Any]) -> None:
    day = date(2026, 11, 22)
    for model_id, said in gathered["models"].items():
        model = CATALOG.models[model_id]
        for kind, usd in said["price"].items():
            assert price(model, kind, day) == usd, (model_id, kind)
        for kind, usd in said.get("price_over_100k_prompt", {}).items():
            assert price(model, kind, day, 100_000) == usd, (model_id, kind)
        assert model.limits.context_window == said["context_window_tokens"]
        assert model.limits.max_output == said["max_output_tokens"]
        assert model.limits.min_cacheable == said.get("min_cacheable_tokens")
        kinds = ["document" if kind == "pdf" else kind for kind in said["modalities_in"]]
        assert list(model.modalities_in) == kinds
        if budget := said.get("thinking_budget_tokens"):
            assert [model.thinking.budget_min, model.thinking.budget_max] == budget
    assert {s.name: s.factor for s in CATALOG.surcharges}.items() >= gathered["surcharges"].items()


def test_gemini_3_8_doubles_with_the_year() -> None:
    model = CATALOG.models["gemini-3.8-flash"]
    kinds = {p.kind for p in model.prices}
    assert {"input", "output", "cache_read", "thinking", "batch_input"} <= kinds
    for kind in kinds - {"call_web_search"}:  # a search stays at its price
        before = price(model, kind, date(2026, 12, 31))
        after = price(model, kind, date(2027, 1, 1))
        assert before is not None
        assert after == 2 * before, kind
    for tier in ("priority", "flex"):
        for kind in ("input", "cache_read", "output", "thinking"):
            before = price(model, kind, date(2026, 12, 31), tier=tier)
            after = price(model, kind, date(2027, 1, 1), tier=tier)
            assert before is not None
            assert after == 2 * before, (tier, kind)


def test_a_tier_has_prices_of_its_own() -> None:
    model, day = CATALOG.models["gemini-2.5-flash"], date(2026, 11, 22)
    said = {
        tier: [price(model, kind, day, tier=tier) for kind in ("input", "output", "thinking")]
        for tier in ("", "priority", "flex")
    }
    assert said == {
        "": [Decimal("0.30"), Decimal("2.50"), Decimal("2.50")],
        "priority": [Decimal("0.54"), Decimal("4.50"), Decimal("4.50")],
        "flex": [Decimal("0.15"), Decimal("1.25"), Decimal("1.25")],
    }


def test_regions_cost_their_factor_behind_their_door_only() -> None:
    day = date(2026, 11, 22)
    flash, haiku = CATALOG.models["gemini-2.5-flash"], CATALOG.models["claude-haiku-5-5"]
    assert {p.region for p in flash.prices} == {""}
    vertex = CATALOG.behind("gemini-2.5-flash", "vertex")
    assert price(vertex, "input", day, region="regional") == Decimal("0.33")
    assert price(vertex, "input", day, tier="flex", region="regional") == Decimal("0.165")
    assert price(vertex, "input", day) == Decimal("0.30")
    assert price(haiku, "input", day, 100_000, region="us") == Decimal("0.55")
    assert {p.region for p in CATALOG.models["claude-haiku-4-5-20251001"].prices} == {""}
    profile = CATALOG.behind("claude-haiku-4-5-20251001", "bedrock")
    (row,) = [p for p in profile.prices if p.kind == "output" and p.region == "us"]
    assert (row.usd_per_million, row.upstream) == (Decimal("5.50"), "bedrock")
    assert row.source == "litellm-1.109.1 x 1.10 bedrock_us_profiles"


def test_a_kind_billed_as_another_is_so_in_each_tier() -> None:
    sheet = Sheet(
        "m",
        "v",
        (
            claim(Decimal(4), "vendor", key="price.output"),
            claim(Decimal(3), "vendor", key="price.thinking"),
            claim(Decimal(8), "vendor", key="price.output", tier="priority"),
            claim("output", "vendor", key="billing.thinking_as"),
        ),
    )
    model = compile_model(sheet)
    assert price(model, "thinking", NEW) == 3
    assert price(model, "thinking", NEW, tier="priority") == 8


def test_the_articles_prices_can_be_asked_for() -> None:
    path = SHARED / "facts" / "article-2025-10.toml"
    if not path.exists():
        pytest.skip("../shared is absent: the article's claims cannot be compared")
    article = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    for model_id, said in article["models"].items():
        model = CATALOG.as_claimed_by(model_id, "article-2025-10")
        day = date(2025, 11, 1)
        assert price(model, "input", day) == said["price_usd_per_million"]["input"]
        assert price(model, "output", day) == said["price_usd_per_million"]["output"]
        assert model.limits.context_window == said["context_window_tokens"]
        assert model.limits.max_output == said["max_output_tokens"]
        assert list(model.modalities_in) == said["modalities_in"]
        assert ("prompt_cache" in model.features) == said["prompt_caching"]
        assert ("batches" in model.features) == said["batches"]
    haiku = CATALOG.as_claimed_by("claude-haiku-4-5-20251001", "article-2025-10")
    assert price(haiku, "cache_read", day) == Decimal("0.10")
    assert price(haiku, "batch_output", day) == Decimal("2.50")
    assert {each.source for each in haiku.prices} == {"article-2025-10"}, "and nobody else's"


def test_thinking_of_each_kind() -> None:
    by_id = {model.id: model.thinking for model in CATALOG.models.values()}
    flash, haiku = by_id["gemini-2.5-flash"], by_id["claude-haiku-4-5-20251001"]
    assert [flash.budget_for(e) for e in ("none", "minimal", "low", "medium", "high")] == [
        0,
        1_024,
        1_024,
        8_192,
        24_576,
    ]
    for thinking in by_id.values():
        budgets = [b for _, b in thinking.effort_budgets if b]
        assert budgets == sorted(budgets)
        assert all(
            (thinking.budget_min or 0) <= b <= (thinking.budget_max or 10**9) for b in budgets
        )
        assert all(level in thinking.levels for _, level in thinking.effort_levels)
    assert haiku.below_max_tokens
    assert by_id["claude-haiku-5-5"].kind == "adaptive"
    assert by_id["gemini-3.8-flash"].level_for("minimal") == "low"


def test_every_model_carries_what_guards_and_prices_need() -> None:
    for model in CATALOG.models.values():
        assert model.limits.context_window
        assert model.limits.max_output
        assert model.modalities_in
        assert {"tools", "json_schema"} <= set(model.features)
        assert {"input", "output", "cache_read", "thinking"} <= {p.kind for p in model.prices}
        assert model.chars_per_token
        assert model.thinking.kind != "unknown"


def test_features_that_gemini_s_encoder_reads() -> None:
    for model in CATALOG.models.values():
        google, newer = model.vendor == "google", model.thinking.kind == "level"
        assert ("json_schema_tools" in model.features) == google, model.id
        assert ("json_with_tools" in model.features) == (google and newer), model.id


def test_every_feature_is_described() -> None:
    told = Model.__doc__ or ""
    assert [name for name in FEATURES if f"`{name}`" not in told] == []


def test_claims_about_vertex_stay_there() -> None:
    there = CATALOG.behind("gemini-2.5-flash", "vertex")
    assert there.limits.max_output == 65_535
    assert "logprobs" in there.features
    assert "logprobs" not in CATALOG.models["gemini-2.5-flash"].features
