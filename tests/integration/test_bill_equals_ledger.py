"""The emulator keeps a bill, as a vendor would. The ledger says the same, to the token.

A few hundred mixed requests in the suite; `make soak` sends ten thousand
(FAIRLEAD_SOAK_REQUESTS) and prints the figures that docs/money.md shows.
"""

import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, islice, takewhile

from msgspec.structs import asdict
from tests.integration.conftest import start_gateway
from tests.integration.mixed_traffic import mixed, send

from fairlead.catalog import load
from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.emulator import EmulatorThread
from fairlead.emulator.books import Entry
from fairlead.engine.attempted import MARK
from fairlead.ledger.query import show
from fairlead.ledger.query import usage as sums
from fairlead.ledger.record import Record

REQUESTS = int(os.environ.get("FAIRLEAD_SOAK_REQUESTS", "250"))
CATALOG = load()


def _told(records: list[Record]) -> Counter[str]:
    total: Counter[str] = Counter()
    for record in records:
        held = asdict(record.usage) if record.usage is not None else {}
        total.update({kind: held.get(kind, 0) for kind in BUCKETS})
    return +total


def _billed(entries: list[Entry]) -> Counter[str]:
    total: Counter[str] = Counter()
    for entry in entries:
        total.update(entry.usage)
    return +total


def _dollars(model: str, tokens: Counter[str]) -> Decimal:
    """Dollars of a model's tokens, 0 for a model without prices."""
    day = datetime.now(UTC).date()
    table = PriceTable(CATALOG.resolve(model, day), day)
    prices = {kind: table.usd_per_million(kind) for kind in tokens}
    return sum((n * (prices[k] or 0) for k, n in tokens.items()), Decimal(0)) / 1_000_000


def _why(record: Record, attempts: list[Record]) -> str:
    """Why the bill of a request may differ from its records; empty where nothing explains it."""
    if any(one.usage is not None and one.usage.estimated for one in attempts):
        return "an attempt that broke off after the vendor had begun: booked as an estimate"
    if record.usage is not None and record.usage.estimated:
        return "estimated: the vendor did not tell the end"
    return ""


def _settled(emulator: EmulatorThread) -> dict:
    """The bill, when the emulator has noted the end of stalled answers to clients that left."""
    same, bill = 0, emulator.bill()
    while same < 4:
        time.sleep(0.2)
        before, bill = bill, emulator.bill()
        same = same + 1 if bill == before else 0
    return bill


def _record(database, request_id: str) -> Record:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = show(database, request_id)
        if isinstance(found, Record):
            return found
        time.sleep(0.05)
    raise AssertionError(f"no record of {request_id}")


def _attempts(database, request_id: str) -> list[Record]:
    """The records of a request's further attempts, which are there before its own."""
    found = (show(database, f"{request_id}{MARK}{number}") for number in count(1))
    return [one for one in takewhile(lambda one: one is not None, found) if isinstance(one, Record)]


Made = tuple[Record, list[Record], list[Entry]]


def _run(tmp_path, requests: int) -> tuple[list[Made], dict, object]:
    """Each request's record and those of its further attempts, with what the emulator noted during
    it; the bill; the ledger's sums.
    """
    with EmulatorThread(requests_kept=4 * requests) as emulator, ExitStack() as stack:
        gateway = start_gateway(stack, tmp_path, emulator, {}, "")
        sent = []
        for asked in mixed(requests):
            emulator.faults.clear()
            if asked.fault is not None:
                emulator.faults.add(asked.fault)
            before = len(emulator.requests)
            _, request_id = send(gateway.port, asked)
            made = islice(emulator.requests, before, None)
            sent.append((request_id, list(made)))
        pairs = [
            (_record(gateway.database, name), _attempts(gateway.database, name), entries)
            for name, entries in sent
        ]
        return pairs, _settled(emulator), sums(gateway.database, by=["model"])


def test_the_emulators_bill_is_the_ledgers(tmp_path, capsys):
    pairs, bill, ledger = _run(tmp_path, REQUESTS)
    wrong, explained, unexplained, known = [], Counter(), Decimal(0), Decimal(0)
    apart: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for record, attempts, entries in pairs:
        billed, told = _billed(entries), _told([record, *attempts])
        model = record.model or ""
        if billed == told:
            known += _dollars(model, billed) if billed else 0
            continue
        owed = sum((_dollars(entry.model, _billed([entry])) for entry in entries), Decimal(0))
        off = owed - sum((one.cost_usd or Decimal(0) for one in (record, *attempts)), Decimal(0))
        why = _why(record, attempts)
        if why:
            reasons[why] += 1
            explained[why] += off
        else:
            unexplained += off
            wrong.append((record.id, record.outcome, record.dialect, model, billed, told))
        apart.update({kind: billed[kind] - told[kind] for kind in BUCKETS})
    same = len(pairs) - sum(reasons.values()) - len(wrong)
    first = f"{len(pairs)} requests, {same} the same to the token, worth ${known:.6f}"
    lines = [
        f"{first}; unexplained ${unexplained:.2f}",
        *(f"  {n} {why}: ${explained[why]:.6f}" for why, n in reasons.items()),
    ]
    if REQUESTS > 1000:
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not wrong, "\n".join(map(str, wrong[:5]))
    assert unexplained == 0
    # The same over all: the bill's sums less what is explained are the ledger's.
    whole = Counter(bill["total"]["usage"])
    held = {kind: getattr(ledger.totals, kind) for kind in BUCKETS}
    assert {kind: whole[kind] - apart[kind] for kind in BUCKETS} == held
    assert same > 0.8 * REQUESTS
