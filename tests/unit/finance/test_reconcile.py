import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.canon import Failure, Usage
from fairlead.catalog import load
from fairlead.finance import rows as export_rows
from fairlead.finance.exports import EXPORTS, Billed, Tokens
from fairlead.finance.reconcile import Reconciliation, reconcile
from fairlead.finance.rows import read_export
from fairlead.ledger.traffic import Traffic

CATALOG = load()
DAY = date(2026, 11, 20)
HAIKU = "claude-haiku-4-5-20251001"
USAGE = {
    "uncached_input_tokens": 1500,
    "cache_creation": {"ephemeral_1h_input_tokens": 10, "ephemeral_5m_input_tokens": 20},
    "cache_read_input_tokens": 200,
    "output_tokens": 500,
    "server_tool_use": {"web_search_requests": 0},
    "model": "claude-haiku-4-5-20251001",
}


def bucket(*results: dict, day: str = "2026-11-20T00:00:00Z", **more) -> dict:
    data = [{"starting_at": day, "ending_at": "2026-11-21T00:00:00Z", "results": list(results)}]
    return {"data": data, "has_more": False, "next_page": None, **more}


def read(tmp_path: Path, vendor: str, content: object) -> list[Billed]:
    file = tmp_path / "export"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    return EXPORTS[vendor](read_export(file))


def group(model: str = HAIKU, usd: str = "0.004", **more) -> Traffic:
    usage = Usage(input=1500, cache_read=200, cache_write_5m=20, cache_write_1h=10, output=500)
    facts = {
        "day": DAY, "route": "", "model": model, "size": 0, "comparable": True, "priced": True,
        "emulated": False, "requests": 3, "cost_usd": Decimal(usd), "usage": usage,
    }  # fmt: skip
    return Traffic(**(facts | more))


def test_anthropic_usage(tmp_path: Path) -> None:
    expected = [Billed(DAY, HAIKU, Tokens(1500, 200, 30, 500), None)]
    assert read(tmp_path, "anthropic", bucket(USAGE)) == expected
    assert read(tmp_path, "anthropic", [bucket(USAGE), bucket()]) == expected


def test_anthropic_cost_is_in_cents(tmp_path: Path) -> None:
    token = {"amount": "123.45", "currency": "USD", "model": HAIKU, "description": "x"}
    search = {"amount": "1", "currency": "USD", "model": None, "description": "Web search"}
    found = read(tmp_path, "anthropic", bucket(token, search))
    assert [(b.model, b.cost_usd, b.what) for b in found] == [
        (HAIKU, Decimal("1.2345"), "x"),
        (None, Decimal("0.01"), "Web search"),
    ]


def test_anthropic_csv(tmp_path: Path) -> None:
    text = (
        "usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,"
        "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,"
        "usage_input_tokens_cache_read,usage_output_tokens,web_search_count\n"
        f"2026-11-20,{HAIKU},key,1500,20,10,200,500,0\n"
    )
    expected = [Billed(DAY, HAIKU, Tokens(1500, 200, 30, 500), None)]
    assert read(tmp_path, "anthropic", text) == expected
    with pytest.raises(Failure, match="line 3: usage_output_tokens: 'x'"):
        read(tmp_path, "anthropic", text + f"2026-11-20,{HAIKU},key,1,2,3,4,x,0\n")
    with pytest.raises(Failure, match="line 3: not as many cells"):
        read(tmp_path, "anthropic", text + "2026-11-20,a\n")


def test_openai(tmp_path: Path) -> None:
    result = {
        "input_tokens": 1000, "input_cached_tokens": 800, "output_tokens": 500,
        "num_model_requests": 5, "model": "gpt-5-mini",
    }  # fmt: skip
    page = {"data": [{"start_time": 1795132800, "end_time": 1, "results": [result]}]}
    found = read(tmp_path, "openai", page)
    assert found == [Billed(DAY, "gpt-5-mini", Tokens(200, 800, 0, 500), None)]
    money = {"amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-5-mini, input"}
    page = {"data": [{"start_time": 1795132800, "results": [money]}]}
    assert read(tmp_path, "openai", page)[0].cost_usd == Decimal("0.06")
    assert read(tmp_path, "openai", page)[0].model == "gpt-5-mini"


SKU = "Generate content {} token count gemini 2.5 flash short input text"


def google(kind: str, amount: int, cost: str, **more) -> dict:
    return {
        "sku": {"description": SKU.format(kind)}, "cost": cost, "currency": "USD",
        "usage_start_time": "2026-11-20 08:00:00 UTC", "credits": [],
        "usage": {"amount": amount, "unit": "count"}, **more,
    }  # fmt: skip


