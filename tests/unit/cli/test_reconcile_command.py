"""`fairlead reconcile`: its page in terminals of any width."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.cli import reconcile
from fairlead.cli.main import app
from fairlead.cli.output import WholeConsole
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger

HAIKU = "claude-haiku-4-5-20251001"
USAGE = Usage(input=5_293_521, cache_read=653_631, cache_write_5m=981_081, output=149_549)
BILLED = {
    "model": HAIKU,
    "uncached_input_tokens": 5_293_521,
    "cache_read_input_tokens": 653_631,
    "cache_creation": {"ephemeral_5m_input_tokens": 981_081, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 149_549,
}
COSTS = {"currency": "USD", "amount": "733", "model": HAIKU, "description": "Haiku"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def page(
    home: Path, monkeypatch: pytest.MonkeyPatch, width: int, billed: dict[str, object]
) -> list[str]:
    monkeypatch.setattr(reconcile, "console", lambda: WholeConsole(width=width, highlight=False))
    config, export = home / "fairlead.toml", home / "export.json"
    config.write_text(f'[ledger]\npath = "{home / "fairlead.db"}"\n')
    bucket = {"starting_at": "2026-11-22T00:00:00Z", "results": [billed]}
    export.write_text(json.dumps({"data": [bucket], "has_more": False}))
    ledger = SqliteLedger(home / "fairlead.db")
    ledger.add(
        Record(
            "one", NOON, "anthropic", "haiku", "ok", 200, model=HAIKU, upstream="anthropic",
            usage=USAGE, cost_usd=Decimal("7.33"),
        )
    )  # fmt: skip
    ledger.close()
    words = ["reconcile", "anthropic", str(export), "--config", str(config)]
    run = CliRunner().invoke(app, words, catch_exceptions=False)
    assert run.exit_code == 0, run.output
    return run.stdout.splitlines()


def test_numbers_and_days_stay_whole_in_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = page(tmp_path, monkeypatch, 80, BILLED)
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    for number in ("5,293,521", "653,631", "981,081", "149,549"):
        assert words.count(number) == 2
    assert {"2026-11-22", "matched", "$7.330000", "$0.000000"} <= set(words)


def test_a_wide_one_has_a_row_on_a_line_and_says_what_the_numbers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "\n".join(page(tmp_path, monkeypatch, 160, BILLED))
    assert told.count("5,293,521 + 653,631 + 981,081 > 149,549") == 2
    assert "tokens: input + cache read + cache write > output, thinking included" in told
    assert "the export tells no dollars" in told


def test_dollars_that_the_export_tells_have_their_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "\n".join(page(tmp_path, monkeypatch, 160, COSTS))
    assert told.count("$7.330000") == 2
    assert "the export tells no dollars" not in told
