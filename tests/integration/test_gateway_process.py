"""The process: starting, keys, reload, drain, sudden death."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from tests.integration.conftest import until

from fairlead.ledger.query import tail

ASK = {"model": "auto", "messages": [{"role": "user", "content": "Suggest a name for a boat."}]}


def fairlead(gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fairlead", *arguments],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def journalled(gateway, model: str) -> int:
    """Requests for a model whose acceptance is in the ledger's file."""
    statement = "SELECT count(*) FROM accepted WHERE asked_model = ?"
    with contextlib.closing(sqlite3.connect(gateway.database)) as database:
        return database.execute(statement, (model,)).fetchone()[0]


def test_health_and_readiness(gateway, start) -> None:
    assert gateway.request("GET", "/health").json() == {"status": "ok"}
    assert gateway.request("GET", "/ready").status == 200


def test_no_vendor_is_configured(start) -> None:
    names = ("GEMINI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")
    gateway = start(env=dict.fromkeys(names, "unset"))
    assert gateway.request("GET", "/ready").status == 503
    assert gateway.chat(ASK).status == 400
    assert "no upstream is configured" in gateway.log.read_text()


def test_keys_are_made_used_and_revoked_while_it_runs(start) -> None:
    gateway = start()
    assert gateway.chat(ASK).status == 200
    assert "no virtual key is made" in gateway.log.read_text()
    made = json.loads(fairlead(gateway, "keys", "create", "ada", "--json").stdout)
    until(lambda: gateway.chat(ASK).status == 401)
    bearer = {"authorization": f"Bearer {made['key']}"}
    reply = gateway.chat(ASK, bearer)
    assert reply.status == 200
    assert gateway.record(reply.headers["x-fairlead-request-id"]).key_id == made["id"]
    wrong = gateway.chat(ASK, {"authorization": "Bearer fl-wrong"})
    assert wrong.status == 401
    assert wrong.json()["error"]["code"] == "invalid_api_key"
    assert gateway.request("GET", "/v1/models").status == 401
    assert gateway.request("GET", "/health").status == 200
    assert made["id"] in fairlead(gateway, "keys", "list").stdout
    fairlead(gateway, "keys", "revoke", "ada")
    until(lambda: gateway.chat(ASK, bearer).status == 401)
    files = b"".join(p.read_bytes() for p in gateway.folder.iterdir() if p.is_file())
    assert made["key"].encode() not in files


def test_without_keys_it_stays_on_loopback(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_HOST": "0.0.0.0"})
    log = gateway.log.read_text()
    assert "listening on 127.0.0.1 instead of 0.0.0.0" in log
    assert f"http://127.0.0.1:{gateway.port}" in log


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
def test_without_keys_a_web_page_gets_nothing(gateway, headers) -> None:
    reply = gateway.chat(ASK, headers)
    assert reply.status == 403
    assert "fairlead keys create" in reply.json()["error"]["message"]


def test_reload_takes_a_good_file_and_refuses_a_bad_one(start) -> None:
    gateway = start(config="[routing]\npolicy = 'article-tree'\n")
    config = gateway.folder / "fairlead.toml"
    config.write_text("[routing]\npolicy = 'article-length'\n")
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "article-length" in gateway.chat(ASK).headers["x-fairlead-route"])
    config.write_text("[routing]\npolicy = 'nonesuch'\n")
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "reload refused" in gateway.log.read_text())
    assert "fairlead.toml:2" in gateway.log.read_text()
    assert "article-length" in gateway.chat(ASK).headers["x-fairlead-route"]


