"""What the emulated vendor bills for cached contents is what the ledger has: made, moved, used,
deleted, left to expire, and all of it across a restart of the gateway.
"""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

from msgspec.structs import asdict

from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.ledger.query import tail
from fairlead.ledger.query import usage as sums
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

FLASH = "gemini-2.5-flash"
LONG = "The handbook describes hygiene of cassettes and drift of formats. " * 300


def _made(gateway, ttl: str) -> dict:
    said = {"role": "user", "parts": [{"text": LONG}]}
    body = {"model": f"models/{FLASH}", "contents": [said], "ttl": ttl}
    return gateway.request("POST", "/v1beta/cachedContents", json.dumps(body).encode()).json()


def _moved(gateway, name: str, ttl: str) -> None:
    body = json.dumps({"ttl": ttl}).encode()
    assert gateway.request("PATCH", f"/v1beta/{name}?updateMask=ttl", body).status == 200


def test_the_emulators_bill_for_cached_contents_is_the_ledgers(start, emulator) -> None:
    emulator.reset()
    gateway = start()
    first, second, third = (_made(gateway, ttl)["name"] for ttl in ("3600s", "7.5s", "86400s"))
    _moved(gateway, first, "7200s")
    asked = {"contents": [{"role": "user", "parts": [{"text": "Why?"}]}], "cachedContent": first}
    path = f"/v1beta/models/{FLASH}:generateContent"
    reply = gateway.request("POST", path, json.dumps(asked).encode())
    assert reply.json()["usageMetadata"]["cachedContentTokenCount"] > 2_000
    headers = {name.lower(): value for name, value in reply.headers.items()}
    gateway.record(headers["x-fairlead-request-id"])  # waits for it: answers are not held back
    gateway.process.kill()
    gateway.process.wait()
    gateway = start()
    _moved(gateway, first, "60s")  # shorter than what was booked
    _moved(gateway, third, "90000s")
    gateway.request("GET", f"/v1beta/{second}", None)
    assert gateway.request("DELETE", f"/v1beta/{third}").status == 200

    records = tail(gateway.database, 99)
    billed = +Counter(emulator.bill()["total"]["usage"])
    told: Counter[str] = Counter()
    for record in records:
        if record.usage is not None:
            told.update({kind: getattr(record.usage, kind) for kind in BUCKETS})
            told.update(dict(record.usage.server_calls))
    assert +told == billed
    assert billed["cache_storage"] > 0
    today = datetime.now(UTC).date()
    catalog = compile_catalog(load(None, gateway.env))
    table = PriceTable(catalog.resolve(FLASH, today), today)
    due = sum(count * table.usd_per_million(kind) / 1_000_000 for kind, count in billed.items())
    assert sums(gateway.database).totals.cost_usd == due

    steps = [one for one in records if one.id.startswith("gemini." + first.replace("/", "."))]
    hours = [count for one in steps for _, count in one.usage.server_calls]
    assert [count > 0 for count in hours] == [False, True, True]  # newest first
    for record in steps:
        assert asdict(record)["cost_usd"] == _receipt(gateway, record.id)


def _receipt(gateway, id_: str) -> Decimal:
    shown = subprocess.run(
        [sys.executable, "-m", "fairlead", "receipt", id_, "--json"],
        env=gateway.env, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return Decimal(json.loads(shown.stdout)["receipt"]["total"])
