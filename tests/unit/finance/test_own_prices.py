"""What a user pays instead of the list price, as he would set it up: free quotas, a discount, a
commitment, an aggregator's prices, another currency. A file, a ledger, the commands.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.catalog import load as load_catalog
from fairlead.cli.main import app
from fairlead.cost.display import Display, dollars, marked, show
from fairlead.finance.free import free, free_by_day, free_of
from fairlead.finance.search_fees import search_fees
from fairlead.finance.spent import spent
from fairlead.ledger import query
from fairlead.ledger.quota import Quota
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.server.compile import compile_catalog, compile_snapshot
from fairlead.server.config import ConfigError, load
from fairlead.server.money import display_of, quotas_of

FLASH, HAIKU, LITE = "gemini-2.5-flash", "claude-haiku-4-5-20251001", "gemini-3.5-flash-lite"
DAY = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
HOUR = 3600.0
MILLI = Decimal("0.001")
SUMS = query.Sums(cost_usd=Decimal(1), emulated=1)
EUR = '[display]\ncurrency = "EUR"\nrate = 0.5\ndate = 2026-11-20\n'


def record(number: int, at: float, **more) -> Record:
    facts = {
        "model": FLASH, "upstream": "gemini", "usage": Usage(input=2_000, output=160),
        "cost_usd": MILLI, "route": "chat", **more,
    }  # fmt: skip
    return Record(f"r{number}", at, "openai_chat", "flash", "ok", 200, **facts)


@pytest.fixture(autouse=True)
def _dollars_afterwards() -> Iterator[None]:
    """A command sets the currency for its process, which here is that of the next tests too."""
    yield
    show(None)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six requests on the first day, four on the second; one each hour from midnight on."""
    path = tmp_path_factory.mktemp("free") / "l.db"
    writer = SqliteLedger(path)
    for number in range(6):
        writer.add(record(number, DAY + number * HOUR))
    for number in range(6, 10):
        writer.add(record(number, DAY + (number + 18) * HOUR))
    writer.add(record(20, DAY + 30, model=HAIKU, upstream="anthropic"))  # another key
    writer.add(record(21, DAY + 40, cost_usd=None))  # unpriced: nobody knows
    writer.add(record(22, DAY + 50, emulated=True))
    writer.add(record(23, DAY + 60, model=LITE))  # of the same key, in no quota for Flash
    writer.close()
    return path


def taken(ledger: Path, quota: Quota, **span) -> list[str]:
    since, until = span.get("since"), span.get("until")
    found = free(ledger, [quota], ("day",), (since, until), SUMS)
    assert found.due_usd == 1 - found.free_usd
    return [f"{row.group[0][8:]}: {row.requests} {row.free_usd.normalize()}" for row in found.rows]


@pytest.mark.parametrize(
    ("quota", "span", "said"),
    [
        # Four a day, of Flash: the emulated one has its own quota.
        ({"requests": 4}, {}, ["20: 5 0.005", "21: 4 0.004"]),
        # 2,160 tokens each: 9,000 hold four, and the fifth, which crosses, is billed whole.
        ({"tokens": 9_000}, {}, ["20: 5 0.005", "21: 4 0.004"]),
        ({"tokens": 6_480}, {}, ["20: 4 0.004", "21: 3 0.003"]),
        ({"requests": 5, "tokens": 6_479}, {}, ["20: 3 0.003", "21: 2 0.002"]),
        # From the middle of a day: what came before has used the quota, and is not told.
        ({"requests": 4}, {"since": DAY + 2 * HOUR}, ["20: 2 0.002", "21: 4 0.004"]),
        ({"requests": 4}, {"until": DAY + HOUR}, ["20: 2 0.002"]),
        ({"requests": 4}, {"since": DAY + 5 * HOUR, "until": DAY + 23 * HOUR}, []),
        # A day of New York's begins at 5:00 UTC: r5 is the first of its day.
        ({"requests": 1, "time_zone": "America/New_York"}, {"since": DAY + HOUR}, ["20: 1 0.001"]),
        ({"requests": 99, "models": ("gemini-3*",)}, {}, ["20: 1 0.001"]),
        ({"requests": 99, "upstream": "nobody"}, {}, []),
    ],
)
def test_the_first_of_a_day_are_free(ledger: Path, quota: dict, span: dict, said: list) -> None:
    held = {"name": "q", "upstream": "gemini", "models": (FLASH,)} | quota
    assert taken(ledger, Quota(**held), **span) == said


