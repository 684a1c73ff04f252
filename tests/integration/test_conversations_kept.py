"""What a running gateway keeps for conversations: over restarts, and not beyond a key's revocation."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.emulator import EmulatorThread
from fairlead.limits.keys import KeyStore

FLASH, HAIKU = "gemini-3.8-flash", "claude-haiku-4-5"
SCRIPT = """
[[script]]
name = "look around"
contains = "Look around"

[[script.turn]]
think = "First the left, then the right."
say = "I look."
calls = [{ tool = "look", args = { at = "left" } }, { tool = "look", args = { at = "right" } }]

[[script.turn]]
think = "Now the others."
calls = [{ tool = "look", args = { at = "up" } }, { tool = "look", args = { at = "down" } }]

[[script.turn]]
think = "Once more."
calls = [{ tool = "look", args = { at = "back" } }]

[[script.turn]]
say = "There is nothing."
"""
LOOK = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0, script=SCRIPT) as running:
        yield running


def stop(gateway: Any) -> None:
    gateway.process.terminate()
    gateway.process.wait(30)


def losses(reply: Any) -> str:
    return {k.lower(): v for k, v in reply.headers.items()}.get("x-fairlead-losses", "")


@pytest.mark.parametrize(
    ("models", "fallbacks"),
    [
        ((FLASH,) * 4, []),
        ((HAIKU,) * 4, []),
        # Gemini takes Haiku's calls with the stand-in for a signature; Haiku's loop began with
        # Gemini's thoughts, so it goes on without thinking.
        ((FLASH, HAIKU, FLASH, HAIKU), ["thinking_off:tool_loop", "signature_missing"]),
    ],
    ids=["flash", "haiku", "in turn"],
)
def test_a_tool_loop_goes_on_over_restarts(start, emulator, models, fallbacks) -> None:
    emulator.reset()
    said: list[dict[str, Any]] = [{"role": "user", "content": "Look around, please."}]
    told = ""
    for model in models:
        gateway = start()
        reply = gateway.chat(
            {"model": model, "messages": said, "tools": [LOOK], "reasoning_effort": "low"}
        )
        assert reply.status == 200, reply.body
        told += losses(reply)
        message = reply.json()["choices"][0]["message"]
        calls = [
            {"id": c["id"], "type": "function", "function": c["function"]}
            for c in message.get("tool_calls") or []
        ]
        plain = {"role": "assistant", "content": message["content"]}
        said.append(plain | ({"tool_calls": calls} if calls else {}))
        said += [{"role": "tool", "tool_call_id": c["id"], "content": "nothing"} for c in calls]
        stop(gateway)
    assert said[-1]["content"] == "There is nothing."
    for fallback in ("thinking_off:tool_loop", "signature_missing"):
        assert (fallback in told) == (fallback in fallbacks), told
    assert all(not run.problems for run in emulator.scripts.runs)


def test_without_the_file_the_fallback_is_used_and_named(start) -> None:
    said: list[dict[str, Any]] = [{"role": "user", "content": "Look around, please."}]
    replies = []
    for _ in range(2):
        gateway = start(env={"FAIRLEAD_VAULT_STORE": "memory"})
        reply = gateway.chat({"model": FLASH, "messages": said, "tools": [LOOK]})
        assert reply.status == 200, reply.body
        replies.append(reply)
        calls = [
            {"id": c["id"], "type": "function", "function": c["function"]}
            for c in reply.json()["choices"][0]["message"]["tool_calls"]
        ]
        said.append({"role": "assistant", "content": None, "tool_calls": calls})
        said += [{"role": "tool", "tool_call_id": c["id"], "content": "nothing"} for c in calls]
        assert not (gateway.folder / "vault.db").exists()
        stop(gateway)
    assert "signature_missing" in losses(replies[1])


def rows(path: Path, scope: str) -> dict[str, int]:
    db = sqlite3.connect(path)
    counts = {
        table: db.execute(f"SELECT count(*) FROM {table} WHERE scope = ?", (scope,)).fetchone()[0]
        for table in ("kept", "responses")
    }
    db.close()
    return counts


def until_empty(path: Path, scope: str) -> None:
    until(path, scope, lambda counts: not any(counts.values()))


def until(path: Path, scope: str, wanted: Callable[[dict[str, int]], bool]) -> None:
    """The vault writes behind the answers."""
    deadline = time.monotonic() + 60
    while not wanted(rows(path, scope)):
        assert time.monotonic() < deadline, rows(path, scope)
        time.sleep(0.05)


def test_stored_answers_survive_a_restart_and_go_with_their_key(start) -> None:
    gateway = start()
    keys = KeyStore(gateway.database)
    (one, secret), (_, other) = keys.create("one"), keys.create("two")
    stop(gateway)

    def ask(secret: str, **body: Any) -> Any:
        data = json.dumps({"model": HAIKU, **body}).encode()
        return gateway.request("POST", "/v1/responses", data, {"authorization": f"Bearer {secret}"})

    gateway = start()
    first = ask(secret, input="My name is Ada.")
    assert first.status == 200, first.body
    stop(gateway)
    gateway = start()
    id_ = first.json()["id"]
    second = ask(secret, input="What is my name?", previous_response_id=id_)
    assert second.status == 200, second.body
    foreign = ask(other, input="What is my name?", previous_response_id=id_)
    assert foreign.status == 400
    assert foreign.json()["error"]["code"] == "previous_response_not_found"
    path = f"/v1/responses/{id_}"
    assert gateway.request("GET", path, None, {"authorization": f"Bearer {secret}"}).status == 200
    assert gateway.request("GET", path, None, {"authorization": f"Bearer {other}"}).status == 404

    until(gateway.folder / "vault.db", one.id, lambda counts: counts["responses"] == 2)
    keys.revoke("one")
    until_empty(gateway.folder / "vault.db", one.id)
    stop(gateway)
    assert b"My name is Ada" not in (gateway.folder / "vault.db").read_bytes()
