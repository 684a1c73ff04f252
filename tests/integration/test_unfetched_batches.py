"""A batch that no client fetches is booked by the gateway, and the emulator's bill is the ledger's.

Batches are made by the vendors' own SDKs. The vendor's answers are counted by the emulator's books,
at batch prices by a multiplication of its own.
"""

import contextlib
import http.client
import json
import sqlite3
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.integration.conftest import start_gateway

from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.engine.batch_reader import BY_GATEWAY
from fairlead.ledger.query import tail, usage
from fairlead.ledger.record import Record
from fairlead.limits.keys import KeyStore
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

FLASH, HAIKU, MINI = "gemini-2.5-flash", "claude-haiku-4-5-20251001", "gpt-5-mini"
NEWER = "claude-haiku-5-5"
SAID = ("Hi", "What is drift?", "Name nine harbours and why each of them has boats.")
SOON = {"FAIRLEAD_LEDGER_BATCH_SECONDS": "0.2"}
CLAUDE = {"anthropic-version": "2023-06-01"}
RESULTS = "*/results"
PATIENCE = 60.0


def claudes(gateway, key: str = "x") -> str:
    requests = [
        {"custom_id": f"r{at}", "params": {"model": model, "max_tokens": 60, "messages": [
            {"role": "user", "content": said}]}}
        for at, (said, model) in enumerate(zip(SAID, (HAIKU, NEWER, HAIKU), strict=True))
    ]  # fmt: skip
    with anthropic.Anthropic(base_url=gateway.url, api_key=key, max_retries=0) as client:
        return client.messages.batches.create(requests=requests).id


def openais(gateway) -> str:
    rows = [
        {"custom_id": f"r{at}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": MINI, "messages": [{"role": "user", "content": said}]}}
        for at, said in enumerate(SAID)
    ]  # fmt: skip
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as client:
        file = client.files.create(file=("b.jsonl", data), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        ).id


def geminis(gateway) -> str:
    rows = [
        types.InlinedRequest(contents=[types.Content(role="user", parts=[types.Part(text=said)])])
        for said in SAID
    ]
    options = types.HttpOptions(base_url=gateway.url)
    with genai.Client(api_key="x", http_options=options) as client:
        return client.batches.create(model=FLASH, src=rows).name


def geminis_file(gateway) -> str:
    rows = b"".join(
        json.dumps({"key": str(at), "request": {"contents": [{"role": "user", "parts": [
            {"text": said}]}]}}).encode() + b"\n"
        for at, said in enumerate(SAID)
    )  # fmt: skip
    raw = {"x-goog-upload-protocol": "raw", "content-type": "application/jsonl"}
    file = gateway.request("POST", "/upload/v1beta/files", rows, raw).json()["file"]
    options = types.HttpOptions(base_url=gateway.url)
    with genai.Client(api_key="x", http_options=options) as client:
        return client.batches.create(model=FLASH, src=file["name"]).name


class Since:
    """What came into the ledger, and onto the emulator's bill, since this was made."""

    def __init__(self, gateway, emulator) -> None:
        self.gateway, self.emulator = gateway, emulator
        self._owed = self._bill()
        self._known = {record.id for record in self._records()}
        self._before = usage(gateway.database).totals.cost_usd

    def _bill(self) -> dict[str, Counter[str]]:
        """Tokens of each kind by model. The bill goes on: after a reset ids would come again."""
        return {line["model"]: +Counter(line["usage"]) for line in self.emulator.bill()["lines"]}

    def _records(self) -> list[Record]:
        return [one for one in tail(self.gateway.database, 500) if one.usage is not None]

    def settled(self) -> list[Record]:
        """The records of costs, once the gateway has no batch left to look at."""
        folder, deadline = self.gateway.folder, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.closing(sqlite3.connect(folder / "vault.db")) as db:
                if db.execute("SELECT count(*) FROM unbooked").fetchone()[0] == 0:
                    return [one for one in self._records() if one.id not in self._known]
            time.sleep(0.05)
        raise AssertionError(f"it still looks: {self.gateway.log.read_text()}")

    def billed(self) -> list[Record]:
        """The same, if tokens and dollars of the emulator's bill are theirs and the sums'."""
        records = self.settled()
        catalog = compile_catalog(load(None, self.gateway.env))
        today = datetime.now(UTC).date()
        whole = Decimal(0)
        lines = {
            model: more
            for model, counted in self._bill().items()
            if (more := counted - self._owed.get(model, Counter()))
        }
        assert len(lines) == len(records) > 0
        for model, line in lines.items():
            (record,) = [one for one in records if one.model.startswith(model)]
            told = {kind: getattr(record.usage, kind) for kind in BUCKETS}
            assert +Counter(told) == line
            table = PriceTable(catalog.resolve(record.model, today), today)
            due = Decimal(0)
            for kind, tokens in line.items():
                due += tokens * table.usd_per_million(kind, batch=True) / 1_000_000
            assert record.cost_usd == due > 0
            assert (record.usage.tier, record.emulated) == ("batch", True)
            whole += due
        assert usage(self.gateway.database).totals.cost_usd - self._before == whole
        return records


