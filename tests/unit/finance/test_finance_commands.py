import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Failure, Usage
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger

HAIKU = "claude-haiku-4-5-20251001"
RUN = CliRunner()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    ledger = SqliteLedger(folder / "ledger.db")
    now = time.time()
    for day in range(1, 40):
        usage = Usage(input=1000 * day, output=100)
        cost = (Decimal(1000 * day) + 500) / 10**6
        ledger.add(
            Record(f"r{day}", now - day * 86_400, "anthropic", HAIKU, "ok", 200, model=HAIKU,
                   usage=usage, cost_usd=cost, route="r")
        )  # fmt: skip
    ledger.close()
    file = folder / "fairlead.toml"
    file.write_text(f'[ledger]\npath = "{folder / "ledger.db"}"\n')
    return file


def run(config: Path, *args: str) -> dict:
    result = RUN.invoke(app, [*args, "--json", "--config", str(config)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_whatif(config: Path) -> None:
    found = run(config, "whatif", "--model", "claude-haiku-4-5", "--since", "10w")
    assert found["total"]["requests"] == 39
    assert Decimal(found["total"]["difference"]) == 0
    assert isinstance(found["total"]["actual"], str)
    assert [part["key"] for part in found["by_route"]] == ["r"]


def test_whatif_under_a_policy(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "p"\nversion = "1"\ncandidates = ["flash"]\notherwise = "flash"\n')
    found = run(config, "whatif", "--model", f"policy:{file}", "--since", "10w")
    assert found["stayed"] == {"the client named the model": 39}
    assert found["sampling"] is None
    assert Decimal(found["total"]["difference"]) == 0


def test_forecast(config: Path) -> None:
    found = run(config, "forecast", "--days", "3", "--budget", "0.000001")
    assert len(found["days"]) == 3
    assert found["history_days"] == 38
    assert found["budget_ends"] == found["days"][0]["day"]
    with pytest.raises(Failure):
        run(config, "forecast", "--budget", "much")


def test_reconcile(config: Path, tmp_path: Path) -> None:
    now = time.time()
    data = [
        {
            "starting_at": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(now - day * 86_400)),
            "results": [
                {"uncached_input_tokens": 1000 * day, "output_tokens": 100, "model": HAIKU}
            ],
        }
        for day in range(1, 40)
    ]
    file = tmp_path / "usage.json"
    file.write_text(json.dumps({"data": data, "has_more": False}))
    found = run(config, "reconcile", "anthropic", str(file))
    assert found["counts"] == {"matched": 39}
    assert Decimal(found["unexplained_usd"]) == 0


@pytest.mark.parametrize(
    "args",
    [("whatif", "--model", HAIKU), ("forecast", "--budget", "5", "--method", "seasonal-naive")],
)
def test_tables(config: Path, args: tuple[str, ...]) -> None:
    result = RUN.invoke(app, [*args, "--config", str(config)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "total" in result.stdout


def test_a_time_without_answers_has_no_empty_tables(config: Path) -> None:
    words = ["whatif", "--model", HAIKU, "--since", "2030-01-01", "--config", str(config)]
    told = RUN.invoke(app, words, catch_exceptions=False)
    assert told.exit_code == 0
    assert "no answer in the ledger of that time can be replayed" in told.output
    assert "By day" not in told.output
