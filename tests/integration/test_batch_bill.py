"""What the emulated vendors bill for a batch is what its fetched results put into the ledger."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import asdict
from tests.integration.conftest import meant

from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.ledger.query import usage as sums
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

MINI, FLASH, HAIKU = "gpt-5-mini", meant("flash"), "claude-haiku-4-5-20251001"
NEWER, DATED = "claude-haiku-5-5", "gpt-5-mini-2025-08-07"
CLAUDE = {"anthropic-version": "2023-06-01"}
FORGETFUL = '[vault]\nstore = "memory"\n'  # the note dies with the process
SAID = ("Hi", "What is drift?", "Name nine harbours and why each of them has boats.")


class Fetched:
    """The answers that carried a batch's results: bodies, ids of requests, where it is booked."""

    def __init__(
        self, gateway, path: str, headers: dict[str, str], booked: str, times: int = 2
    ) -> None:
        both = [gateway.request("GET", path, None, headers) for _ in range(times)]
        assert both[0].body == both[-1].body
        self.body, self.path = both[0].body, path
        self.ids = [
            {name.lower(): value for name, value in reply.headers.items()}["x-fairlead-request-id"]
            for reply in both
        ]
        self.booked = booked


def _until(gateway, path: str, headers: dict[str, str], done) -> dict:
    for _ in range(10):  # the emulator's batches move on when they are looked at
        page = gateway.request("GET", path, None, headers).json()
        if done(page):
            return page
    raise AssertionError(page)


def _anthropic(gateway, times: int = 2) -> Fetched:
    requests = [
        {"custom_id": f"r{at}", "params": {"model": model, "max_tokens": 60, "messages": [
            {"role": "user", "content": said}]}}
        for at, (said, model) in enumerate(zip(SAID, (HAIKU, NEWER, HAIKU), strict=True))
    ]  # fmt: skip
    body = json.dumps({"requests": requests}).encode()
    made = gateway.request("POST", "/v1/messages/batches", body, CLAUDE).json()
    path = f"/v1/messages/batches/{made['id']}"
    _until(gateway, path, CLAUDE, lambda page: page["processing_status"] == "ended")
    return Fetched(gateway, path + "/results", CLAUDE, f"anthropic.{made['id']}", times)


def _openai(gateway) -> Fetched:
    rows = b"".join(
        json.dumps(
            {"custom_id": f"r{at}", "method": "POST", "url": "/v1/chat/completions",
             "body": {"model": MINI, "messages": [{"role": "user", "content": said}]}}
        ).encode() + b"\n"
        for at, said in enumerate(SAID)
    )  # fmt: skip
    form = (
        b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\n'
        b'content-disposition: form-data; name="file"; filename="b.jsonl"\r\n\r\n%b\r\n--x--\r\n'
    ) % rows
    kind = {"content-type": "multipart/form-data; boundary=x"}
    file = gateway.request("POST", "/v1/files", form, kind).json()
    asked = {"input_file_id": file["id"], "endpoint": "/v1/chat/completions"}
    body = json.dumps({**asked, "completion_window": "24h"}).encode()
    made = gateway.request("POST", "/v1/batches", body).json()
    page = _until(
        gateway, f"/v1/batches/{made['id']}", {}, lambda page: page["status"] == "completed"
    )
    file_id = page["output_file_id"]
    return Fetched(gateway, f"/v1/files/{file_id}/content", {}, f"openai.{file_id}")


def _request(said: str) -> dict:
    return {"contents": [{"role": "user", "parts": [{"text": said}]}]}


def _gemini(gateway) -> Fetched:
    requests = [{"request": _request(said)} for said in SAID]
    batch = {"displayName": "b", "inputConfig": {"requests": {"requests": requests}}}
    body = json.dumps({"batch": batch}).encode()
    path = f"/v1beta/models/{FLASH}:batchGenerateContent"
    made = gateway.request("POST", path, body).json()
    booked = "gemini." + made["name"].replace("/", ".")
    return Fetched(gateway, f"/v1beta/{made['name']}", {}, booked)


