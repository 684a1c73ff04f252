"""A canary in a running gateway: a harmful one is rolled back by itself and stays so, a harmless
one is not.
"""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from fairlead.demo.processes import free_port, running, wait_ready
from fairlead.ledger.rollout import CanaryHistory

CANARY = """
name = "trial"
version = "1"
[canary]
base = "always:flash"
policy = "{policy}"
share = 0.4
max_cost_ratio = 1.5
max_error_increase = 0.2
"""
SAME = """
name = "same"
version = "1"
candidates = ["flash"]
otherwise = "flash"
"""
ADMIN = {"FAIRLEAD_ADMIN_KEY": "a-key-of-some-length"}


def written(folder: Path, policy: str) -> str:
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    (policies / "trial.toml").write_text(CANARY.format(policy=policy))
    (policies / "same.toml").write_text(SAME)
    return (
        f"[routing]\npolicy = 'trial'\npolicies_dir = '{policies}'\nfallback = false\n"
        "[prices.'claude-haiku-4-5-20251001']\nfactor = 5\n"
    )


def ask(gateway, session: int) -> str:
    """The route that a session's request took."""
    body = {
        "model": "auto",
        "messages": [{"role": "user", "content": f"Suggest a name for boat {session}."}],
    }
    reply = gateway.chat(body, {"x-session-id": f"s{session}"})
    return reply.headers["x-fairlead-route"]


def ask_many(gateway, first: int, count: int) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda n: ask(gateway, n), range(first, first + count)))


def command(gateway, *words: str):
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(condition, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def rolled_back(gateway) -> bool:
    return any(
        event.event == "rolled_back" for event in CanaryHistory(gateway.database).of("trial")
    )


@pytest.mark.parametrize("harm", ["always:haiku", "errors"])
def test_a_harmful_canary_is_rolled_back_and_stays_so(start, tmp_path, harm: str) -> None:
    policy = "always:haiku"
    gateway = start(config=written(tmp_path, policy), env=ADMIN)
    if harm == "errors":
        gateway.fault(action="status", vendor="anthropic", status=529)
    sent = 0
    while not rolled_back(gateway) and sent < 600:
        ask_many(gateway, sent, 60)
        sent += 60
        time.sleep(1.0)
    assert rolled_back(gateway)
    until(lambda: "canary rolled back at" in ask(gateway, 1))
    after = ask_many(gateway, 1000, 30)
    assert all("canary rolled back at" in route and "always:flash" in route for route in after)
    assert "is rolled back: " in gateway.log.read_text()
    limit = "max_error_increase" if harm == "errors" else "max_cost_ratio"
    told = json.loads(command(gateway, "policy", "canary", "trial", "--json"))
    assert told["state"] == "rolled_back"
    assert limit in told["reason"]
    assert "ROLLED BACK" in command(gateway, "policy", "canary", "trial")
    assert "rolled back" in json.loads(command(gateway, "check", "--json"))["warnings"][-1]
    admin = gateway.request(
        "GET", "/admin/canaries/trial", headers={"authorization": "Bearer a-key-of-some-length"}
    )
    assert admin.json()["reason"] == told["reason"]
    if harm == "errors":
        return

    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait()
    with ExitStack() as stack:
        gateway.port = free_port()
        log = tmp_path / "again.log"
        words = ["serve", "--port", str(gateway.port)]
        process = stack.enter_context(running(words, gateway.env, log))
        wait_ready(process, f"{gateway.url}/health", log)
        assert "canary rolled back at" in ask(gateway, 2000), "the first request knows it"
        command(gateway, "policy", "canary", "trial", "--resume")
        until(lambda: "canary rolled back at" not in ask(gateway, 2000))
        routes = ask_many(gateway, 3000, 30)
        assert any("always:haiku" in route for route in routes), "it has its share again"


def test_a_canary_that_does_the_same_keeps_its_share(start, tmp_path) -> None:
    gateway = start(config=written(tmp_path, "same"))
    for first in range(0, 300, 60):
        ask_many(gateway, first, 60)
        time.sleep(1.0)
    until(lambda: CanaryHistory(gateway.database).of("trial"))
    time.sleep(4.0)
    told = json.loads(command(gateway, "policy", "canary", "trial", "--json"))
    assert told["state"] == "running"
    assert min(told["control_sessions"], told["canary_sessions"]) > 50
    assert {each["metric"]: each["verdict"] for each in told["figures"]}["cost"] == "unknown"
    assert not rolled_back(gateway)