def test_models_that_share_a_quota_use_it_up_together(ledger: Path) -> None:
    shared = Quota("q", "gemini", requests=2)
    assert taken(ledger, shared, until=DAY + 23 * HOUR) == ["20: 3 0.003"]  # one is emulated
    lite, rest = Quota("lite", "gemini", (LITE,), 1), Quota("rest", "gemini", ("gemini-*",), 1)
    found = free(ledger, [lite, rest], ("model",), (None, DAY + 23 * HOUR), SUMS)
    assert [(row.group, row.free_usd) for row in found.rows] == [
        ((FLASH,), 2 * MILLI),
        ((LITE,), MILLI),
    ]


def test_fees_of_server_tools_are_billed_and_the_request_counts(tmp_path: Path) -> None:
    writer = SqliteLedger(tmp_path / "l.db")
    searched = Usage(input=1, server_calls=(("web_search", 1),))
    writer.add(record(0, DAY, usage=searched))
    writer.add(record(1, DAY + 1))
    writer.add(record(2, DAY + 2))
    writer.close()
    assert taken(tmp_path / "l.db", Quota("q", "gemini", requests=2)) == ["20: 1 0.001"]


def test_what_is_free_is_grouped_as_the_usage_beside_it(ledger: Path) -> None:
    for by in get_args(query.Dimension):
        found = spent(ledger, (by,), (None, None), [Quota("q", "gemini", (FLASH,), 99)])
        groups = {row.group: row.cost_usd for row in found.rows}
        assert found.free
        assert all(row.free_usd <= groups[row.group] for row in found.free.rows), by


def test_a_request_s_place_in_its_quota(ledger: Path) -> None:
    quotas = [Quota("q", "gemini", (FLASH,), 4)]
    places = {}
    for name in ("r0", "r3", "r4", "r6", "r20", "r21", "r22", "r23"):
        found = free_of(ledger, quotas, query.show(ledger, name))
        places[name] = found and (found.number, found.free_usd)
    assert places == {
        "r0": (1, MILLI), "r3": (4, MILLI), "r4": (5, 0), "r6": (1, MILLI),
        "r20": None, "r21": None, "r22": (1, MILLI), "r23": None,
    }  # fmt: skip
    by_day = free_by_day(ledger, quotas, DAY, DAY + 48 * HOUR)
    assert by_day == {(date(2026, 11, n), FLASH): 4 * MILLI for n in (20, 21)}


# --- free searches: fees alone, by the answer or by the search ------------------------------------


