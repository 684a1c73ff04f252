"""Fixed fees and committed spend: owed beside the sums, in none of them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.cli.main import app
from fairlead.finance.commitments import Owed, fees, owed
from fairlead.ledger.commitment import Commitment
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import ConfigError, load
from fairlead.server.money import commitments_of

FLASH, LITE, HAIKU = "gemini-2.5-flash", "gemini-3.5-flash-lite", "claude-haiku-4-5-20251001"
HOUR, DAY = 3600.0, 86_400.0


def at(*day: int) -> float:
    return datetime(*day, tzinfo=UTC).timestamp()


NOW = at(2026, 11, 23)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 dollars at Google on each of the first days of October and November, and others'."""
    path = tmp_path_factory.mktemp("owed") / "l.db"
    writer = SqliteLedger(path)
    number = 0

    def add(when: float, usd: str, model: str = FLASH, upstream: str = "gemini", **more) -> None:
        nonlocal number
        number += 1
        writer.add(
            Record(
                f"r{number}", when, "openai_chat", "flash", "ok", 200, model=model,
                upstream=upstream, usage=Usage(input=1), cost_usd=Decimal(usd), **more,
            )
        )  # fmt: skip

    for month in (10, 11):
        for day in (1, 2, 3):
            add(at(2026, month, day), "10")
    add(at(2026, 10, 31, 23), "4", model=LITE)
    add(at(2026, 11, 5), "7", model=HAIKU, upstream="anthropic")
    add(at(2026, 11, 6), "1000", model="emulated-flash", emulated=True)
    writer.close()
    return path


SPEND = Commitment("google", Decimal(50), upstream="gemini")


def told(found: tuple[Owed, ...]) -> list[tuple[str | None, str, str | None]]:
    return [
        (
            one.month,
            f"{one.spent_usd:.0f}",
            None if one.owed_usd is None else f"{one.owed_usd:.0f}",
        )
        for one in found
    ]


def test_what_of_a_spend_was_not_used_up_is_owed_when_its_month_is_over(ledger: Path) -> None:
    found = owed(ledger, [SPEND], (None, None), NOW)
    assert told(found) == [("2026-10", "34", "16"), ("2026-11", "30", None)]
    later = owed(ledger, [SPEND], (None, at(2026, 12, 1)), at(2026, 12, 2))
    assert told(later) == [("2026-10", "34", "16"), ("2026-11", "30", "20")]
    much = Commitment("q", Decimal(30), upstream="gemini")
    assert told(owed(ledger, [much], (None, at(2026, 11, 1)), NOW)) == [("2026-10", "34", "0")]


def test_a_month_is_told_whole_also_where_the_span_cuts_it(ledger: Path) -> None:
    assert told(owed(ledger, [SPEND], (at(2026, 11, 20), None), NOW)) == [("2026-11", "30", None)]


def test_models_a_time_zone_and_days_say_what_counts(ledger: Path) -> None:
    lite = Commitment("q", Decimal(5), upstream="gemini", models=("gemini-3*",))
    assert told(owed(ledger, [lite], (None, at(2026, 11, 1)), NOW)) == [("2026-10", "4", "1")]
    # In Tokyo the last hour of October is November's, and its first day October's last evening.
    tokyo = Commitment("q", Decimal(50), upstream="gemini", time_zone="Asia/Tokyo")
    assert told(owed(ledger, [tokyo], (None, None), NOW)) == [
        ("2026-10", "30", "20"), ("2026-11", "34", None),
    ]  # fmt: skip
    since = Commitment("q", Decimal(50), upstream="gemini", since=date(2026, 11, 2))
    assert told(owed(ledger, [since], (None, None), NOW)) == [("2026-11", "20", None)]
    until = Commitment("q", Decimal(50), upstream="gemini", until=date(2026, 11, 1))
    assert told(owed(ledger, [until], (None, None), NOW)) == [("2026-10", "34", "16")]
    assert owed(ledger, [Commitment("q", Decimal(5), upstream="x")], (NOW, NOW), NOW) == ()


