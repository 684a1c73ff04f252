"""`fairlead policy cascade` and what `policy lint` says of cascades, over a ledger."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from fairlead.canon import FairleadError, Usage
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.verdict import Verdict
from fairlead.routing import Decision, Features, Step
from fairlead.upstream.kinds.registry import VENDORS_OWN

RUN = CliRunner()
# A day on which `flash` means the model below.
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW = NOON.timestamp()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DRAFT = """name = "tried"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"

[cascade]
ask = "flash"
then = "haiku"
checks = ["complete", "schema"]
"""
USAGE = Usage(input=1000, output=100)
# Of 1,000 and 100 tokens at the list prices.
COST = {FLASH: Decimal("0.00055"), HAIKU: Decimal("0.0015")}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.cli.cascade.time", SimpleNamespace(time=lambda: NOW))
    monkeypatch.setattr("fairlead.cli.route.datetime", SimpleNamespace(now=lambda _: NOON))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("FAIRLEAD_LEDGER_PATH", str(tmp_path / "ledger.db"))
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    for kind in VENDORS_OWN.values():
        if kind.key_env:
            monkeypatch.delenv(kind.key_env, raising=False)
    Path("tried.toml").write_text(DRAFT)


def accept(ratio: float) -> None:
    Path("tried.toml").write_text(f"{DRAFT}accepted_cost_ratio = {ratio}\n")


def fill(
    flash: int = 40,
    haiku: int = 40,
    *,
    features: Features | None = None,
    words: tuple[Verdict, ...] = (),
    asked_first: str = FLASH,
) -> None:
    """A ledger with so many answers of each model, each of a request whose cascade asked a model
    first.
    """
    at = NOW - 3600
    known = features or Features(prompt_tokens=1000, prompt_tokens_high=1200, max_tokens=500)
    ledger = SqliteLedger("ledger.db")
    for number in range(flash + haiku):
        model = FLASH if number < flash else HAIKU
        step = Step(f"cascade: {asked_first} is asked first; does its answer pass?", True, "")
        decision = Decision("p", "h", (step,), (model,), (), "because", known)
        ledger.add(
            Record(
                f"r{number}",
                at + number,
                "openai_chat",
                "auto",
                "ok",
                200,
                model=model,
                upstream="u",
                policy="p",
                decision=msgspec.json.encode(decision),
                usage=USAGE,
                cost_usd=COST[model],
                last_ms=500.0 if model == FLASH else 900.0,
            )
        )
    for word in words:
        ledger.judge(word)
    ledger.close()


def seen(failing: int, of: int) -> tuple[Verdict, ...]:
    """What earlier cascades saw."""
    at = NOW - 60
    return tuple(
        Verdict(
            f"r{n}.1" if n < failing else f"r{n}", at, "signal:cascade:schema", float(n >= failing)
        )
        for n in range(of)
    )


def report(*words: str) -> Any:
    result = RUN.invoke(app, ["policy", "cascade", *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def lint() -> tuple[int, str]:
    result = RUN.invoke(app, ["policy", "lint", "tried.toml"], catch_exceptions=False)
    return result.exit_code, result.output


def test_the_expected_cost_is_that_of_both_models_by_what_fails() -> None:
    fill()
    told = report("tried.toml", "--fails", "0.2")
    assert (told["requests"], told["chosen"], told["checkable"]) == (80, 80, 80)
    assert told["checks"] == ["complete"]
    assert Decimal(told["cost_ask"]) == COST[FLASH]
    assert Decimal(told["cost_then"]) == COST[HAIKU]
    assert Decimal(told["cost_cascade"]) == COST[FLASH] + COST[HAIKU] * Decimal("0.2")
    assert told["ratio"] == pytest.approx(0.55 / 1.5 + 0.2)
    assert told["breaks_even"] == pytest.approx(1 - 0.55 / 1.5)
    assert (told["latency_ask"], told["latency_then"]) == (500, 900)
    assert told["latency_cascade"] == pytest.approx(500 + 0.2 * 900)
    assert told["fails_by"] == "given"


def test_what_cascades_saw_goes_before_signals_and_signals_before_an_assumption() -> None:
    fill(words=seen(10, 40))
    told = report("tried.toml")
    assert (told["fails_by"], told["fails"], told["fails_of"]) == ("cascades", 0.25, 40)
    assert told["fails_low"] < 0.25 < told["fails_high"]
    assert told["ratio_low"] < told["ratio"] < told["ratio_high"]


def test_what_cascades_of_another_model_saw_says_nothing() -> None:
    fill(words=seen(10, 40), asked_first=HAIKU)
    assert report("tried.toml")["fails_by"] == "signals"


def test_signals_of_the_first_models_answers() -> None:
    at = NOW
    words = tuple(Verdict(f"r{n}", at, "signal:cut_off", None, "chat") for n in range(4))
    other = tuple(Verdict(f"r{n}", at, "signal:retry", None, "chat") for n in range(4, 9))
    fill(words=(*words, *other))
    told = report("tried.toml")
    assert (told["fails_by"], told["fails"], told["fails_of"]) == ("signals", 0.1, 40)


def test_where_nothing_is_known_a_share_is_assumed_and_said_to_be() -> None:
    fill(flash=3)
    told = report("tried.toml")
    assert (told["fails_by"], told["fails"], told["fails_low"]) == ("assumed", 0.25, None)
    result = RUN.invoke(app, ["policy", "cascade", "tried.toml"], catch_exceptions=False)
    assert "an assumption: the ledger tells nothing" in result.output
    assert "accepted_cost_ratio = 0.62" in result.output


def test_requests_with_nothing_to_check_are_not_counted() -> None:
    fill(features=Features(prompt_tokens=10, stream=True))
    told = report("tried.toml")
    assert (told["chosen"], told["checkable"], told["ratio"]) == (80, 0, None)


def test_a_draft_is_refused_with_its_figures() -> None:
    fill(words=seen(10, 40))
    code, told = lint()
    assert code == 1
    assert "tried.toml:6: cascade: is not accepted" in told
    assert "Costs 0.62" in told


def test_what_a_draft_is_told_to_accept_is_taken() -> None:
    fill(words=seen(11, 40))  # a ratio of 0.6417
    _, told = lint()
    assert "accepted_cost_ratio = 0.65 (or more)" in " ".join(told.split())
    accept(0.65)
    assert lint()[0] == 0


def test_a_cascade_that_costs_more_than_is_accepted_is_refused_with_its_figures() -> None:
    fill(words=seen(30, 40))
    accept(0.7)
    code, told = lint()
    assert code == 1
    assert "0.7 is accepted, and 1.12 is expected" in told
    accept(1.2)
    code, told = lint()
    assert code == 0
    assert "is sound" in told


def test_without_a_ledger_what_is_accepted_is_sound() -> None:
    accept(0.7)
    assert lint()[0] == 0
    Path("tried.toml").write_text(DRAFT)
    assert lint()[0] == 1


def test_a_gateway_does_not_take_a_draft(tmp_path: Path) -> None:
    Path("policies").mkdir()
    (tmp_path / "policies" / "tried.toml").write_text(DRAFT)
    Path("fairlead.toml").write_text('[routing]\npolicies_dir = "policies"\n')
    with pytest.raises(FairleadError, match="is not accepted"):
        RUN.invoke(app, ["check"], catch_exceptions=False)


def test_a_policy_without_a_cascade_has_no_figures() -> None:
    fill()
    with pytest.raises(FairleadError, match="has no cascade"):
        RUN.invoke(app, ["policy", "cascade", "cheapest"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "give either `command` or `url`"),
        ('command = ["x"]\nurl = "http://x"', "give either `command` or `url`"),
        ('command = [""]', "the first word is the program"),
        ('url = "ftp://x"', "is no http:// or https:// address"),
        ('command = ["x"]\nseconds = 0', "seconds"),
        ('command = "x"', "command"),
    ],
)
def test_a_grader_at_fault_is_told_with_its_key(text: str, said: str) -> None:
    Path("fairlead.toml").write_text(f"[graders.mine]\n{text}\n")
    with pytest.raises(FairleadError) as raised:
        RUN.invoke(app, ["check"], catch_exceptions=False)
    assert "fairlead.toml" in str(raised.value)
    assert said in str(raised.value)


def test_a_preview_says_who_is_asked_first() -> None:
    accept(0.7)
    body: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}

    def told(*words: str) -> Any:
        Path("request.json").write_text(json.dumps(body))
        result = RUN.invoke(
            app, ["route", "explain", "request.json", "--json", *words], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    mine = ("--policy", "tried.toml")
    assert told(*mine)["cascade"] == {"ask": FLASH, "checks": ["complete"]}
    assert told(*mine)["model"] == HAIKU
    assert told("--policy", "cheapest")["cascade"] is None
    body["response_format"] = {"type": "json_object"}
    assert told(*mine)["cascade"]["checks"] == ["complete", "schema"]
    body["stream"] = True
    assert told(*mine)["cascade"] is None
    body["model"] = HAIKU
    assert told()["cascade"] is None
