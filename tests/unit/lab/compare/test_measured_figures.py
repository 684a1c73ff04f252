from datetime import date
from decimal import Decimal

from fairlead.canon import Usage
from fairlead.catalog import load
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.measured import Measured, measure
from fairlead.lab.compare.text import cell_told
from fairlead.lab.compare.words import Words
from fairlead.ledger.record import Record

GEMINI, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


def record(**changes: object) -> Record:
    plain: dict[str, object] = {
        "id": "r",
        "at": 1.0,
        "dialect": "anthropic",
        "asked_model": HAIKU,
        "outcome": "ok",
        "status": 200,
        "stream": True,
        "model": HAIKU,
        "usage": Usage(input=10, output=100),
        "cost_usd": Decimal("0.002"),
        "first_token_ms": 400.0,
        "last_ms": 1400.0,
    }
    return Record(**{**plain, **changes})  # type: ignore[arg-type]  # checked by the struct


def test_medians_and_means_with_their_counts() -> None:
    found = measure([record(), record(first_token_ms=600.0, cost_usd=Decimal("0.004"))])[HAIKU]
    assert found.first_token_ms is not None
    assert (found.first_token_ms.value, found.first_token_ms.n) == (Decimal("500.0"), 2)
    assert found.tokens_per_second is not None
    assert found.tokens_per_second.value == Decimal("112.5")  # the median of 100 and 125
    assert found.cost_usd is not None
    assert (found.cost_usd.value, found.cost_usd.n) == (Decimal("0.003000"), 2)


def test_what_is_no_measurement_is_left_out() -> None:
    assert measure([record(emulated=True), record(outcome="refused"), record(model=None)]) == {}
    assert measure([record(op="count_tokens")]) == {}
    whole = measure([record(stream=False, cost_usd=None, usage=None)])[HAIKU]
    assert whole.first_token_ms is whole.tokens_per_second is whole.cost_usd is None
    assert whole.total_ms is not None
    guessed = measure([record(usage=Usage(output=5, estimated=True))])[HAIKU]
    assert guessed.tokens_per_second is None
    assert measure([record(first_token_ms=1400.0)])[HAIKU].tokens_per_second is None


def test_they_stand_beside_claims_marked_as_measured_and_unjudged() -> None:
    figures = measure([record()])
    report = compare(load(), [GEMINI, HAIKU], date(2026, 11, 23), measured=figures)
    rows = {r.key: r for d in report.dimensions for r in d.rows if r.key.startswith("measured.")}
    assert set(rows) == {f"measured.{name}" for name in Measured.__struct_fields__}
    cost = rows["measured.cost_usd"]
    assert cost.verdict is None
    assert [cell.state for cell in cost.cells] == ["not_measured", "measured"]
    told = cell_told(cost.cells[1], cost.unit, Words())
    assert (told.value, told.origin) == ("$0.002", "measured by your gateway, n = 1")
    assert cell_told(cost.cells[0], cost.unit, Words()).value == "not measured"