def searched(count: int, **more) -> Usage:
    return Usage(input=1_000, server_calls=(("web_search", count),), **more)


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flash is billed $0.035 by the answer, Lite $0.014 by the search."""
    path = tmp_path_factory.mktemp("searches") / "l.db"
    writer = SqliteLedger(path)
    for number, count in enumerate((2, 3, 1)):
        writer.add(record(number, DAY + number, usage=searched(count), cost_usd=MILLI * 36))
        cost = MILLI * (1 + 14 * count)
        writer.add(
            record(10 + number, DAY + number, model=LITE, usage=searched(count), cost_usd=cost)
        )
    writer.add(record(20, DAY + 3))  # searched nothing
    nothing = Usage(input=1, server_calls=(("web_fetch", 9),))
    writer.add(record(21, DAY + 4, usage=nothing))
    next_month = datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp()
    more = {"model": LITE, "usage": searched(4), "cost_usd": MILLI * 57}
    writer.add(record(30, DAY + 26 * HOUR, **more))
    writer.add(record(31, next_month, **more))
    writer.close()
    return path


FLASH_A_DAY = Quota("a-day", "gemini", ("gemini-2*",), time_zone="America/Los_Angeles", searches=2)
LITE_A_MONTH = Quota("a-month", "gemini", ("gemini-3*",), searches=5, period="month")


def off(path: Path, quotas: list[Quota], by: str, since: float | None = None) -> dict:
    fees = search_fees(load_catalog())
    found = free(path, quotas, (by,), (since, None), SUMS, fees)
    assert found.due_usd == 1 - found.free_usd
    return {row.group[0]: (row.requests, row.searches, row.free_usd) for row in found.rows}


def test_the_first_searches_of_a_period_are_free(searches: Path) -> None:
    assert off(searches, [FLASH_A_DAY], "model") == {FLASH: (0, 2, 70 * MILLI)}
    # Five of November: two, then three of the next; five of December: all four of it.
    assert off(searches, [LITE_A_MONTH], "day") == {
        "2026-11-20": (0, 5, 70 * MILLI), "2026-12-01": (0, 4, 56 * MILLI),
    }  # fmt: skip
    four = Quota("q", "gemini", (LITE,), searches=4)
    assert off(searches, [four], "day") == {
        "2026-11-20": (0, 4, 56 * MILLI),  # of the answer that crosses, two of its three searches
        "2026-11-21": (0, 4, 56 * MILLI), "2026-12-01": (0, 4, 56 * MILLI),
    }  # fmt: skip
    assert off(searches, [LITE_A_MONTH], "day", since=DAY + 1.5) == {
        "2026-12-01": (0, 4, 56 * MILLI)
    }


def test_free_searches_stand_beside_free_requests(searches: Path) -> None:
    requests = Quota("requests", "gemini", ("gemini-2*",), requests=4)
    both = off(searches, [requests, FLASH_A_DAY], "model")
    assert both == {FLASH: (1, 2, 71 * MILLI)}  # r20 is the fourth; those with fees are billed


def test_a_receipt_s_place_among_free_searches(searches: Path) -> None:
    fees = search_fees(load_catalog())
    places = {}
    for name in ("r0", "r10", "r11", "r12", "r20", "r31"):
        found = free_of(searches, [FLASH_A_DAY, LITE_A_MONTH], query.show(searches, name), fees)
        places[name] = found and (found.number, found.free_usd, found.day.isoformat())
    assert places == {
        "r0": (1, 35 * MILLI, "2026-11-19"),  # of the day in Los Angeles
        "r10": (2, 28 * MILLI, "2026-11-01"), "r11": (5, 42 * MILLI, "2026-11-01"),
        "r12": (6, 0, "2026-11-01"), "r20": None, "r31": (4, 56 * MILLI, "2026-12-01"),
    }  # fmt: skip


def test_a_month_ends_with_it() -> None:
    quota = Quota("q", "gemini", searches=1, period="month", time_zone="America/Los_Angeles")
    for month, days in ((1, 31), (2, 28), (12, 31)):
        at = datetime(2027, month, 15, tzinfo=UTC).timestamp()
        first = quota.day(at)
        assert first == date(2027, month, 1)
        assert (quota.end(first) - quota.begin(first)) == days * 86_400


# --- the commands ---------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path, ledger: Path):
    """Runs a command under a configuration."""

    usual = f'[ledger]\npath = "{ledger}"\n'

    def run(text: str, *args: str, ledger: str = usual) -> str:
        file = tmp_path / "fairlead.toml"
        own = ledger + "[catalog]\nlong_tail = false\n"
        file.write_text(own + text, encoding="utf-8")
        result = CliRunner().invoke(app, [*args, "--config", str(file)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run


QUOTA = '[free_quotas.google]\nupstream = "gemini"\nmodels = ["gemini-2.5-*"]\nrequests = 4\n'


SEARCHES = """
[free_quotas.searches]
upstream = "gemini"
models = ["gemini-3*"]
searches = 5
period = "month"
"""


def test_the_commands_show_free_searches(house, searches: Path) -> None:
    text = SEARCHES
    here = f'[ledger]\npath = "{searches}"\n'
    found = json.loads(house(text, "usage", "--json", ledger=here))
    assert (found["free"]["searches"], found["free"]["free_usd"]) == (9, "0.126")
    assert "9 searches were free (searches)" in house(text, "usage", ledger=here)
    one = json.loads(house(text, "receipt", "r10", "--json", ledger=here))
    assert (one["free_searches"]["number"], one["free"]) == (2, None)
    list_price = Decimal(one["receipt"]["total"])
    assert Decimal(one["due_usd"]) == list_price - 28 * MILLI > 0
    assert "2 of 5 searches of 2026-11 (searches)" in house(text, "receipt", "r10", ledger=here)


def test_usage_shows_the_list_price_what_is_free_and_what_is_due(house) -> None:
    args = ("usage", "--by", "model", "--since", "2026-11-20")
    found = json.loads(house(QUOTA, *args, "--json"))
    plain = json.loads(house("", *args, "--json"))
    assert {name: found[name] for name in plain} == plain
    assert plain["totals"]["cost_usd"] == found["totals"]["cost_usd"]
    assert Decimal(found["free"]["free_usd"]) == 9 * MILLI
    assert Decimal(found["free"]["due_usd"]) == Decimal(plain["totals"]["cost_usd"]) - 9 * MILLI
    assert found["free"]["quotas"][0]["name"] == "google"
    text = house(QUOTA, *args)
    assert "$0.009000" in text
    assert "9 requests were free (google)" in text
    assert "due" not in house("", *args)


def test_a_receipt_shows_its_place_in_the_quota(house) -> None:
    inside, outside = (json.loads(house(QUOTA, "receipt", r, "--json")) for r in ("r1", "r4"))
    assert (inside["free"]["number"], inside["due_usd"]) == (2, "0")
    assert outside["free"]["free_usd"] == "0"
    assert outside["due_usd"] == outside["receipt"]["total"] != "0"
    assert "Free: all of it, 2 of 4 requests of 2026-11-20 (google)" in house(
        QUOTA, "receipt", "r1"
    )
    assert json.loads(house("", "receipt", "r1", "--json"))["free"] is None


def test_reconcile_takes_off_what_the_vendor_does_not_bill(house, tmp_path: Path) -> None:
    rows = [
        {"usage_start_time": "2026-11-20T08:00:00Z", "cost": "0.002", "currency": "USD",
         "sku": {"description": "Generate content input token count gemini 2.5 flash short"}},
        {"usage_start_time": "2026-11-20T08:00:00Z", "cost": "0.001", "currency": "USD",
         "sku": {"description": "Generate content input token count gemini 3.5 flash lite"}},
    ]  # fmt: skip
    file = tmp_path / "export.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    found = json.loads(house(QUOTA, "reconcile", "google", str(file), "--json"))
    assert Decimal(found["free_usd"]) == 4 * MILLI
    assert Decimal(found["unexplained_usd"]) == 0
    before = json.loads(house("", "reconcile", "google", str(file), "--json"))
    assert Decimal(before["unexplained_usd"]) == -4 * MILLI


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[free_quotas.q]\nupstream = "gemini"\n', "give its requests, tokens or searches"),
        ('[free_quotas.q]\nupstream = "x"\nrequests = 1\n', "there is no upstream 'x'"),
        (
            '[free_quotas.q]\nupstream = "gemini"\nrequests = 1\ntime_zone = "Moon/Dark"\n',
            "there is no time zone 'Moon/Dark'",
        ),
        ('[display]\ncurrency = "EUR"\n', "display.rate: missing"),
        ('[display]\ncurrency = "EUR"\nrate = 0.9\n', "display.date: missing"),
        ('[display]\ncurrency = "euro"\nrate = 0.9\ndate = 2026-11-20\n', "three capitals"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "f.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        compile_snapshot(load(file, {}), {"GEMINI_API_KEY": "k" * 20})


# --- discounts, commitments, aggregators ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "model", "total", "source"),
    [
        # 15 % off the list price, and 20 % off for a commitment: a factor.
        (f'[prices."{FLASH}"]\nfactor = 0.85\n', FLASH, "0.00085", "x 0.85 config"),
        (f'[prices."{HAIKU}"]\nfactor = 0.8\n', HAIKU, "0.00224", "x 0.8 config"),
        # A rate of one's own for some kinds.
        (f'[models."{FLASH}"]\n"price.input" = 0.2\n', FLASH, "0.0008", "config"),
        # An aggregator's prices for its own name of a model.
        (
            '[models."agg/flash"]\nvendor = "openai"\n"price.input" = 0.33\n"price.output" = 2.75\n',
            "agg/flash",
            "0.0011",
            "config",
        ),
    ],
)
def test_prices_of_one_s_own_are_on_the_receipt(tmp_path, text, model, total, source) -> None:
    path = tmp_path / "own.db"
    writer = SqliteLedger(path)
    writer.add(record(0, DAY, model=model, usage=Usage(input=2_000, output=160)))
    writer.close()
    file = tmp_path / "own.toml"
    file.write_text(f'[ledger]\npath = "{path}"\n{text}', encoding="utf-8")
    result = CliRunner().invoke(app, ["receipt", "r0", "--json", "--config", str(file)])
    told = json.loads(result.output)
    assert Decimal(told["receipt"]["total"]) == Decimal(total)
    assert source in told["receipt"]["lines"][0]["source"]
    catalog = compile_catalog(load(file, {}))
    assert catalog.resolve(model, date(2026, 11, 20)).id == model


# --- another currency -----------------------------------------------------------------------------


def test_amounts_are_shown_in_the_currency_and_never_stored_in_it() -> None:
    euro = Display("EUR", Decimal("0.5"), date(2026, 11, 20))
    assert dollars(Decimal("1.5"), 2) == "$1.50"
    show(euro)
    assert dollars(Decimal("1.5"), 2) == "€0.75"
    assert dollars(Decimal("0.0000011")) == "€0.000001"
    assert dollars(None) == "unpriced"
    show(Display("CHF", Decimal(2), date(2026, 1, 1)))
    assert dollars(Decimal(1234), 2) == "CHF 2,468.00"
    show(None)
    assert dollars(Decimal(1), 0) == "$1"
    assert dollars(Decimal("-0.004"), 3) == "-$0.004"
    assert dollars(Decimal("-0.00001"), 2) == "$0.00"
    assert marked(b"{}") == b"{}"
    show(euro, json=True)
    document = json.loads(marked(b'{"total":"1.5"}'))
    assert dollars(Decimal(1), 0) == "$1"
    assert document["total"] == "1.5"
    assert document["display"] == {"currency": "EUR", "per_usd": "0.5", "date": "2026-11-20"}
    assert json.loads(marked(b"{}")).keys() == {"display"}
    assert marked(b"[1]") == b"[1]"


def test_the_environment_may_set_it(tmp_path: Path) -> None:
    said = {"CURRENCY": "JPY", "RATE": "155.5", "DATE": "2026-11-20"}
    loaded = load(None, {f"FAIRLEAD_DISPLAY_{key}": value for key, value in said.items()})
    assert display_of(loaded) == Display("JPY", Decimal("155.5"), date(2026, 11, 20))
    assert quotas_of(loaded) == ()


COST = ("cost", "scenario", "chat", "--prices", "article-2025-10")
WHATIF = ("whatif", "--model", HAIKU, "--since", "2026-11-20")
COMPARE = ("models", "compare", FLASH, HAIKU, "--source", "article-2025-10")


@pytest.mark.parametrize(
    ("args", "usd", "eur"),
    [
        (("usage",), "$0.013000", "€0.006500"),
        (("receipt", "r1"), "$0.001", "€0.0005"),
        (COST, "1,050.00", "232.50"),
        (WHATIF, "$0.0130", "€0.0065"),
        (COMPARE, "$465.00", "€232.50"),
        ((*COMPARE, "--markdown"), "$465.00", "€232.50"),
    ],
)
def test_every_command_that_prints_money_shows_it(house, args, usd, eur) -> None:
    plain, shown = house("", *args), house(EUR, *args)
    assert usd in plain
    assert eur in shown
    assert eur not in plain
    assert "0.5 EUR (rate of 2026-11-20)" in shown
    if "--markdown" in args:
        return
    stored, marked_ = (json.loads(house(text, *args, "--json")) for text in ("", EUR))
    assert marked_.pop("display") == {"currency": "EUR", "per_usd": "0.5", "date": "2026-11-20"}
    assert stored == marked_


def test_where_a_request_would_go_is_told_in_it_too(house, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k" * 20)
    monkeypatch.setenv("GEMINI_API_KEY", "k" * 20)
    file = tmp_path / "request.json"
    said = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    file.write_text(json.dumps(said), encoding="utf-8")
    for args in (("route", "explain", str(file)), ("policy", "diff", "cheapest", "fastest")):
        assert "0.5 EUR (rate of 2026-11-20)" in house(EUR, *args)
        assert "$" not in house(EUR, *args)
        assert json.loads(house(EUR, *args, "--json"))["display"]["currency"] == "EUR"


def test_the_html_report_is_in_the_currency_too(house, tmp_path: Path) -> None:
    pages = []
    for text in ("", EUR):
        file = tmp_path / "report.html"
        house(text, *COMPARE, "--html", str(file))
        pages.append(file.read_text(encoding="utf-8"))
    plain, shown = pages
    assert "$465.00" in plain
    assert "$465.00" not in shown
    assert "€232.50" in shown
    assert "EUR a month" in shown
    assert "0.5 EUR (rate of 2026-11-20)" in shown
    house(EUR, *COMPARE, "--language", "zh", "--html", str(tmp_path / "zh.html"))
    chinese = (tmp_path / "zh.html").read_text(encoding="utf-8")
    assert "1 美元 = 0.5 EUR" in chinese
    assert "EUR/月" in chinese
