"""SIGKILL of a gateway under load, with retries, hedges and shadows; then it is started again.

The ledger is sound, what is missing of it is what came in the last moment, and whatever was open is
known as "unknown": its acceptance was journalled first.
"""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from dataclasses import dataclass, field

from tests.integration.conftest import until

from fairlead.ledger.query import tail

POLICY = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[shadow]
to = "haiku"
share = 0.5
usd_per_day = 100
in_flight = 20
"""
CONFIG = """
[routing]
policy = "own"
policies_dir = "{folder}"
[delivery]
hedge = true
hedge_share = 1.0
hedge_usd_per_hour = 100.0
retry_share = 1.0
[upstreams.gemini]
api_key_envs = ["ONE", "TWO"]
"""
ENV = {"ONE": "key-one", "TWO": "key-two", "FAIRLEAD_DELIVERY_RETRIES": "3"}

# What the ledger promises, and what a shared machine may add by not running the writer's thread.
PROMISE, STALL = 0.1, 2.9


@dataclass
class Asked:
    """A client's request: when it was sent, its id, when its answer was whole (monotonic)."""

    sent: float
    request_id: str = ""
    told: float = 0.0
    done: float = 0.0


@dataclass
class Load:
    """Clients that ask again and again, each at its own pace, until the gateway is gone."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.over.is_set():
            each = Asked(time.monotonic())
            self.asked.append(each)
            try:
                self._ask(each, stream=len(self.asked) % 3 > 0)
            except (OSError, http.client.HTTPException):
                return

    def _ask(self, each: Asked, *, stream: bool) -> None:
        wish = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": "?"}]}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            body = json.dumps(wish)
            path = "/v1/chat/completions"
            connection.request("POST", path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            each.request_id = answer.headers["x-fairlead-request-id"]
            each.told = time.monotonic()
            answer.read()
            each.done = time.monotonic()
        finally:
            connection.close()


def age(each: Asked) -> float:
    return time.monotonic() - each.sent


def ids(path, table: str, where: str = "1") -> set[str]:
    with sqlite3.connect(path) as database:
        found = {name for (name,) in database.execute(f"SELECT id FROM {table} WHERE {where}")}
    database.close()
    return found


def test_killed_under_load(start, tmp_path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "own.toml").write_text(POLICY)
    gateway = start(ENV, CONFIG.format(folder=folder))
    gateway.fault(action="status", status=503, share=0.1)
    gateway.fault(action="stall", seconds=2, stream=True, vendor="gemini", every=20, skip=80)
    load = Load(gateway.port)
    clients = [threading.Thread(target=load.run) for _ in range(8)]
    for client in clients:
        client.start()

    until(lambda: {"generate", "shadow", "attempt"} <= {r.op for r in tail(gateway.database, 5000)})
    until(lambda: sum(each.done > 0 for each in load.asked) > 60)
    # These hang until the end: they are what was open.
    gateway.fault(action="stall", seconds=600, vendor="gemini", every=2)
    until(lambda: any(not each.done and age(each) > PROMISE + STALL + 0.5 for each in load.asked))
    killed = time.monotonic()
    os.kill(gateway.process.pid, signal.SIGKILL)
    load.over.set()
    gateway.process.wait()
    for client in clients:
        client.join(timeout=60)
    gateway.emulator.faults.clear()

    path = gateway.database
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    accepted, recorded = ids(path, "accepted"), ids(path, "records")
    due = killed - PROMISE - STALL
    whole = {each.request_id for each in load.asked if 0 < each.done < due}
    begun = {each.request_id for each in load.asked if 0 < each.told < due}
    waiting = [each for each in load.asked if each.sent < due and not each.done]
    assert len(whole) > 50
    assert waiting, "something was open"
    assert whole - recorded == set()
    assert begun - recorded - accepted == set()
    left = accepted - recorded
    assert len({name for name in left if "." not in name}) >= len(waiting)

    again = start(ENV, CONFIG.format(folder=folder))
    assert again.database == path
    until(lambda: accepted <= ids(path, "records"))
    assert ids(path, "records", "outcome = 'unknown'") == left
    assert recorded <= ids(path, "records", "outcome != 'unknown'")
    assert (
        again.chat({"model": "auto", "messages": [{"role": "user", "content": "?"}]}).status == 200
    )