@pytest.fixture(scope="module")
def house(emulator, tmp_path_factory):
    """A gateway that looks soon."""
    with ExitStack() as stack:
        yield start_gateway(stack, tmp_path_factory.mktemp("soon"), emulator, SOON, "")


@pytest.mark.parametrize("make", [claudes, openais, geminis, geminis_file])
def test_what_nobody_fetches_is_booked(house, emulator, make) -> None:
    since = Since(house, emulator)
    make(house)
    assert {record.route for record in since.billed()} == {BY_GATEWAY}


def test_a_fetch_afterwards_books_nothing(house, emulator) -> None:
    since = Since(house, emulator)
    made = claudes(house)
    before = since.billed()
    with anthropic.Anthropic(base_url=house.url, api_key="x", max_retries=0) as client:
        assert len(list(client.messages.batches.results(made))) == len(SAID)
    assert since.billed() == before


def test_both_at_once_book_it_once(house, emulator) -> None:
    since = Since(house, emulator)
    house.fault(action="drip", vendor="anthropic", path=RESULTS, bytes=400, interval=0.05)
    path = f"/v1/messages/batches/{claudes(house)}"
    bodies: list[bytes] = []

    def fetch() -> None:
        house.request("GET", path, None, CLAUDE)  # ends it, whoever looks first
        bodies.append(house.request("GET", f"{path}/results", None, CLAUDE).body)

    clients = [threading.Thread(target=fetch) for _ in range(3)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert (len(bodies), len(set(bodies))) == (3, 1)
    since.billed()


def test_a_fetch_that_broke_off_is_completed(house, emulator) -> None:
    """The client got half of it and never came again."""
    since = Since(house, emulator)
    house.fault(action="close", vendor="anthropic", path=RESULTS, after=500, times=2)
    path = f"/v1/messages/batches/{claudes(house)}"
    house.request("GET", path, None, CLAUDE)
    with contextlib.suppress(http.client.HTTPException, OSError):
        house.request("GET", f"{path}/results", None, CLAUDE)
    since.billed()


def test_a_kill_while_it_reads_leaves_it_to_the_next(start, emulator, tmp_path) -> None:
    """Also that of a key that was revoked since, which is billed all the same."""
    store = KeyStore(tmp_path / "fairlead.db")
    info, secret = store.create("ann")
    store.create("ben")
    gateway = start(env=SOON)
    since = Since(gateway, emulator)
    gateway.fault(action="stall", vendor="anthropic", path=RESULTS, after=500, seconds=60, times=1)
    looked = len(emulator.requests)
    claudes(gateway, secret)
    deadline = time.monotonic() + PATIENCE
    while not any(one.path.endswith("/results") for one in emulator.requests[looked:]):
        assert time.monotonic() < deadline, gateway.log.read_text()
        time.sleep(0.02)
    gateway.process.kill()
    gateway.process.wait()
    assert usage(gateway.database).totals.cost_usd == 0
    store.revoke(info.id)
    since.gateway = start(env=SOON)
    assert {record.key_id for record in since.billed()} == {info.id}
