import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger

RUN = CliRunner()


def config(folder: Path, last: Decimal) -> Path:
    """Sixty days at about two dollars, and `last` yesterday."""
    ledger = SqliteLedger(folder / "ledger.db")
    now = time.time()
    for ago in range(1, 61):
        cost = last if ago == 1 else 2 + Decimal(ago % 3) / 10
        ledger.add(
            Record(f"r{ago}", now - ago * 86_400, "anthropic", "m", "ok", 200, cost_usd=cost)
        )
    ledger.close()
    file = folder / "fairlead.toml"
    file.write_text(f'[ledger]\npath = "{folder / "ledger.db"}"\n')
    return file


@pytest.mark.parametrize(("last", "alarm"), [(Decimal(2), False), (Decimal(50), True)])
def test_an_alarm_is_told_everywhere(tmp_path: Path, last: Decimal, alarm: bool) -> None:
    args = ["forecast", "--budget", "40", "--config", str(config(tmp_path, last))]
    found = json.loads(RUN.invoke(app, [*args, "--json"], catch_exceptions=False).stdout)
    assert found["method"] == "state-space"
    assert found["alarm"] is alarm
    assert any(day["alarm"] for day in found["outside"]) is alarm
    assert found["budget_ends_early"] <= found["budget_ends"] <= found["budget_ends_late"]
    assert isinstance(found["week"]["actual"], str)
    plain = RUN.invoke(app, args, catch_exceptions=False)
    assert plain.exit_code == 0
    assert ("ALARM" in plain.stdout) is alarm
    assert "80 %" in plain.stdout
    told = RUN.invoke(app, [*args, "--alarm"], catch_exceptions=False)
    assert told.exit_code == int(alarm)
    assert told.stdout == plain.stdout
