"""Names to models on a day, and what the user lays over the shipped data."""

from datetime import date
from decimal import Decimal

import pytest

from fairlead import catalog
from fairlead.canon import Failure
from fairlead.catalog import Catalog, CatalogError, load

TODAY = date(2026, 11, 22)
AFTER = date(2026, 12, 1)


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini/gemini-2.5-flash", "gemini-2.5-flash"),
        ("Gemini-2.5-Flash", "gemini-2.5-flash"),
        ("gemini-flash", "gemini-2.5-flash"),
        ("flash", "gemini-2.5-flash"),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("claude-4.5-haiku", "claude-haiku-4-5-20251001"),
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("anthropic/claude-haiku-4.5", "claude-haiku-4-5-20251001"),
        ("haiku", "claude-haiku-4-5-20251001"),
        ("claude-haiku-5-5", "claude-haiku-5-5"),
        ("gemini-3.8-flash", "gemini-3.8-flash"),
        ("flash-lite", "gemini-3.5-flash-lite"),
    ],
)
def test_a_name_means_a_model(shipped: Catalog, name: str, model: str) -> None:
    found = shipped.resolve(name, TODAY)
    assert found.id == model
    assert found.known


@pytest.mark.parametrize(
    ("name", "vendor", "model"),
    [
        ("claude-opus-5", "anthropic", "claude-opus-5"),
        ("anthropic/claude-opus-5", "anthropic", "claude-opus-5"),
        ("gemini-9-ultra", "google", "gemini-9-ultra"),
        ("gpt-5.6", "openai", "gpt-5.6"),
        ("o3-mini", "openai", "o3-mini"),
        ("chatgpt-4o-latest", "openai", "chatgpt-4o-latest"),
    ],
)
def test_an_unknown_id_goes_by_its_prefix(
    shipped: Catalog, name: str, vendor: str, model: str
) -> None:
    found = shipped.resolve(name, TODAY)
    assert (found.id, found.vendor, found.known, found.prices) == (model, vendor, False, ())
    assert found.thinking.plain_back == (vendor != "openai")  # "Unknown parameter: ..."


def test_a_name_that_nothing_knows_is_a_404_with_near_matches(shipped: Catalog) -> None:
    with pytest.raises(Failure) as raised:
        shipped.resolve("gemni-flash", TODAY)
    problem = raised.value.problem
    assert problem.kind == "model_not_found"
    assert problem.param == "model"
    assert problem.hint is not None
    assert "gemini-flash" in problem.hint


@pytest.mark.parametrize("name", ["", "x" * 1_000_000, "claude-" + "x" * 1_000, "\ud800", "auto "])
def test_absurd_names_are_refused_shortly(shipped: Catalog, name: str) -> None:
    with pytest.raises(Failure) as raised:
        shipped.resolve(name, TODAY)
    assert len(raised.value.problem.message) < 300


def test_an_ended_member_steps_aside(shipped: Catalog) -> None:
    for name in ("flash", "gemini-flash", "gemini-2.5-flash"):
        assert shipped.resolve(name, AFTER).id == "gemini-3.5-flash-lite"
    assert shipped.resolve("haiku", AFTER).id == "claude-haiku-4-5-20251001"


def test_a_warning_comes_ninety_days_ahead(shipped: Catalog) -> None:
    flash = shipped.models["gemini-2.5-flash"]
    assert shipped.warnings(flash, date(2026, 9, 1)) == ()
    (sentence,) = shipped.warnings(flash, date(2026, 9, 2))
    assert sentence == (
        "gemini-2.5-flash ends on the Gemini API on 2026-12-01; gemini-3.5-flash-lite is then "
        "served (source gemini-docs)"
    )
    (after,) = shipped.warnings_for("flash", AFTER)
    assert after.startswith("gemini-2.5-flash ended")
    assert shipped.warnings_for("haiku", TODAY) == ()


def test_the_users_aliases_and_models() -> None:
    own = load(
        aliases={"Fast": "flash", "big": "claude-opus-5"},
        models={
            "our-model": {
                "vendor": "ours",
                "family": "flash",
                "aliases": ["om"],
                "price.input": 0.25,
                "limits.context_window": 32_000,
            },
            "gemini-2.5-flash": {"price.input": Decimal("0.10")},
        },
        today=TODAY,
    )
    assert own.resolve("Fast", TODAY).id == "gemini-2.5-flash"
    assert own.resolve("fast", AFTER).id == "gemini-3.5-flash-lite"
    assert own.resolve("big", TODAY).vendor == "anthropic"
    ours = own.resolve("om", TODAY)
    assert (ours.vendor, ours.limits.context_window, ours.known) == ("ours", 32_000, True)
    assert ours.prices[0].usd_per_million == Decimal("0.25")
    assert own.families["flash"].members[-1] == "our-model"
    flash = own.resolve("gemini-2.5-flash", TODAY)
    standard = [p for p in flash.prices if p.kind == "input" and not p.tier]
    assert {p.usd_per_million for p in standard} == {Decimal("0.10")}


@pytest.mark.parametrize(
    ("models", "aliases", "said"),
    [
        ({"m": {"price.inptu": 1}}, {}, "models.m: unknown fact 'price.inptu'"),
        ({"m": {"vendor": "v", "price.input": "1"}}, {}, "models.m: 'price.input' must be"),
        ({"m": {"price.input": 1}}, {}, "models.m.vendor: missing"),
        ({"m": {"vendor": 3}}, {}, "models.m.vendor: must be a string"),
        ({"m": {"vendor": "v", "modalities_in": ["smell"]}}, {}, "does not know 'smell'"),
        ({"m": {"vendor": "v", "limits.max_output": True}}, {}, "must be a whole number"),
        ({}, {"a": "nothing-such"}, "aliases.a: no such model or family 'nothing-such'"),
    ],
)
def test_a_users_mistake_is_named(models, aliases, said: str) -> None:
    with pytest.raises(CatalogError) as raised:
        load(models=models, aliases=aliases, today=TODAY)
    assert said in str(raised.value)


def test_the_version_names_the_data_in_force() -> None:
    assert load().version == load().version
    cheaper = load(models={"gemini-2.5-flash": {"price.input": 0.1}}, today=TODAY)
    assert cheaper.version != load().version


def test_every_shipped_name_resolves_to_itself(shipped: Catalog) -> None:
    early = date(2026, 1, 1)
    for model in shipped.models.values():
        for name in (model.id, *model.aliases, model.id.upper()):
            assert shipped.resolve(name, early) is model


def test_public_names() -> None:
    assert set(catalog.__all__) <= set(dir(catalog))
