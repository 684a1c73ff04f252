"""What others' price lists say, read as claims; the long tail; changes and what they do."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.canon import Usage
from fairlead.catalog import CatalogError, load
from fairlead.catalog.claims import Sheet, Source
from fairlead.catalog.from_genai_prices import genai_prices_list
from fairlead.catalog.given_list import price_list
from fairlead.catalog.overlay import Overlay, parse_overlay, write_overlay
from fairlead.catalog.price_list import PriceList, Said
from fairlead.catalog.update import changes
from fairlead.catalog.verify import against, disagreeing, old
from fairlead.cost.price import PriceTable

DAY = date(2026, 11, 23)
LITELLM = {
    "gemini/gemini-2.5-flash": {
        "litellm_provider": "gemini",
        "input_cost_per_token": 2.8e-07,
        "input_cost_per_token_flex": 1.5e-07,
        "output_cost_per_token": 2.5e-06,
        "max_output_tokens": 65536,
    },
    "claude-haiku-5-5": {
        "litellm_provider": "anthropic",
        "cache_creation_input_token_cost_above_1hr": 2e-07,
        "cache_read_input_token_cost_above_100k_tokens_batches": 2.5e-08,
        "prompt_cache_min_tokens": 512.0,
        "supports_vision": True,
    },
    "gpt-4o-mini": {"litellm_provider": "azure", "input_cost_per_token": 1e-07},
}
MODELS_DEV = {
    "google": {
        "models": {
            "gemini-2.5-pro": {
                "cost": {"input": 1.25, "output": 10, "context_over_200k": {"input": 2.5}},
                "limit": {"context": 1048576, "output": 65536},
            }
        }
    }
}


def given(tmp_path: Path, document: object) -> PriceList:
    path = tmp_path / "list.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return price_list(str(path), DAY)


def said(sheet: Sheet | None) -> dict[tuple[str, int, str], object]:
    assert sheet is not None
    return {(c.key, c.over_prompt, c.tier): c.value for c in sheet.claims}


def one(*rows: Said, kind: str = "catalogue", seen: date = DAY) -> Sheet:
    prices = PriceList(Source("other", kind, "Other"), seen, lambda _vendor, _name: rows)  # type: ignore[arg-type]
    sheet = prices.sheet("v", "m")
    assert sheet is not None
    return sheet


def test_litellms_map_is_read_exactly(tmp_path: Path) -> None:
    prices = given(tmp_path, LITELLM)
    assert said(prices.sheet("google", "gemini-2.5-flash")) == {
        ("price.input", 0, ""): Decimal("0.28"),
        ("price.input", 0, "flex"): Decimal("0.15"),
        ("price.output", 0, ""): Decimal("2.5"),
        ("limits.max_output", 0, ""): 65_536,
    }
    assert said(prices.sheet("anthropic", "claude-haiku-5-5")) == {
        ("price.cache_write_1h", 0, ""): Decimal("0.2"),
        ("price.batch_cache_read", 100_000, ""): Decimal("0.025"),
        ("limits.min_cacheable", 0, ""): 512,
    }
    assert prices.sheet("openai", "gpt-4o-mini") is None, "another provider's row"


def test_models_devs_document_is_read(tmp_path: Path) -> None:
    assert said(given(tmp_path, MODELS_DEV).sheet("google", "gemini-2.5-pro")) == {
        ("price.input", 0, ""): Decimal("1.25"),
        ("price.input", 200_000, ""): Decimal("2.5"),
        ("price.output", 0, ""): 10,
        ("limits.context_window", 0, ""): 1_048_576,
        ("limits.max_output", 0, ""): 65_536,
    }


@pytest.mark.parametrize("document", [[], {"a": 1}, {}])
def test_a_file_of_another_form_is_refused(tmp_path: Path, document: object) -> None:
    with pytest.raises(CatalogError, match=r"list\.json"):
        given(tmp_path, document)


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(CatalogError, match="no such file, nor an installed package"):
        price_list("no-such-prices", DAY)


def test_the_long_tail_is_priced_where_the_package_is_installed() -> None:
    bare, priced = load(), load(tail=genai_prices_list())
    usage = Usage(input=1_000_000, output=1_000_000)
    for name, total in (("gpt-4o-mini", "0.75"), ("gemini-2.0-flash", "0.50")):
        assert PriceTable(bare.resolve(name, DAY), DAY).charge(usage) is None
        model = priced.resolve(name, DAY)
        charge = PriceTable(model, DAY).charge(usage)
        assert charge is not None
        assert (charge.total, model.known) == (Decimal(total), False)
        assert charge.lines[0].source.startswith("genai-prices-")
        assert priced.resolve(name, DAY) is model, "one object, so that its price table is kept"
    assert priced.version != bare.version


def test_the_package_is_imported_when_it_is_first_asked_about_a_model() -> None:
    program = """