def _gemini_file(gateway) -> Fetched:
    rows = b"".join(
        json.dumps({"key": str(at), "request": _request(said)}).encode() + b"\n"
        for at, said in enumerate(SAID)
    )
    upload = {"x-goog-upload-protocol": "raw", "content-type": "application/jsonl"}
    file = gateway.request("POST", "/upload/v1beta/files", rows, upload).json()["file"]
    batch = {"displayName": "b", "inputConfig": {"fileName": file["name"]}}
    body = json.dumps({"batch": batch}).encode()
    path = f"/v1beta/models/{FLASH}:batchGenerateContent"
    made = gateway.request("POST", path, body).json()
    page = _until(gateway, f"/v1beta/{made['name']}", {}, lambda page: page.get("done"))
    file_id = page["response"]["responsesFile"]
    booked = "gemini." + file_id.replace("/", ".")
    return Fetched(gateway, f"/v1beta/{file_id}:download?alt=media", {}, booked)


@pytest.mark.parametrize(
    ("fetch", "models"),
    [
        (_anthropic, (HAIKU, NEWER)),
        (_openai, (DATED,)),
        (_gemini, (FLASH,)),
        (_gemini_file, (FLASH,)),
    ],
)
def test_the_emulators_bill_for_a_batch_is_the_ledgers(start, emulator, fetch, models) -> None:
    emulator.reset()
    gateway = start()
    fetched = fetch(gateway)
    first = fetched.booked
    records = [
        gateway.record(name)
        for name in (first, *(f"{first}-{n + 2}" for n in range(len(models) - 1)))
    ]
    assert tuple(record.model for record in records) == models
    assert [gateway.record(one).usage for one in fetched.ids] == [None, None]
    catalog = compile_catalog(load(None, gateway.env))
    today = datetime.now(UTC).date()
    for record in records:
        entries = [
            one for one in emulator.requests if one.usage and record.model.startswith(one.model)
        ]
        billed: Counter[str] = Counter()
        due = Decimal(0)
        table = PriceTable(catalog.resolve(record.model, today), today)
        for entry in entries:
            billed.update(entry.usage)
            for kind, tokens in (+Counter(entry.usage)).items():
                half = table.usd_per_million(kind, batch=True)
                assert half < table.usd_per_million(kind)
                due += tokens * half / 1_000_000
        told = {kind: getattr(record.usage, kind) for kind in BUCKETS}
        assert +Counter(told) == +billed
        assert record.cost_usd == due > 0
        (line,) = [
            one
            for one in emulator.bill()["lines"]
            if one["model"] and record.model.startswith(one["model"])
        ]
        assert +Counter(line["usage"]) == +billed
        shown = subprocess.run(
            [sys.executable, "-m", "fairlead", "receipt", record.id, "--json"],
            env=gateway.env, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        receipt = json.loads(shown.stdout)["receipt"]
        assert Decimal(receipt["total"]) == due
        assert {one["tier"] for one in receipt["lines"]} == {"batch"}
    totals = sums(gateway.database).totals
    assert totals.cost_usd == sum(record.cost_usd for record in records)
    assert totals.output == sum(asdict(record.usage)["output"] for record in records)


def test_a_kill_neither_loses_nor_doubles_what_a_batch_costs(start, emulator) -> None:
    """Who has its results to the end has them booked, whatever dies then; and a process that dies
    before the note of it is written has the next one book the same records, which changes nothing.
    """
    emulator.reset()
    gateway = start(config=FORGETFUL)
    fetched = _anthropic(gateway, times=1)
    gateway.process.kill()
    gateway.process.wait()
    held = sums(gateway.database).totals
    records = [gateway.record(fetched.booked + end) for end in ("", "-2")]
    assert held.cost_usd == sum(record.cost_usd for record in records)
    again = start()
    assert again.request("GET", fetched.path, None, CLAUDE).body == fetched.body
    assert sums(again.database).totals.cost_usd == held.cost_usd > 0
