"""`fairlead check`, as people read it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.cli.main import app
from fairlead.upstream.kinds.registry import VENDORS_OWN


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    for kind in VENDORS_OWN.values():
        monkeypatch.delenv(kind.key_env, raising=False)


def told(*words: str) -> str:
    result = CliRunner().invoke(app, ["check", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_variables_are_told_once_and_machines_get_each() -> None:
    said = told()
    assert "server.port is FAIRLEAD_SERVER_PORT, and so on" in said
    assert "FAIRLEAD_SERVER_HOST" not in said
    rows = {row["setting"]: row for row in json.loads(told("--json"))["settings"]}
    assert rows["server.host"]["variable"] == "FAIRLEAD_SERVER_HOST"


def test_what_the_user_wrote_is_told_as_it_is() -> None:
    Path("fairlead.toml").write_text('[families]\n"[red]mine" = ["claude-haiku-5-5"]\n')
    assert "families.[red]mine" in told()


def test_the_file_is_named_as_it_is(tmp_path) -> None:
    path = tmp_path / "[bold]" / "fairlead.toml"
    path.parent.mkdir()
    path.write_text("")
    assert str(path) in told("--config", str(path)).replace("\n", "")
