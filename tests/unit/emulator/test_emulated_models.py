"""The models that the emulator knows."""

import pytest

from fairlead.emulator import models


def test_aliases_find_the_full_name():
    assert models.find("anthropic", "claude-haiku-4-5").name == "claude-haiku-4-5-20251001"
    assert models.find("gemini", "claude-haiku-4-5") is None
    assert models.find("anthropic", "nonesuch") is None


@pytest.mark.parametrize("vendor", ["anthropic", "gemini", "openai"])
def test_every_row_is_whole(vendor):
    for name in models.names(vendor):
        model = models.find(vendor, name)
        assert 0 < model.max_output < model.context_window
        assert model.min_cacheable > 0
        assert "text" in model.modalities
        assert ("budget" in model.thinking or "enabled" in model.thinking) == bool(model.budget)
        assert ("level" in model.thinking) == bool(model.levels)
        answers = vendor == "gemini" and not model.embedding
        assert answers == (model.media is not None)


@pytest.mark.parametrize(
    ("vendor", "alias", "name"),
    [
        ("anthropic", "claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("anthropic", "claude-opus-4-5", "claude-opus-4-5-20251101"),
        ("gemini", "gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("gemini", "gemini-flash-latest", "gemini-3.6-flash"),
    ],
)
def test_models_that_occur_in_recordings_are_known(vendor, alias, name):
    assert models.find(vendor, alias).name == name


def test_haiku_hears_and_sees_no_film():
    heard = models.find("anthropic", "claude-haiku-4-5-20251001").modalities
    assert not {"audio", "video"} & set(heard)
