"""A canary in a running gateway: a harmful one is rolled back by itself and stays so, a harmless
one is not.
"""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from fairlead.demo.processes import free_port, running, wait_ready
from fairlead.ledger.rollout import CanaryHistory
from fairlead.routing import Policy
from fairlead.server.canary_report import canary_report, canary_states
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.policies import compile_policies
from fairlead.server.rollout import RolloutWatch

CANARY = """
name = "trial"
version = "1"
[canary]
base = "always:flash"
policy = "{policy}"
share = 0.5
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
BEARER = {"authorization": "Bearer a-key-of-some-length"}


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


def trial(gateway) -> Policy:
    loaded = load(gateway.folder / "fairlead.toml")
    return compile_policies(loaded, compile_catalog(loaded))["trial"]


def until(condition, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def rolled_back(gateway) -> bool:
    return any(
        event.event == "rolled_back" for event in CanaryHistory(gateway.database).of("trial")
    )


def ask_until_rolled_back(gateway) -> None:
    sent = 0
    while not rolled_back(gateway):
        assert sent < 900, "it should have been rolled back long ago"
        ask_many(gateway, sent, 100)
        sent += 100
        deadline = time.monotonic() + 4
        while not rolled_back(gateway) and time.monotonic() < deadline:
            time.sleep(0.1)
    until(lambda: "canary rolled back at" in ask(gateway, 1))


def test_a_dear_canary_is_rolled_back_and_stays_so(start, tmp_path) -> None:
    gateway = start(config=written(tmp_path, "always:haiku"), env=ADMIN)
    ask_until_rolled_back(gateway)
    after = ask_many(gateway, 1000, 20)
    assert all("canary rolled back at" in route and "always:flash" in route for route in after)
    assert "is rolled back: cost is" in gateway.log.read_text()
    admin = gateway.request("GET", "/admin/canaries/trial", headers=BEARER).json()
    assert admin["state"] == "rolled_back"
    assert "max_cost_ratio" in admin["reason"]
    cost = {each["metric"]: each for each in admin["figures"]}["cost"]
    assert (cost["verdict"], cost["broken"]) == ("worse", True)
    states = canary_states(gateway.database, [trial(gateway)])
    assert [(each.state, each.share) for each in states] == [("rolled_back", 0.0)]

    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait()
    with ExitStack() as stack:
        gateway.port = free_port()
        log = tmp_path / "again.log"
        words = ["serve", "--port", str(gateway.port)]
        process = stack.enter_context(running(words, gateway.env, log))
        wait_ready(process, f"{gateway.url}/health", log)
        assert "canary rolled back at" in ask(gateway, 2000), "the first request knows it"
        resumed = gateway.request("POST", "/admin/canaries/trial/resume", b"", headers=BEARER)
        assert resumed.json()["event"] == "resumed"
        until(lambda: "canary rolled back at" not in ask(gateway, 2000))
        routes = ask_many(gateway, 3000, 20)
        assert any("always:haiku" in route for route in routes), "it has its share again"


def test_a_canary_whose_upstream_fails_is_rolled_back(start, tmp_path) -> None:
    gateway = start(config=written(tmp_path, "always:haiku"))
    gateway.fault(action="status", vendor="anthropic", status=400)
    ask_until_rolled_back(gateway)
    told = CanaryHistory(gateway.database).of("trial")[-1]
    assert "max_error_increase" in told.reason
    figures = {each["metric"]: each for each in json.loads(told.figures)}
    assert figures["errors"]["canary"] == 1


def test_a_canary_that_does_the_same_keeps_its_share(start, tmp_path) -> None:
    gateway = start(config=written(tmp_path, "same"))
    ask_many(gateway, 0, 180)
    policy = trial(gateway)
    until(lambda: canary_report(gateway.database, policy).requests == 180)
    report = canary_report(gateway.database, policy)
    assert min(report.control_sessions, report.canary_sessions) > 60
    assert {each.metric: each.verdict for each in report.figures}["cost"] == "unknown"
    swapped = []
    RolloutWatch(gateway.database, lambda: [policy], swapped.append).look()
    assert swapped == [{}]
    assert not rolled_back(gateway)