import sys, fairlead.cli.main
from fairlead.catalog import load
from fairlead.catalog.from_genai_prices import genai_prices_list
from datetime import date
catalog = load(tail=genai_prices_list())
catalog.resolve("haiku", date(2026, 11, 23))
print("genai_prices" in sys.modules)
catalog.tail.ready()
print("genai_prices" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]


def test_our_own_facts_lie_over_the_long_tail() -> None:
    bare, priced = load(), load(tail=genai_prices_list())
    for model_id, model in bare.models.items():
        assert priced.resolve(model_id, date(2026, 11, 1)) == model


def test_an_overlay_is_read_as_it_was_written() -> None:
    sheet = one(
        Said("price.input", Decimal("0.10")),
        Said("price.input", Decimal(2), over_prompt=200_000, tier="flex", valid_from=DAY),
        Said("feature.tools", value=True),
        Said("modalities_in", ["text", "image"]),
        Said("sampling.exclusive", [["temperature", "top_p"]]),
        Said("thinking.effort_budgets", {"low": 1024}),
        Said("lifecycle.ends", DAY),
        Said("info.note", 'a "quoted" word'),
    )
    overlay = Overlay().with_claims("m", "v", sheet.claims)
    again = parse_overlay(write_overlay(overlay), {}, "catalog.toml")
    assert set(again.sheets["m"].claims) == set(sheet.claims)
    assert again.sources == overlay.sources
    assert again.with_claims("m", "v", sheet.claims) == again, "nothing is doubled"


def test_an_overlay_at_fault_is_told() -> None:
    with pytest.raises(CatalogError, match=r"o\.toml: models\[0\]"):
        load(overlay=("o.toml", '[[models]]\nid = "m"\n'))
    with pytest.raises(CatalogError, match=r"o\.toml: unknown key 'modells'"):
        load(overlay=("o.toml", "[[modells]]\n"))


def test_a_model_of_an_overlay_rules_nothing_out() -> None:
    sheet = one(Said("price.input", 1), Said("price.output", 2))
    text = write_overlay(Overlay().with_claims("gpt-x", "openai", sheet.claims))
    model = load(overlay=("o.toml", text)).resolve("gpt-x", DAY)
    assert (model.known, len(model.prices)) == (False, 2)
    assert "temperature" in model.sampling.accepts


def test_a_changed_price_keeps_that_of_past_days() -> None:
    catalog = load()
    theirs = one(Said("price.input", Decimal("0.28")), Said("price.output", Decimal("2.50")))
    (change,) = changes(catalog.sheets["gemini-2.5-flash"], theirs, DAY)
    assert (change.effect, change.theirs.valid_from) == ("changes", DAY)
    overlay = Overlay().with_claims("gemini-2.5-flash", "google", [change.theirs])
    model = load(overlay=("o", write_overlay(overlay))).models["gemini-2.5-flash"]
    usage = Usage(input=1_000_000)
    for day, total in ((date(2026, 11, 22), "0.30"), (DAY, "0.28")):
        charge = PriceTable(model, day).charge(usage)
        assert charge is not None
        assert charge.total == Decimal(total)


