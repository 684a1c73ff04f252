"""A policy with a scorer in a running gateway: it decides, the decision says so, a damaged file
leaves the running one; and the commands tell.
"""

import json
import signal
import subprocess
import sys

from msgspec.structs import replace
from tests.integration.conftest import meant, until
from tests.unit.server.test_scorer_files import HEAD, POLICY, made

FLASH, HAIKU = meant("flash"), meant("haiku")
TRAINED = replace(HEAD, models=(HAIKU, FLASH), base=FLASH)


def fairlead(gateway, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        env=gateway.env, cwd=gateway.folder, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return " ".join((done.stdout + done.stderr).split())


def test_a_scorer_decides_until_its_file_is_at_fault(start, tmp_path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    policy, scorer = folder / "own.toml", folder / "pair.scorer"
    policy.write_text(POLICY)
    scorer.write_bytes(made(TRAINED))
    gateway = start(config=f"[routing]\npolicy = 'own'\npolicies_dir = '{folder}'\n")

    def reply(text: str):
        return gateway.chat({"model": "auto", "messages": [{"role": "user", "content": text}]})

    assert reply("Draw a horse.").headers["x-fairlead-model"] == FLASH
    taken = reply("Draw a zebra.")
    assert taken.headers["x-fairlead-model"] == HAIKU
    decision = json.loads(gateway.record(taken.headers["x-fairlead-request-id"]).decision)
    assert set(decision["moment"]["chances"]) == {FLASH, HAIKU}
    assert decision["candidates"][0]["quality"] > 90
    assert "scorer: " in decision["path"][-1]["because"]

    body = tmp_path / "r.json"
    body.write_text(json.dumps({"messages": [{"role": "user", "content": "a zebra"}]}))
    for words in ((), ("--policy", str(policy))):
        told = fairlead(gateway, "route", "explain", str(body), "--json", *words)
        assert json.loads(told)["model"] == HAIKU
    assert "is sound" in fairlead(gateway, "policy", "lint", str(policy))

    scorer.write_bytes(made(TRAINED)[:-1])
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "reload refused" in gateway.log.read_text())
    assert reply("Draw a zebra.").headers["x-fairlead-model"] == HAIKU
    assert "own.toml:6: scorer.file:" in fairlead(gateway, "policy", "lint", str(policy), code=1)

    scorer.write_bytes(made(replace(TRAINED, enabled=False)))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: reply("Draw a zebra.").headers["x-fairlead-model"] == FLASH)
    said = fairlead(gateway, "policy", "lint", str(policy))
    assert "warning: its scorer is off: not better; decided as without it" in said
    assert "policy own: its scorer is off" in fairlead(gateway, "check")