def test_google_in_all_its_forms(tmp_path: Path) -> None:
    rows = [
        google("input", 1000, "0.30"),
        google("cached input", 10, "0.01"),
        google("output", 5, "0.5", credits=[{"amount": -0.25}]),
        google("input", 1, "9") | {"sku": {"description": "N1 core hours"}},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    for form in (rows, lines):
        found = read(tmp_path, "google", form)
        assert [b.tokens for b in found] == [
            Tokens(input=1000), Tokens(cache_read=10), Tokens(output=5), None,
        ]  # fmt: skip
        assert [b.model for b in found] == ["gemini-2.5-flash"] * 3 + [None]
        assert found[2].cost_usd == Decimal("0.25")
    table = (
        "usage_start_time,sku_description,cost,currency,usage_amount,usage_unit\n"
        f"2026-11-20 08:00:00 UTC,{SKU.format('input')},0.30,USD,1000,count\n"
    )
    only = Billed(DAY, "gemini-2.5-flash", Tokens(input=1000), Decimal("0.30"), SKU.format("input"))
    assert read(tmp_path, "google", table) == [only]


@pytest.mark.parametrize(
    ("words", "model"),
    [("gemini 2.5 flash lite long input text", "gemini-2.5-flash-lite"),
     ("Gemini 3.8 Flash GA Text Input - Predictions", "gemini-3.8-flash"),
     ("Gemini 2.5 Flash Lite Preview Text Output", "gemini-2.5-flash-lite-preview")],
)  # fmt: skip
def test_models_in_the_words_of_a_sku(tmp_path: Path, words: str, model: str) -> None:
    row = google("input", 1, "1") | {"sku": {"description": words}}
    assert read(tmp_path, "google", [row])[0].model == model


@pytest.mark.parametrize(
    ("vendor", "content", "says"),
    [
        ("anthropic", "{\n\n  broken", "line 3"),
        ("anthropic", {"data": 5}, "data: must be a list"),
        ("anthropic", {"data": [5]}, r"data\[0\]: must be an object"),
        ("anthropic", bucket({**USAGE, "output_tokens": -1}), r"results\[0\]: output_tokens"),
        ("anthropic", bucket({**USAGE, "model": None}), "grouped by model"),
        ("anthropic", bucket({"amount": "NaN", "currency": "USD"}), "no amount"),
        ("anthropic", bucket({"amount": "1", "currency": "EUR"}), "only US dollars"),
        ("anthropic", bucket(USAGE, day="soon"), "no time"),
        ("anthropic", [{"cost": 1}], r"\[0\]: bucket.starting_at: is missing"),
        ("anthropic", bucket(USAGE, has_more=True), "not whole"),
        ("anthropic", bucket({}), "neither"),
        ("google", '{"cost": 1}\n{"cost": ', "line 2"),
        ("google", "a,b\n1,2\n", "line 2: sku.description"),
        ("openai", {"data": [{"start_time": 1e30, "results": [{"input_tokens": 1}]}]}, "no time"),
        ("openai", "[" * 100_000, "nested|line"),
    ],
)
def test_what_is_no_export(tmp_path: Path, vendor: str, content: object, says: str) -> None:
    with pytest.raises(Failure, match=says):
        read(tmp_path, vendor, content)


def test_a_file_too_large_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_rows, "MAX_BYTES", 3)
    with pytest.raises(Failure, match="larger"):
        read(tmp_path, "google", "abcd")
    with pytest.raises(Failure, match="cannot be read"):
        read_export(tmp_path / "none")


def compare(billed: list[Billed], *groups: Traffic) -> Reconciliation:
    return reconcile("anthropic", billed, groups, CATALOG)


def test_matched() -> None:
    same = Tokens(1500, 200, 30, 500)
    for usd, unexplained in ((Decimal("0.004"), 0), (None, 0)):
        result = compare([Billed(DAY, "claude-haiku-4-5", same, usd)], group())
        assert [(row.status, row.unexplained_usd) for row in result.rows] == [
            ("matched", unexplained)
        ]
        assert result.counts == {"matched": 1}


def test_what_only_one_side_has() -> None:
    other = Billed(DAY, "claude-haiku-5-5", None, Decimal(2))
    result = compare([other], group(), group("gemini-2.5-flash"), group(emulated=True))
    assert {row.model: row.status for row in result.rows} == {
        HAIKU: "missing there",
        "claude-haiku-5-5": "missing here",
    }
    assert result.unexplained_usd == Decimal(2) - Decimal("0.004")
    assert result.emulated == 3
    assert (result.usd_here, result.usd_there) == (Decimal("0.004"), Decimal(2))


def test_tokens_that_differ_are_priced() -> None:
    more = Tokens(1_001_500, 200, 30, 500)
    result = compare([Billed(DAY, HAIKU, more, None)], group())
    assert [(row.status, row.unexplained_usd) for row in result.rows] == [("differs", Decimal(1))]


def test_fees_are_told_apart() -> None:
    fee = Billed(DAY, None, None, Decimal(3), "Web search")
    assert compare([fee, fee]).unassigned_usd == {"Web search": Decimal(6)}
