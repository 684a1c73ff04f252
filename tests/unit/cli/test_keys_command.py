"""`fairlead keys` before anything was served, and what other commands say of its file."""

import re

import pytest
from typer.testing import CliRunner

from fairlead.cli.main import app
from fairlead.ledger.health import LedgerError

RUN = CliRunner()


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    path = tmp_path / "fairlead.db"
    monkeypatch.setenv("FAIRLEAD_LEDGER_PATH", str(path))
    return path


def test_to_list_keys_makes_no_file(ledger) -> None:
    told = RUN.invoke(app, ["keys", "list"], catch_exceptions=False)
    assert told.exit_code == 0
    assert "no virtual key is made" in told.output
    assert not ledger.exists()
    assert RUN.invoke(app, ["keys", "list", "--json"], catch_exceptions=False).output == "[]\n"


@pytest.mark.parametrize(
    "words", [["usage"], ["forecast"], ["receipt", "x"], ["whatif", "--model", "haiku"]]
)
def test_a_file_of_keys_alone_is_no_ledger_that_is_broken(ledger, words) -> None:
    assert RUN.invoke(app, ["keys", "create", "me"], catch_exceptions=False).exit_code == 0
    with pytest.raises(LedgerError) as raised:
        RUN.invoke(app, words, catch_exceptions=False)
    assert str(raised.value) == f"there is no ledger in {ledger} yet"
    assert raised.value.hint == "the first `serve` makes it"


def test_a_key_is_a_line_of_80_columns() -> None:
    RUN.invoke(app, ["keys", "create", "me", "--budget-usd", "5"], catch_exceptions=False)
    told = RUN.invoke(app, ["keys", "list"], catch_exceptions=False).output.splitlines()
    assert len(told[-1].rstrip()) <= 80
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d +active$", told[-1].rstrip())
