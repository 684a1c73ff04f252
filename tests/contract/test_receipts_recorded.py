"""Every recorded answer with usage: its receipt beside a bill worked out plainly from the JSON."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.acceptance.conformance.rows import Row, absent, answers
from tests.contract.plain_bill import FEE, OTHERS, PRICES, amount, count

from fairlead.canon import Dialect, Failure, Usage, UsageUpdate
from fairlead.catalog import load
from fairlead.catalog.model import Model, Price
from fairlead.cost.price import PriceTable
from fairlead.cost.receipt import Receipt, receipt
from fairlead.server.compile import CODECS

DAY = date(2026, 11, 22)
FEES = ("web_search", "web_fetch", "file_search")

# The vendors' own lists, dollars per million tokens, as they stood on DAY; of other kinds the
# recorded answers of these models have no tokens.
LISTS = {
    "claude-haiku-4-5-20251001": {
        "input": "1",
        "cache_read": "0.10",
        "cache_write_5m": "1.25",
        "cache_write_1h": "2",
        "output": "5",
        "thinking": "5",
    },
    "gemini-2.5-flash": {
        "input": "0.30",
        "tool_input": "0.30",
        "input_audio": "1",
        "cache_read": "0.03",
        "output": "2.50",
        "thinking": "2.50",
    },
}


def _table(name: str, times: Decimal = Decimal(1)) -> PriceTable:
    prices = [(kind, usd * times) for kind, usd in PRICES.items()]
    prices += [(f"call_{fee}", FEE) for fee in FEES]
    rows = tuple(Price(kind, usd, source="fixed", seen=DAY) for kind, usd in prices)
    return PriceTable(Model(id=name, vendor="v", prices=rows), DAY)


TABLE, OTHER = _table("m"), _table("other", OTHERS)


def _receipt(usage: Usage) -> Receipt:
    return receipt(usage, TABLE, others=lambda _: OTHER)


def _tapped(dialect: Dialect, data: bytes, size: int) -> Usage | None:
    tap = CODECS[dialect].usage_tap()
    for at in range(0, len(data), size):
        tap.feed(data[at : at + size])
    return tap.usage


def _decoded(row: Row, size: int) -> Usage | None:
    """The usage as the engine's lane for other dialects gets it."""
    codec = CODECS[row.dialect]
    if not row.stream:
        return codec.decode_response(row.answer).usage
    decoder = codec.stream_decoder()
    events = []
    for at in range(0, len(row.answer), size):
        events += decoder.feed(row.answer[at : at + size])
    events += decoder.close()
    return next((e.usage for e in reversed(events) if isinstance(e, UsageUpdate)), None)


def _readings(row: Row) -> dict[str, Usage | None]:
    whole = max(1, len(row.answer))
    found = {
        "passed on": _tapped(row.dialect, row.answer, whole),
        "passed on in pieces": _tapped(row.dialect, row.answer, 61),
    }
    try:
        found["translated"] = _decoded(row, whole)
        if row.stream:
            found["translated in pieces"] = _decoded(row, 61)
    except Failure:
        pass  # an answer that holds an error, or is cut off on purpose
    return found


def _whole(row: Row) -> Row:
    """Files of test suites have lost the blank line at their end, which every server sends."""
    if not row.stream or row.answer.endswith((b"\n\n", b"\r\n\r\n")):
        return row
    return replace(row, answer=row.answer.rstrip() + b"\n\n")


def _is_two(row: Row) -> bool:
    """Some files of test suites hold two answers, one after the other."""
    starts = (b"event: message_start", b"event: response.created")
    return any(row.answer.count(start) > 1 for start in starts)


@pytest.mark.parametrize("dialect", list(CODECS))
def test_no_recorded_answer_costs_anything_else(dialect):
    if (why := absent()) is not None:
        pytest.skip(why)
    wrong, priced = [], 0
    for row in map(_whole, answers(dialect)):
        counted = count(dialect, row.answer.decode())
        if counted is None or _is_two(row):
            continue
        expected = amount(counted)
        priced += 1
        for how, usage in _readings(row).items():
            made = None if usage is None else _receipt(usage)
            if made is None or made.total != expected:
                told = {kind: n for kind, n in counted.items() if n}
                wrong.append((row.id, row.provider, how, told, usage, made and made.unpriced))
    assert priced > 50
    assert not wrong, f"{len(wrong)} of {priced}: " + "\n".join(str(one) for one in wrong[:8])


@pytest.mark.parametrize("dialect", list(CODECS))
@given(data=st.data())
@settings(max_examples=40)
def test_how_a_stream_is_cut_changes_no_receipt(dialect, data):
    if (why := absent()) is not None:
        pytest.skip(why)
    row = data.draw(st.sampled_from(_streams(dialect)), label="row")
    size = data.draw(st.integers(1, 400), label="size")
    whole, cut = _tapped(dialect, row.answer, len(row.answer)), _tapped(dialect, row.answer, size)
    assert whole is not None
    assert _receipt(whole) == _receipt(cut)


@cache
def _streams(dialect: str) -> list[Row]:
    """Recorded streams that tell usage, of a size that can be cut byte by byte."""
    found = [row for row in map(_whole, answers(dialect)) if row.stream and not _is_two(row)]
    short = [row for row in found if len(row.answer) < 100_000]
    return [row for row in short if count(dialect, row.answer.decode()) is not None]


@pytest.mark.parametrize("model", list(LISTS))
def test_the_catalogues_prices_come_to_what_the_vendors_list_comes_to(model):
    if (why := absent()) is not None:
        pytest.skip(why)
    dialect = "gemini" if "gemini" in model else "anthropic"
    table = PriceTable(load().resolve(model, DAY), DAY)
    priced = 0
    for row in answers(dialect):
        counted = count(dialect, row.answer.decode()) if row.model == model else None
        if counted is None or any(":" in kind and n for kind, n in counted.items()):
            continue
        listed = LISTS[model]
        expected = sum(n * Decimal(listed[kind]) for kind, n in counted.items() if n)
        usage = _tapped(dialect, row.answer, len(row.answer))
        priced += 1
        assert receipt(usage, table).total == expected / 1_000_000, row.id
    assert priced > 10
