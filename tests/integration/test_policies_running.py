"""Policies of one's own in a running gateway: changed, refused, divided; and told by the command."""

import json
import signal
import subprocess
import sys

from tests.integration.conftest import until

from fairlead.ledger.query import show

ASK = {"model": "auto", "messages": [{"role": "user", "content": "Suggest a name for a boat."}]}
OWN = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "{otherwise}"
[[rules]]
question = "code?"
when = {{ task = {{ is = "{task}" }} }}
use = "haiku"
"""


def test_a_policy_file_at_fault_leaves_the_running_one(start, tmp_path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    file = folder / "own.toml"
    file.write_text(OWN.format(otherwise="flash", task="coding"))
    gateway = start(config=f"[routing]\npolicy = 'own'\npolicies_dir = '{folder}'\n")

    def model() -> str:
        return gateway.chat(ASK).headers["x-fairlead-model"]

    assert model().startswith("gemini")
    file.write_text(OWN.format(otherwise="haiku", task="coding"))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: model().startswith("claude"))
    file.write_text(OWN.format(otherwise="flash", task="codnig"))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "reload refused" in gateway.log.read_text())
    said = gateway.log.read_text()
    assert "own.toml:8: rules[0].when.task.is: does not know 'codnig'" in said.replace("\n", "")
    assert model().startswith("claude")


def test_objectives_and_shares_decide_in_a_running_gateway(start) -> None:
    gateway = start(config="[routing]\npolicy = 'cheapest'\n")
    for policy in ("cheapest", "fastest", "best", "balanced", "weighted", "canary", "always:haiku"):
        reply = gateway.chat(ASK | {"fairlead": {"policy": policy}})
        assert reply.status == 200, reply.body
        record = gateway.record(reply.headers["x-fairlead-request-id"])
        decision = json.loads(record.decision)
        assert decision["policy"] == policy
        assert decision["ranked"][0] == record.model
        assert {each["model"] for each in decision["candidates"]} == set(decision["ranked"])
        assert reply.headers["x-fairlead-route"].startswith(f"{policy}: ")
        again = gateway.chat(ASK | {"fairlead": {"policy": policy}})
        assert again.headers["x-fairlead-model"] == record.model, "a session draws the same again"
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "route", "show", record.id, "--json"],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["model"], told["policy"]) == (record.model, "always:haiku")
    assert show(gateway.database, record.id).decision == record.decision
