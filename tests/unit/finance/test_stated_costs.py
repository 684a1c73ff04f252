"""What vendors state beside our own figures: receipt, `reconcile stated`, and what is left alone."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Failure, Usage
from fairlead.catalog import load
from fairlead.cli.main import app
from fairlead.finance.plan import parse_mix
from fairlead.finance.told import look_up, told
from fairlead.finance.whatif import what_if
from fairlead.ledger.answers import answers
from fairlead.ledger.record import STATED, Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.stated import stated_costs
from fairlead.ledger.traffic import traffic

CATALOG = load()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
HAIKU, UNKNOWN = "claude-haiku-4-5-20251001", "mesh/someone/large-2"
RUN = CliRunner()


def record(id_: str, model: str, cost: str | None, stated: str | None, **more) -> Record:
    usage = Usage(input=1000, output=100, stated_usd=None if stated is None else Decimal(stated))
    own = model == HAIKU
    return Record(
        id_, NOON, "openai_chat", model, "ok", 200, model=model, upstream="mesh", usage=usage,
        cost_usd=None if cost is None else Decimal(cost),
        price_version=CATALOG.version if own else STATED, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stated") / "ledger.db"
    ledger = SqliteLedger(path)
    ledger.add(record("r1", HAIKU, "0.0015", "0.0016"))
    ledger.add(record("r2", HAIKU, "0.0015", "0.0015"))
    ledger.add(record("r3", UNKNOWN, "0.00004", "0.00004"))
    ledger.add(record("r4", HAIKU, "0.0015", None))
    ledger.add(record("r5", HAIKU, "0.0015", "9", emulated=True))
    ledger.close()
    return path


def test_they_are_summed_by_day_upstream_and_model(path: Path) -> None:
    known, unknown = stated_costs(path)
    assert (known.upstream, known.model, known.requests) == ("mesh", HAIKU, 2)
    assert (known.stated_usd, known.here_usd) == (Decimal("0.0031"), Decimal("0.0030"))
    assert (known.priced, known.alike_usd) == (2, Decimal("0.0031"))
    assert (unknown.model, unknown.requests, unknown.priced) == (UNKNOWN, 1, 0)
    assert unknown.stated_usd == Decimal("0.00004")
    assert stated_costs(path, NOON + 1) == stated_costs(path, None, NOON) == []


def test_a_receipt_has_it_beside_ours(path: Path) -> None:
    found = told(look_up(path, "r1"), CATALOG, path)
    assert found.stated_usd == Decimal("0.0016")
    assert found.recorded_usd == found.receipt.total == found.due_usd == Decimal("0.0015")
    assert not any("stated" in note for note in found.notes)


def test_it_is_the_cost_where_no_price_is_known(path: Path) -> None:
    found = told(look_up(path, "r3"), CATALOG, path)
    assert found.stated_usd == found.recorded_usd == found.due_usd == Decimal("0.00004")
    assert any("no price was known" in note and "'mesh' stated" in note for note in found.notes)


def config(path: Path) -> str:
    file = path.with_name("fairlead.toml")
    file.write_text(f'[ledger]\npath = "{path}"\n')
    return str(file)


def test_the_commands_tell_it(path: Path) -> None:
    end = ["--config", config(path)]
    shown = RUN.invoke(app, ["receipt", "r1", *end], catch_exceptions=False).stdout
    assert "Stated by mesh: $0.0016, $0.0001 more than by the prices here" in shown
    shown = RUN.invoke(app, ["receipt", "r3", *end], catch_exceptions=False).stdout
    assert "Stated by mesh: $0.00004, which is the cost: no price is known here" in shown
    shown = RUN.invoke(app, ["reconcile", "stated", *end], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "2026-11-20" in shown.stdout
    told_ = RUN.invoke(app, ["reconcile", "stated", "--json", *end], catch_exceptions=False)
    assert [row["requests"] for row in json.loads(told_.stdout)] == [2, 1]
    with pytest.raises(Failure, match="take no export"):
        RUN.invoke(app, ["reconcile", "stated", "x.json", *end], catch_exceptions=False)
    with pytest.raises(Failure, match="need the vendor's export"):
        RUN.invoke(app, ["reconcile", "openai", *end], catch_exceptions=False)


def test_what_only_its_vendor_prices_is_left_out_of_a_what_if(path: Path) -> None:
    plan = parse_mix(HAIKU, CATALOG, today=lambda: datetime.fromtimestamp(NOON, UTC).date())
    found = what_if(traffic(path), plan, CATALOG, sample=answers(path))
    assert found.total.requests == 4
    assert found.left_out == {"of models whose prices only their upstreams know": 1}