@pytest.mark.parametrize(
    ("fee", "span", "amount"),
    [
        ({"period": "hour"}, (NOW, NOW + DAY), 24),
        ({"period": "hour"}, (NOW, NOW + HOUR / 2), "0.5"),
        ({"period": "month"}, (at(2026, 11, 1), at(2026, 12, 1)), 1),
        ({"period": "month"}, (at(2026, 11, 16), at(2026, 12, 1)), "0.5"),
        ({"period": "month"}, (at(2026, 11, 16), at(2027, 1, 1)), "1.5"),
        ({"period": "hour", "since": date(2026, 11, 24)}, (NOW, NOW + 2 * DAY), 24),
        ({"period": "hour", "until": date(2026, 11, 23)}, (NOW, NOW + 2 * DAY), 0),
    ],
)
def test_a_fee_is_owed_for_the_share_of_its_periods(fee: dict, span: tuple, amount) -> None:
    (one,) = fees([Commitment("seat", Decimal(100), "fee", **fee)], *span)
    assert one.owed_usd == 100 * Decimal(amount)
    assert (one.kind, one.month, one.spent_usd) == ("fee", None, None)


def test_a_fee_needs_no_ledger_of_that_time(ledger: Path) -> None:
    seat = Commitment("seat", Decimal(2), "fee", "hour")
    (one,) = owed(ledger, [seat], (None, at(2026, 10, 2)), NOW)
    assert one.owed_usd == 48


# --- the commands ---------------------------------------------------------------------------------

TEXT = """
[commitments.google]
usd = 50
upstream = "gemini"
until = 2026-11-01

[commitments.throughput]
usd = 2.5
kind = "fee"
period = "hour"
"""


@pytest.fixture
def house(tmp_path: Path, ledger: Path):
    def run(text: str, *args: str) -> str:
        file = tmp_path / "fairlead.toml"
        head = f'[ledger]\npath = "{ledger}"\n[catalog]\nlong_tail = false\n'
        file.write_text(head + text, encoding="utf-8")
        result = CliRunner().invoke(app, [*args, "--config", str(file)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run


def test_the_commands_show_them_beside_their_sums(house) -> None:
    span = ("--since", "2026-10-01", "--until", "2026-11-01")
    plain = json.loads(house("", "usage", *span, "--json"))
    found = json.loads(house(TEXT, "usage", *span, "--json"))
    assert found["totals"] == plain["totals"]
    assert "commitments" not in plain
    assert [(one["name"], Decimal(one["owed_usd"])) for one in found["commitments"]] == [
        ("throughput", 1860), ("google", 16),
    ]  # fmt: skip
    text = " ".join(house(TEXT, "usage", *span).split())
    assert "Not in these sums: $1,860.00, the fee throughput" in text
    assert "$16.00 that the commitment google was not used up in 2026-10" in text
    words = ("whatif", "--model", "claude-haiku-4-5", *span)
    other = json.loads(house(TEXT, *words, "--json"))
    assert [Decimal(one["owed_usd"]) for one in other["commitments"]] == [1860, 16]
    assert other["total"] == json.loads(house("", *words, "--json"))["total"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[commitments.q]\nusd = 1\nupstream = "x"\n', "'x' is none"),
        ("[commitments.q]\nusd = 1\n", "names the upstream"),
        ('[commitments.q]\nusd = 1\nperiod = "hour"\nupstream = "gemini"\n', "by the hour: a fee"),
        ('[commitments.q]\nkind = "fee"\nusd = 1\ntime_zone = "Moon/Dark"\n', "no time zone"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_start(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        compile_snapshot(load(file, {"GEMINI_API_KEY": "k"}), {"GEMINI_API_KEY": "k"})
    good = file.with_name("good.toml")
    good.write_text(TEXT, encoding="utf-8")
    assert [one.name for one in commitments_of(load(good, {}))] == ["google", "throughput"]
