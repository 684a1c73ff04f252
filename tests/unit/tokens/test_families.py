"""Which model counts like which."""

import pytest

from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.tokens.families import (
    FAMILIES,
    FITS,
    errors,
    family_of,
    family_of_id,
    tool_prompt,
    weights,
)
from fairlead.tokens.shape import TERMS


@pytest.mark.parametrize(
    ("model", "vendor", "surface", "family"),
    [
        ("claude-haiku-4-5-20251001", "anthropic", "", "claude-4.5"),
        ("us.anthropic.claude-sonnet-4-6", "anthropic", "", "claude-4.5"),
        ("anthropic/claude-haiku-4.5", "openrouter", "", "claude-4.5"),
        ("claude-haiku-5-5", "anthropic", "", "claude-5.5"),
        ("claude-opus-4-8", "anthropic", "", "claude-5"),
        ("claude-sonnet-5", "anthropic", "", "claude-5"),
        ("claude-sonnet-4-20250514", "anthropic", "", "claude-4.0"),
        ("claude-3-5-haiku-20241022", "anthropic", "", "claude-3"),
        ("gemini-2.5-flash", "google", "", "gemini-2.5"),
        ("gemini-2.5-flash", "google", "vertex", "gemini-2.5/vertex"),
        ("gemini-3.8-flash", "google", "", "gemini-3"),
        ("gemini-3.8-flash", "google", "nowhere", "gemini-3"),
        ("gpt-4o-mini", "openai", "", "openai-4"),
        ("gpt-5-nano", "openai", "openai_responses", "openai-5/responses"),
        ("gpt-3.5-turbo", "openai", "", "openai-3"),
        ("o3-mini", "openai", "", "openai-5"),
        ("a-new-one", "google", "", "gemini-2.5"),
        ("a-new-one", "anthropic", "", "claude-4.5"),
    ],
)
def test_families(model: str, vendor: str, surface: str, family: str) -> None:
    found = family_of_id(model, vendor, surface)
    assert found is not None
    assert found.name == family


@pytest.mark.parametrize(
    ("day", "family"),
    [
        ("", "openai-4/responses"),
        ("2025-03-27", "openai-responses-2025-03"),
        ("2025-04-01", "openai-4/responses"),
        ("2026-11-23", "openai-4/responses"),
    ],
)
def test_what_is_no_more_is_for_its_own_days(day: str, family: str) -> None:
    found = family_of_id("gpt-4o", "openai", "openai_responses", day=day)
    assert found is not None
    assert found.name == family


def test_a_stranger_has_no_family() -> None:
    assert family_of(Model.unknown("llama-3.3-70b", "groq")) is None


def test_every_model_of_the_catalogue_has_one() -> None:
    assert [m.id for m in load().models.values() if family_of(m) is None] == []


def test_every_family_has_weights_and_errors() -> None:
    names = {family.name for family in FAMILIES}
    for family in FAMILIES:
        assert not family.parent or family.parent in names
        assert len(weights(family.name)) == len(TERMS)
        assert any(weights(family.name))
        for kind in ("plain", "framed"):
            spread = errors(family.name, kind)
            assert spread.low_95 <= spread.low_80 <= spread.high_80 <= spread.high_95


def test_the_fit_names_its_day_and_what_it_rests_on() -> None:
    assert FITS.fitted >= "2026-11-23"
    assert "recorded requests" in FITS.on
    assert all(term in TERMS for fit in FITS.families.values() for term in fit.coefficients)


@pytest.mark.parametrize(
    ("model", "auto", "forced"),
    [
        ("claude-3-opus-20240229", 530, 281),
        ("anthropic.claude-3-sonnet-20240229-v1:0", 159, 235),
        ("claude-3-5-haiku-latest", 264, 355),
        ("claude-3-5-sonnet-20240620", 294, 261),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", 346, 313),
        ("claude-sonnet-4-20250514", 313, 315),
        ("claude-opus-4-1", 313, 315),
        ("claude-haiku-4-5", 496, 588),
        ("claude-sonnet-4.6", 497, 589),
        ("claude-opus-4-7", 675, 804),
        ("claude-opus-4-8", 290, 410),
        ("us.anthropic.claude-sonnet-5", 354, 474),
        ("claude-opus-5", 286, 406),
        ("claude-opus-5-5", 354, 474),
        ("claude-4.5", 496, 588),
        ("claude-5", 354, 474),
        ("gpt-4o", 0, 0),
        ("gemini-2.5-flash", 0, 0),
    ],
)
def test_the_documented_prompt_for_tools(model: str, auto: int, forced: int) -> None:
    assert tool_prompt(model, forced=False) == auto
    assert tool_prompt(model, forced=True) == forced
