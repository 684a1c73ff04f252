"""`fairlead receipt`: a record of the ledger told in full."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec.structs import replace
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.catalog import load
from fairlead.cli.main import app
from fairlead.finance.told import told
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.routing.decision import Candidate, Decision, Features, Tried

AT = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DECISION = Decision(
    policy="p",
    policy_hash="h",
    path=(),
    ranked=(FLASH, HAIKU),
    candidates=(
        Candidate(FLASH, "chosen first, but failed: 503"),
        Candidate(HAIKU, "second"),
        Candidate("gemini-3.8-flash", "no audio", ruled_out="audio"),
    ),
    reason=f"{HAIKU} after {FLASH} failed (503)",
    features=Features(),
)


def record(**more) -> Record:
    held = {
        "id": "req_1",
        "at": AT,
        "dialect": "openai_chat",
        "asked_model": "auto",
        "outcome": "ok",
        "status": 200,
        "model": HAIKU,
        "upstream": "anthropic",
        "decision": DECISION.stored(),
        "usage": Usage(input=1_000_000, output=100_000),
        "cost_usd": Decimal("1.50"),
    }
    return Record(**(held | more))


def test_the_bill_the_reason_the_attempts_and_what_it_would_have_cost_elsewhere():
    found = told(record(), load())
    assert found.receipt is not None
    assert found.receipt.total == Decimal("1.5")
    assert found.reason == DECISION.reason
    assert [attempt.model for attempt in found.attempts] == [FLASH]
    assert found.elsewhere[0].model == FLASH
    assert found.elsewhere[0].cost_usd == Decimal("0.55")
    assert found.elsewhere[1].ruled_out == "audio"
    assert any("not known" in note for note in found.notes)


def test_a_request_that_named_its_model_is_compared_with_what_the_families_stand_for():
    bare = Decision("named", "", (), (HAIKU,), (Candidate(HAIKU, "named"),), "named", Features())
    found = told(record(decision=bare.stored(), cost_usd=Decimal("1.5")), load())
    assert [(each.model, each.cost_usd) for each in found.elsewhere] == [(FLASH, Decimal("0.55"))]
    assert told(record(decision=b"", usage=None, cost_usd=None), load()).elsewhere == ()


def test_a_ledger_that_says_otherwise_is_named():
    found = told(record(cost_usd=Decimal("1.40"), price_version="old"), load())
    assert any("the ledger wrote $1.4 " in note for note in found.notes)


def test_that_the_catalogue_changed_is_said_only_where_it_has():
    catalog = load()
    for version, why in (
        ("old", f"was old then and is {catalog.version} now"),
        (catalog.version, "one of both is wrong"),
        (None, "does not say by which"),
    ):
        (note,) = (
            note
            for note in told(record(cost_usd=None, price_version=version), catalog).notes
            if "the ledger wrote" in note
        )
        assert why in note


def test_no_usage_no_receipt():
    found = told(record(usage=None, cost_usd=None, decision=b"", model=None), load())
    assert found.receipt is None
    assert any("nothing is known" in note for note in found.notes)


def test_the_command_prints_it_for_people_and_for_machines(tmp_path: Path):
    database = tmp_path / "fairlead.db"
    config = tmp_path / "fairlead.toml"
    config.write_text(f'[ledger]\npath = "{database}"\n')
    ledger = SqliteLedger(database)
    ledger.add(record())
    ledger.close()
    run = CliRunner().invoke(app, ["receipt", "req_1", "--config", str(config), "--json"])
    assert run.exit_code == 0, run.output
    answer = msgspec.json.decode(run.stdout)
    assert Decimal(answer["receipt"]["total"]) == Decimal("1.5")
    assert [type(line["amount"]) for line in answer["receipt"]["lines"]] == [str, str]
    plain = CliRunner().invoke(app, ["receipt", "req_1", "--config", str(config)])
    assert "Attempt on gemini-2.5-flash" in plain.stdout
    with config.open("a") as file:
        file.write(f'[prices."{HAIKU}"]\nfactor = 0.5\n')
    halved = CliRunner().invoke(app, ["receipt", "req_1", "--config", str(config), "--json"])
    assert Decimal(msgspec.json.decode(halved.stdout)["receipt"]["total"]) == Decimal("0.75")
    absent = CliRunner().invoke(app, ["receipt", "req_2", "--config", str(config)])
    assert absent.exit_code != 0


def test_retries_of_one_model_are_told_each_with_what_came_of_it(tmp_path: Path):
    tried = (
        Tried(HAIKU, "anthropic", "overloaded", 529, 12.3),
        Tried(HAIKU, "anthropic", "ok", None, 1_650.0),
    )
    decision = replace(DECISION, tried=tried).stored()
    assert told(record(decision=decision), load()).tried == tried
    assert told(record(), load()).tried == ()
    database = tmp_path / "fairlead.db"
    config = tmp_path / "fairlead.toml"
    config.write_text(f'[ledger]\npath = "{database}"\n')
    ledger = SqliteLedger(database)
    ledger.add(record(decision=decision))
    ledger.close()
    plain = CliRunner().invoke(app, ["receipt", "req_1", "--config", str(config)])
    assert f"Try 1: {HAIKU} at anthropic: overloaded (529), 12 ms\n" in plain.stdout
    assert f"Try 2: {HAIKU} at anthropic: ok, 1,650 ms\n" in plain.stdout


def test_what_a_failed_candidate_cost_is_not_said_to_be_unknown_beside_its_record(tmp_path: Path):
    database = tmp_path / "fairlead.db"
    ledger = SqliteLedger(database)
    beside = record(id="req_1.1", op="attempt", model=FLASH, outcome="upstream_error")
    ledger.add(beside)
    ledger.add(record())
    ledger.close()
    found = told(record(), load(), database)
    assert [each.model for each in found.beside] == [FLASH]
    assert not any("not known" in note for note in found.notes)
