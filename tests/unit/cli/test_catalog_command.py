"""`fairlead catalog`: what to look at, and changes that are shown before they are made."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairlead.cli.catalog import app
from fairlead.cli.models import app as models

MAP = {
    "gemini/gemini-2.5-flash": {"litellm_provider": "gemini", "input_cost_per_token": 2.8e-07},
    "gpt-9": {"litellm_provider": "openai", "input_cost_per_token": 1e-06},
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "map.json").write_text(json.dumps(MAP), encoding="utf-8")
    return tmp_path


def told(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--on", "2026-11-23"])
    assert result.exit_code == code, result.output
    return result.stdout


def test_verify_names_what_is_old_and_who_disagrees() -> None:
    document = json.loads(told("verify", "--with", "map.json", "--json", code=1))
    matters = {(f["matter"], f["model"], f["key"]) for f in document["findings"]}
    assert ("package", "gemini-2.5-flash", "price.input") in matters
    assert ("unsettled", "gemini-2.5-flash", "lifecycle.ends") in matters
    assert ("settled", "gemini-2.5-flash", "limits.max_output") in matters
    assert document["compared_with"] == "litellm-2026-11-23"
    text = told("verify", "--with", "map.json", code=1)
    assert "0.28 (litellm-2026-11-23" in text


def test_update_shows_first_and_writes_when_told(home: Path) -> None:
    overlay = home / "data" / "fairlead" / "catalog.toml"
    shown = told("update", "map.json")
    assert "nothing is written" in shown
    assert not overlay.exists()
    document = json.loads(told("update", "map.json", "--add", "gpt-9", "--yes", "--json"))
    rows = [(row["model"], row["effect"]) for row in document["changes"]]
    assert rows == [("gemini-2.5-flash", "changes"), ("gpt-9", "new")]
    assert (document["written"], document["overlay"]) == (True, str(overlay))
    assert (price("gpt-9"), price("gemini-2.5-flash")) == ("1.0", "0.28")
    assert "nothing to change" in told("update", "map.json")


def price(model: str) -> Any:
    result = CliRunner().invoke(models, ["show", model, "--json", "--on", "2026-11-24"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["input"]


def test_a_model_that_the_list_has_not_cannot_be_added() -> None:
    result = CliRunner().invoke(app, ["update", "map.json", "--add", "gpt-8"])
    assert result.exit_code == 2
    assert "gpt-8" in result.output
