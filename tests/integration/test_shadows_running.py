"""Copies to another model in a running gateway: in the ledger, in the sums, never in the way."""

import json
import signal
import subprocess
import sys
from decimal import Decimal

from tests.integration.conftest import meant, until

from fairlead.ledger.query import tail, usage

POLICY = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[shadow]
to = "haiku"
share = 1.0
usd_per_day = 5
in_flight = 2
"""
ASK = {"model": "auto", "messages": [{"role": "user", "content": "Suggest a name for a boat."}]}


def told(gateway, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def copies(gateway) -> dict[str, object]:
    return {each.id: each for each in tail(gateway.database, 100) if each.op == "shadow"}


def test_copies_are_in_the_ledger_and_never_in_the_way(start, tmp_path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "own.toml").write_text(POLICY)
    gateway = start(config=f"[routing]\npolicy = 'own'\npolicies_dir = '{folder}'\n")

    plain, streamed = gateway.chat(ASK), gateway.chat(ASK | {"stream": True})
    asked = [each.headers["x-fairlead-request-id"] for each in (plain, streamed)]
    for reply in (plain, streamed):
        assert reply.headers["x-fairlead-model"] == meant("flash")
        assert b"shadow" not in reply.body
    until(lambda: set(copies(gateway)) == {f"{each}.shadow" for each in asked})
    for record in copies(gateway).values():
        assert record.outcome == "ok"
        assert record.model == "claude-haiku-4-5-20251001"
        assert record.cost_usd > 0
        assert record.decision
        assert json.loads(record.decision)["reason"] == f"shadow of {record.id[:-7]}"
    streams = [each for each in copies(gateway).values() if each.stream]
    assert streams[0].first_token_ms is not None, "a stream is copied as a stream"

    rows = {row.group[0]: row for row in usage(gateway.database, ("op",)).rows}
    assert (rows["generate"].requests, rows["shadow"].requests) == (2, 2)
    assert "2 of 4 requests were copies to shadows" in told(gateway, "usage")
    beside = json.loads(told(gateway, "usage", "--json"))["shadows"]
    assert Decimal(beside["cost_usd"]) == rows["shadow"].cost_usd > 0
    assert "named another model" not in told(gateway, "receipt", f"{asked[0]}.shadow")
    shown = json.loads(told(gateway, "route", "show", f"{asked[0]}.shadow", "--json"))
    assert shown["model"] == "claude-haiku-4-5-20251001"

    # The other vendor hangs: clients do not notice, two copies run and the rest waits. Those that
    # run leave their record when the gateway stops.
    gateway.fault(action="stall", vendor="anthropic", seconds=600)
    for _ in range(5):
        assert gateway.chat(ASK).status == 200
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.wait(60)
    outcomes = sorted(each.outcome for each in copies(gateway).values())
    assert outcomes == ["client_gone", "client_gone", "ok", "ok"]
    assert "copies to shadows since the start: sent 4" in gateway.log.read_text()