def test_a_catalogues_word_does_not_replace_the_vendors() -> None:
    catalog = load()
    theirs = one(Said("lifecycle.ends", date(2027, 1, 1)))
    (change,) = changes(catalog.sheets["gemini-2.5-flash"], theirs, DAY)
    assert change.effect == "disputed"
    overlay = Overlay().with_claims("gemini-2.5-flash", "google", [change.theirs])
    model = load(overlay=("o", write_overlay(overlay))).models["gemini-2.5-flash"]
    assert model.lifecycle.ends == date(2026, 12, 1)


def test_a_list_that_agrees_changes_nothing() -> None:
    sheet = load().sheets["gemini-3.8-flash"]
    theirs = one(
        Said("price.input", Decimal("0.75")),
        Said("price.input", Decimal("1.5"), valid_from=date(2027, 1, 1)),
    )
    assert changes(sheet, theirs, DAY) == ()
    less = one(
        Said("price.input", Decimal("0.75")),
        Said("price.input", Decimal("1.4"), valid_from=date(2027, 1, 1)),
    )
    (change,) = changes(sheet, less, DAY)
    assert change.ours is not None
    assert change.ours.value == Decimal("1.5")


def test_old_facts_and_disagreements_are_found() -> None:
    sheet = load().sheets["gemini-2.5-flash"]
    assert {f.key for f in old(sheet, DAY, 90)} == {"feature.logprobs", "price.cache_storage"}
    later = {f.key for f in old(sheet, date(2027, 3, 1), 90)}
    assert {"price.input", "limits.max_output", "lifecycle.ends"} <= later
    assert not any(key.startswith("benchmark.") for key in later)
    matters = {(f.key, f.matter, f.other_source) for f in disagreeing(sheet)}
    assert ("limits.max_output", "settled", "article-2025-10") in matters
    assert ("lifecycle.ends", "unsettled", "gathered-2026-11") in matters
    prices = PriceList(Source("o", "catalogue", "O"), DAY, lambda _v, _n: [Said("price.input", 1)])
    (found,) = against(sheet, prices, DAY)
    assert (found.matter, found.value, found.other) == ("package", Decimal("0.30"), 1)


def test_a_family_is_what_the_user_says() -> None:
    own = load(families={"flash": ["gemini-3.8-flash"], "mine": ["claude-haiku-5-5"]})
    assert own.resolve("flash", DAY).id == "gemini-3.8-flash"
    assert own.resolve("gemini-flash", DAY).id == "gemini-3.8-flash"
    assert own.resolve("mine", DAY).id == "claude-haiku-5-5"
    with pytest.raises(CatalogError, match=r"families\.flash: no such model 'x'"):
        load(families={"flash": ["x"]})


def test_a_discount_is_on_every_price_and_is_named() -> None:
    own = load(factors={"gemini-2.5-flash": Decimal("0.85")})
    listed = load().models["gemini-2.5-flash"].prices
    paid = own.models["gemini-2.5-flash"].prices
    assert [p.usd_per_million for p in paid] == [
        p.usd_per_million * Decimal("0.85") for p in listed
    ]
    assert paid[0].source == "litellm-1.109.1 x 0.85 config"
    regional = own.behind("gemini-2.5-flash", "vertex").prices
    dearest = max(p.usd_per_million for p in regional if p.region)
    assert dearest == Decimal("4.5") * Decimal("0.935"), "tokens of the priority tier"
    assert own.version != load().version
    with pytest.raises(CatalogError, match=r"prices\.flash: no such model"):
        load(factors={"flash": Decimal(1)})


def test_an_own_rate_outlives_an_announced_change_of_the_list_price() -> None:
    own = load(models={"gemini-3.8-flash": {"price.input": Decimal("0.60")}})
    usage = Usage(input=1_000_000)
    for day in (DAY, date(2027, 1, 1)):
        charge = PriceTable(own.models["gemini-3.8-flash"], day).charge(usage)
        assert charge is not None
        assert charge.total == Decimal("0.60")
