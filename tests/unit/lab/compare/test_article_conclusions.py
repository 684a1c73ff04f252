"""The article's conclusions from the article's claims, figure by figure."""

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fairlead.catalog import load
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.comparison import Comparison, Row
from fairlead.lab.compare.rows import BENCHMARK_NAMES

ROOT = Path(__file__).resolve().parents[4]
FACTS = Path(os.environ.get("FAIRLEAD_SHARED", ROOT.parent / "shared")) / "facts"
FILE = FACTS / "article-2025-10.toml"
GEMINI, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
CACHED, BATCHED = f"{HAIKU} all input cached", f"{HAIKU} all input cached, batched"

ARTICLE: dict[str, Any] = (
    tomllib.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal) if FILE.is_file() else {}
)
present = pytest.mark.skipif(not ARTICLE, reason=f"../shared is absent: no {FILE}")


def figures(*path: str) -> list[Any]:
    """Rows of the article; a lone None where it is absent, for a test that is skipped then."""
    return ARTICLE.get(path[0]) or [None]


def name_of(case: Any) -> str:
    return str(case and (case.get("name") or case.get("scenario")))


@pytest.fixture(scope="module")
def article() -> Comparison:
    return compare(load(), [GEMINI, HAIKU], date(2026, 11, 23), source="article-2025-10")


def row(comparison: Comparison, key: str) -> Row:
    rows = [r for d in comparison.dimensions for r in d.rows if r.key == key]
    assert len(rows) == 1, key
    return rows[0]


@present
@pytest.mark.parametrize("said", figures("benchmarks"), ids=name_of)
def test_each_benchmark(article: Comparison, said: dict[str, Any]) -> None:
    key = next(key for key, name in BENCHMARK_NAMES.items() if name == said["name"])
    found = row(article, key)
    assert [cell.value for cell in found.cells] == [said.get(GEMINI), said.get(HAIKU)]
    assert found.unit == said["unit"]
    if GEMINI in said and HAIKU in said:
        assert found.verdict is not None
        assert found.verdict.difference == abs(said[GEMINI] - said[HAIKU])
        assert not found.verdict.mixed_sources
    else:
        assert found.verdict is None


@present
def test_haiku_is_19_3_points_ahead_on_swe_bench_verified(article: Comparison) -> None:
    judged = row(article, "benchmark.swe_bench_verified").verdict
    assert judged is not None
    assert (judged.best, judged.next) == ((HAIKU,), GEMINI)
    assert judged.difference == Decimal("19.3")
    assert judged.percent == Decimal("35.7")  # the article: "35% ahead"


@present
@pytest.mark.parametrize("said", figures("scenarios"), ids=name_of)
def test_each_scenarios_costs(article: Comparison, said: dict[str, Any]) -> None:
    costs = {(c.form, c.model): c for c in article.costs if c.scenario == said["name"]}
    forms = {
        GEMINI: ("plain", GEMINI),
        HAIKU: ("plain", HAIKU),
        CACHED: ("cached", HAIKU),
        BATCHED: ("cached and batched", HAIKU),
    }
    for name in forms.keys() & said["usd_per_month"].keys():
        usd = said["usd_per_month"][name]
        cost = costs[forms[name]]
        for kind, amount in usd.items():
            assert getattr(cost, kind) == amount, (name, kind)
    for form in ("cached", "batched", "cached and batched"):
        assert costs[form, GEMINI].total is None  # "no prompt caching, no batches", it says


@present
@pytest.mark.parametrize("said", figures("scenarios"), ids=name_of)
def test_each_scenarios_savings(article: Comparison, said: dict[str, Any]) -> None:
    cheaper = said["usd_per_month"]["gemini_cheaper_by"]
    for form, usd, percent in (
        ("plain", cheaper["usd"], cheaper["percent"]),
        ("best without batches", cheaper["with_caching_usd"], cheaper["with_caching_percent"]),
    ):
        judged = row(article, f"cost.{said['name']}.{form}").verdict
        assert judged is not None
        assert judged.best == (GEMINI,)
        assert (judged.difference, judged.percent) == (usd, percent)


@present
@pytest.mark.parametrize("said", figures("ratings"), ids=name_of)
def test_each_rating(article: Comparison, said: dict[str, Any]) -> None:
    found = row(article, f"rating.{said['scenario']}")
    assert [cell.value for cell in found.cells] == [said[GEMINI], said[HAIKU]]
    assert all(cell.note and cell.source == "article-2025-10" for cell in found.cells)
    assert found.verdict is not None
    assert found.verdict.best == (said["choice"],)


@present
@pytest.mark.parametrize("model", [GEMINI, HAIKU])
def test_each_models_figures(article: Comparison, model: str) -> None:
    said = ARTICLE["models"][model]
    at = [subject.id for subject in article.subjects].index(model)
    places = {
        "released": "info.released",
        "context_window_tokens": "limits.context_window",
        "max_output_tokens": "limits.max_output",
        "output_tokens_per_second": "info.output_tokens_per_second",
        "first_token_latency": "info.first_token_latency",
        "training_cutoff": "info.knowledge_cutoff",
        "modalities_in": "modalities_in",
        "prompt_caching": "feature.prompt_cache",
        "batches": "feature.batches",
        "reasoning_billed_as": "billing.thinking_as",
        "access": "ecosystem.access",
        "tools": "ecosystem.sdks",
        "features": "ecosystem.features",
        "mainland_china": "ecosystem.mainland_china",
    }
    for name, key in places.items():
        value = said.get(name)
        wanted = tuple(value) if isinstance(value, list) else value
        assert row(article, key).cells[at].value == wanted, name
    for kind, usd in said["price_usd_per_million"].items():
        assert row(article, f"price.{kind}").cells[at].value == usd
    if "output_speed_gain_over_previous" in said:
        gain = row(article, "speed.gain_over_previous").cells[at].value
        assert gain == said["output_speed_gain_over_previous"] * 100


@present
def test_the_break_even_of_cached_haiku(article: Comparison) -> None:
    # (5.00 - 2.50) / (0.30 - 0.10) = 12.5 input tokens for one output token.
    (meet,) = article.curves.break_evens
    assert meet.ratio == Decimal("12.5")
    assert meet.above == (HAIKU, "cached")
    assert meet.below == (GEMINI, "plain")