def test_a_file_at_fault_does_not_start(gateway, tmp_path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[server]\nprot = 1\n")
    for command in ("serve", "check"):
        done = fairlead(gateway, command, "--config", str(path))
        assert done.returncode == 1
        assert "bad.toml:2" in done.stderr.replace("\n", "")
        assert "Traceback" not in done.stderr


def test_sigterm_lets_a_running_stream_finish(start) -> None:
    gateway = start()
    gateway.fault(action="drip", bytes=60, interval=0.02)
    replies = []
    wish = {**ASK, "model": "claude-haiku-4-5", "stream": True}
    thread = threading.Thread(target=lambda: replies.append(gateway.chat(wish)))
    thread.start()
    until(lambda: len(gateway.emulator.requests) > 0 and gateway.emulator.requests[-1].stream)
    time.sleep(0.2)
    gateway.process.send_signal(signal.SIGTERM)
    thread.join(timeout=60)
    assert gateway.process.wait(timeout=60) == 0
    assert replies[0].body.rstrip().endswith(b"data: [DONE]")
    assert tail(gateway.database, 1)[0].outcome == "ok"


def test_sigkill_leaves_a_trace_of_each_request(start, tmp_path) -> None:
    gateway = start()
    assert gateway.chat(ASK).status == 200
    gateway.fault(action="stall", seconds=30)

    def hang() -> None:
        with pytest.raises((OSError, AssertionError)):
            gateway.chat({**ASK, "model": "claude-haiku-4-5"})

    thread = threading.Thread(target=hang)
    thread.start()
    until(lambda: journalled(gateway, "claude-haiku-4-5"))
    os.kill(gateway.process.pid, signal.SIGKILL)
    gateway.process.wait()
    thread.join(timeout=60)
    gateway.emulator.faults.clear()
    again = start(config="")
    found = again.newest(outcome="unknown")
    assert found.asked_model == "claude-haiku-4-5"
    assert any(record.outcome == "ok" for record in tail(again.database, 5))


def test_usage_prints_a_table_with_totals(gateway) -> None:
    reply = gateway.chat(ASK)
    gateway.record(reply.headers["x-fairlead-request-id"])
    table = fairlead(gateway, "usage", "--by", "model", "--by", "outcome")
    assert table.returncode == 0, table.stderr
    assert "claude-haiku-4-5-20251001" in table.stdout
    assert "EMULATED" in table.stdout
    report = json.loads(fairlead(gateway, "usage", "--since", "1h", "--json").stdout)
    assert report["totals"]["requests"] >= 1
    assert isinstance(report["totals"]["cost_usd"], str)
    wrong = fairlead(gateway, "usage", "--since", "yesteryear")
    assert wrong.returncode == 1
    assert "yesteryear" in wrong.stderr


def test_check_prints_what_is_in_force_and_masks_secrets(gateway) -> None:
    gateway.env["ANTHROPIC_API_KEY"] = "sk-very-secret-0123456789"
    done = fairlead(gateway, "check")
    assert done.returncode == 0, done.stderr
    assert "very-secret" not in done.stdout
    assert "…6789" in done.stdout
    assert "FAIRLEAD_LEDGER_PATH" in done.stdout
    told = json.loads(fairlead(gateway, "check", "--json").stdout)
    assert {u["upstream"] for u in told["upstreams"]} == {"gemini", "anthropic", "openai"}
    port = next(row for row in told["settings"] if row["setting"] == "server.port")
    assert port["origin"] == "default"


def test_check_tells_the_users_own_models_and_prices(gateway, tmp_path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[families]\nhaiku = ["claude-haiku-5-5"]\n[prices.claude-haiku-5-5]\nfactor = 0.85\n'
    )
    told = json.loads(fairlead(gateway, "check", "--json", "--config", str(file)).stdout)
    rows = {row["setting"]: (row["value"], row["origin"]) for row in told["settings"]}
    assert rows["families.haiku"] == ('["claude-haiku-5-5"]', "own.toml:2")
    assert rows["prices.claude-haiku-5-5"] == ('{"factor":0.85}', "own.toml:3")


def test_no_secret_is_in_the_log(gateway) -> None:
    gateway.fault(action="status", vendor="anthropic", status=401)
    gateway.chat({**ASK, "model": "claude-haiku-4-5"})
    log = gateway.log.read_text()
    assert "emulated-anthropic-key" not in log
    assert "Suggest a name" not in log
