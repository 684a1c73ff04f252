"""Most records are written with fewer columns: whichever way one goes, the same comes back."""

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields, replace

from fairlead.canon import Loss, Usage
from fairlead.ledger import query, rows
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.store import Store

PLAIN = Record(
    id="r",
    at=1.7e9,
    dialect="openai_chat",
    asked_model="auto",
    outcome="ok",
    status=200,
    stream=True,
    key_id="key_1",
    model="haiku",
    upstream="anthropic",
    route="short",
    policy="tree",
    decision=b'{"policy":"tree"}',
    usage=Usage(1, 0, 2, 0, 3, output=4, thinking=5, tier="standard"),
    cost_usd=Decimal("0.000095"),
    price_version="v1",
    first_byte_ms=1.5,
    first_token_ms=2.5,
    last_ms=3.5,
)
# Each field with another value than it has in PLAIN, and whether the row is still a plain one.
CHANGES: list[tuple[str, Any, bool]] = [
    ("at", 0.0, True),
    ("dialect", "gemini", True),
    ("asked_model", "", True),
    ("outcome", "client_gone", True),
    ("status", 499, True),
    ("stream", False, True),
    ("key_id", None, True),
    ("model", None, True),
    ("upstream", None, True),
    ("route", "", True),
    ("policy", None, True),
    ("decision", b"", True),
    ("losses", (Loss("cosmetic", "seed", "seed", "the model has no seed"),), False),
    ("usage", None, False),
    ("cost_usd", None, False),
    ("price_version", None, True),
    ("error_kind", "upstream", False),
    ("error_message", "", False),
    ("queue_ms", 0.0, False),
    ("first_byte_ms", None, True),
    ("first_token_ms", None, True),
    ("last_ms", None, True),
    ("emulated", True, True),
    ("op", "embeddings", False),
    ("prefix", b"\x00\xff", False),
    ("reuse_5m", 0, False),
    ("reuse_1h", 70_000, False),
]
USAGE_CHANGES: list[tuple[str, Any, bool]] = [
    ("input", 0, True),
    ("input_audio", 9, False),
    ("cache_read", 0, True),
    ("cache_read_audio", 9, False),
    ("cache_write_5m", 0, True),
    ("cache_write_1h", 9, False),
    ("tool_input", 9, False),
    ("output", 0, True),
    ("output_audio", 9, False),
    ("output_image", 9, False),
    ("thinking", 0, True),
    ("thinking_known", False, True),
    ("estimated", True, False),
    ("tier", None, True),
    ("server_calls", (("web_search", 2),), False),
    ("region", "us", False),
    ("stated_usd", Decimal("0.00004"), False),
]
UNTOLD = {"tier", "server_calls", "region", "stated_usd"}
"""Of these NULL means that nobody told, also where usage was told."""
CASES = [
    (PLAIN, True),
    *((replace(PLAIN, **{name: value}), plain) for name, value, plain in CHANGES),
    *(
        (replace(PLAIN, usage=replace(PLAIN.usage, **{name: value})), plain)
        for name, value, plain in USAGE_CHANGES
    ),
]


def test_no_field_is_forgotten() -> None:
    assert [name for name, *_ in CHANGES] == [f.name for f in fields(Record) if f.name != "id"]
    assert [name for name, *_ in USAGE_CHANGES] == [f.name for f in fields(Usage)]


def test_each_comes_back_as_it_went_in_and_in_order(tmp_path: Path) -> None:
    records = [replace(record, id=f"r{at}") for at, (record, _) in enumerate(CASES)]
    store = Store(tmp_path / "l.db", 1.0)
    store.write(records)
    store.write([replace(PLAIN, id="last")])
    store.close()
    newest, *others = query.tail(tmp_path / "l.db", 100)
    assert newest.id == "last"
    assert others == records[::-1]


@pytest.mark.parametrize(("record", "plain"), CASES)
def test_a_row_is_plain_when_it_leaves_nothing_out(record: Record, plain: bool) -> None:
    row = rows.plain_row(record, 7)
    assert (row is not None) is plain
    for made in (rows.full_row(record, 7), row or ()):
        # What SQLite's binding takes at once: anything else costs several times as much.
        assert {type(value) for value in made} <= {str, int, float, bytearray}
        assert made[:1] in {(7,), ()}


@pytest.mark.parametrize(
    ("cost", "text", "pico"),
    [
        ("0.00009500", "0.00009500", 95_000_000),
        ("9.5E-8", "0.000000095", 95_000),
        ("1E+3", "1000", 10**15),
        ("0", "0", 0),
        ("0.0000000000005", "0.0000000000005", 0),
        ("0.0000000000015", "0.0000000000015", 2),
    ],
)
def test_money_is_exact_text_and_a_whole_number_of_picodollars(
    cost: str, text: str, pico: int
) -> None:
    plain = rows.plain_row(replace(PLAIN, cost_usd=Decimal(cost)), 1)
    assert plain is not None
    of = dict(zip(rows.PLAIN_COLUMNS, plain[1:], strict=True))
    assert (of["cost_usd"], of["cost_pico_usd"]) == (text, pico)
    full = rows.full_row(replace(PLAIN, cost_usd=Decimal(cost)), 1)
    of = dict(zip(rows.RECORD_COLUMNS, full[1:], strict=True))
    assert (of["cost_usd"], of["cost_pico_usd"]) == (text, pico)


def test_untold_usage_is_null_in_every_column_and_untold_kinds_of_told_usage_are_0(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "l.db", 1.0)
    store.write([PLAIN, replace(PLAIN, id="full", usage=None), Accepted("open", 1.0, "d", "m")])
    store.leave(2.0)
    store.close()
    kinds = [f.name for f in fields(Usage) if f.name not in UNTOLD]
    db = sqlite3.connect(tmp_path / "l.db")
    found = {
        name: values for name, *values in db.execute(f"SELECT id, {', '.join(kinds)} FROM records")
    }
    db.close()
    assert None not in found["r"]
    assert set(found["full"]) == set(found["open"]) == {None}


def test_an_acceptance_that_comes_with_its_record_is_not_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "l.db", 1.0)
    store.write([Accepted("r", 1.0, "d", "m"), Accepted("open", 1.0, "d", "m"), PLAIN])
    store.write([replace(PLAIN, id="open")])
    store.close()
    db = sqlite3.connect(tmp_path / "l.db")
    assert db.execute("SELECT id FROM accepted").fetchall() == [("open",)]
    assert db.execute("SELECT id FROM records ORDER BY seq").fetchall() == [("r",), ("open",)]
    db.close()
