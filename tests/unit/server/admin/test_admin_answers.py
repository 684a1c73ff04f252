"""The admin API's answers are the commands' own: equal to what they print with `--json`."""

import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.server.admin.answers import ASKED, answer
from fairlead.server.admin.api import ADMIN_ROUTES
from fairlead.server.admin.office import Question

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DAY = 86_400
EXPORT = {
    "data": [
        {
            "starting_at": "2026-11-20T00:00:00Z",
            "results": [
                {"uncached_input_tokens": 10, "output_tokens": 1, "model": HAIKU,
                 "cache_read_input_tokens": 0, "cache_creation": {}}
            ],
        }
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with a quota and a currency, and a ledger of three weeks up to today."""
    folder = tmp_path_factory.mktemp("admin")
    writer = SqliteLedger(folder / "l.db")
    now = time.time() // DAY * DAY
    for number in range(63):
        model = HAIKU if number % 3 else FLASH
        writer.add(
            Record(
                f"r{number}",
                now - number // 3 * DAY - 60,
                "anthropic",
                model,
                "ok",
                200,
                model=model,
                upstream="gemini" if model == FLASH else "anthropic",
                usage=Usage(input=3_000 + 100 * number, output=200),
                cost_usd=Decimal("0.004") + Decimal(number % 7) / 1000,
            )
        )
    writer.add(Record("refused", now, "anthropic", HAIKU, "refused", 400))
    writer.close()
    (folder / "export.json").write_text(json.dumps(EXPORT), encoding="utf-8")
    file = folder / "fairlead.toml"
    file.write_text(
        f'[ledger]\npath = "{folder}/l.db"\n[catalog]\nlong_tail = false\n'
        '[display]\ncurrency = "EUR"\nrate = 0.9\ndate = 2026-11-20\n'
        '[free_quotas.g]\nupstream = "gemini"\nrequests = 1\n[families]\nmine = ["claude-haiku-5-5"]\n',
        encoding="utf-8",
    )
    return file


def asked(config: Path, question: str, body: bytes = b"", **query: object) -> tuple[int, dict]:
    variables = {
        key: str(query.pop(key)) for key in ("id", "vendor", "policy", "name") if key in query
    }
    if question == "model":
        variables["model"] = str(query.pop("model"))
    given = {
        key: [str(one) for one in (value if isinstance(value, list) else [value])]
        for key, value in query.items()
    }
    found = answer(Question(question, str(config), given, variables, body))
    return found.status, json.loads(found.body)


CASES = [
    ("usage", {}, ["usage"]),
    (
        "usage",
        {"by": ["day", "model"], "since": "10d", "until": "1d"},
        ["usage", "--by", "day", "--by", "model", "--since", "10d", "--until", "1d"],
    ),
    ("receipt", {"id": "r3"}, ["receipt", "r3"]),
    ("receipt", {"id": "refused"}, ["receipt", "refused"]),
    ("whatif", {"model": FLASH}, ["whatif", "--model", FLASH]),
    (
        "whatif",
        {"model": f"mix:{FLASH}=0.3,{HAIKU}=0.7", "since": "7d", "caching": "off",
         "batch_share": "0.5"},
        ["whatif", "--model", f"mix:{FLASH}=0.3,{HAIKU}=0.7", "--since", "7d", "--caching", "off",
         "--batch-share", "0.5"],
    ),
    ("forecast", {}, ["forecast"]),
    (
        "forecast",
        {"days": 7, "budget": "1.5", "method": "seasonal-naive"},
        ["forecast", "--days", "7", "--budget", "1.5", "--method", "seasonal-naive"],
    ),
    ("reconcile", {"vendor": "anthropic"}, ["reconcile", "anthropic", "export.json"]),
    ("models", {}, ["models", "list"]),
    ("models", {"on": "2027-01-01"}, ["models", "list", "--on", "2027-01-01"]),
    ("model", {"model": "flash"}, ["models", "show", "flash"]),
    (
        "model",
        {"model": FLASH, "facts": "true", "upstream": "vertex"},
        ["models", "show", FLASH, "--facts", "--upstream", "vertex"],
    ),
    ("canary", {"policy": "canary"}, ["policy", "canary", "canary"]),
    (
        "canary",
        {"policy": "canary", "since": "2026-11-01"},
        ["policy", "canary", "canary", "--since", "2026-11-01"],
    ),
    ("ends", {"on": "2026-11-23"}, ["models", "ends", "--on", "2026-11-23"]),
    ("compare", {"model": [FLASH, HAIKU]}, ["models", "compare", FLASH, HAIKU]),
    (
        "compare",
        {"model": [FLASH, HAIKU], "source": "article-2025-10", "measured": "false"},
        ["models", "compare", FLASH, HAIKU, "--source", "article-2025-10", "--no-measured"],
    ),
    (
        "cost_scenario",
        {"name": "chat", "prices": "article-2025-10", "on": "2026-11-23"},
        ["cost", "scenario", "chat", "--prices", "article-2025-10", "--on", "2026-11-23"],
    ),
    (
        "cost_estimate",
        {"requests_per_day": 1000, "input": 20_000, "output": 300, "thinking": 100,
         "cached_share": "0.9", "batch_share": "0.25", "prefixes": 3, "model": [FLASH, "haiku"]},
        ["cost", "estimate", "--requests-per-day", "1000", "--input", "20000", "--output", "300",
         "--thinking", "100", "--cached-share", "0.9", "--batch-share", "0.25", "--prefixes", "3",
         "--model", FLASH, "--model", "haiku"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "query", "args"), CASES)
def test_an_answer_is_the_command_s_json(config: Path, name: str, query: dict, args: list) -> None:
    args = [str(config.parent / arg) if arg == "export.json" else arg for arg in args]
    printed = CliRunner().invoke(app, [*args, "--json", "--config", str(config)])
    assert printed.exit_code == 0, printed.output
    body = json.dumps(EXPORT).encode() if name == "reconcile" else b""
    status, told = asked(config, name, body, **query)
    assert status == 200, told
    assert told == json.loads(printed.stdout)
    assert told["display"]["currency"] == "EUR"


def test_every_route_has_an_answer_and_every_answer_an_equal_command() -> None:
    assert {f"admin.{name}" for name in ASKED} == set(ADMIN_ROUTES)
    changing = {"canary_resume", "canary_roll_back"}
    assert {name for name, *_ in CASES} == set(ASKED) - changing


def test_the_scenarios_there_are(config: Path) -> None:
    printed = CliRunner().invoke(app, ["cost", "scenario", "list", "--json"])
    status, told = asked(config, "cost_scenario", name="list")
    assert (status, told) == (200, json.loads(printed.stdout))
    assert [row["name"] for row in told] == ["chat", "coding"]


def test_a_canary_is_rolled_back_and_resumed_as_by_the_command(config: Path) -> None:
    status, told = asked(config, "canary_resume", policy="canary")
    assert (status, told["error"]["message"]) == (400, "'canary' is not rolled back")
    status, told = asked(config, "canary_roll_back", policy="canary")
    assert (status, told["event"], told["reason"]) == (200, "rolled_back", "by hand")
    assert asked(config, "canary", policy="canary")[1]["state"] == "rolled_back"
    words = ["policy", "canary", "canary", "--resume", "--json", "--config", str(config)]
    printed = CliRunner().invoke(app, words)
    assert json.loads(printed.stdout)["event"] == "resumed"
    words[3] = "--roll-back"
    assert json.loads(CliRunner().invoke(app, words).stdout)["event"] == "rolled_back"
    assert asked(config, "canary_resume", policy="canary")[1]["event"] == "resumed"


@pytest.mark.parametrize(
    ("name", "query", "status", "param", "said"),
    [
        ("usage", {"by": "colour"}, 400, "by", "'colour'"),
        ("usage", {"since": "soon"}, 400, "since", "'soon' is no point in time"),
        ("usage", {"days": 3}, 400, "days", "there is no parameter 'days'"),
        ("receipt", {"id": "nobody"}, 404, "ID", "there is no request nobody"),
        ("whatif", {}, 400, None, "model"),
        ("whatif", {"model": "unheard-of"}, 404, "model", "does not exist here"),
        ("whatif", {"model": "policy:/etc/passwd"}, 400, "model", "by the command alone"),
        ("whatif", {"model": FLASH, "batch_share": "2"}, 400, "batch_share", "between 0 and 1"),
        ("forecast", {"days": "many"}, 400, "days", "int"),
        ("forecast", {"days": 999}, 400, "days", "between 1 and 366"),
        ("forecast", {"method": "tea-leaves"}, 400, "method", "there is no method"),
        ("forecast", {"budget": "-1"}, 400, "budget", "no amount of dollars"),
        ("reconcile", {"vendor": "nobody"}, 400, "vendor", "no export of 'nobody'"),
        ("reconcile", {"vendor": "google"}, 400, "file", "no rows"),
        ("canary", {"policy": "unheard-of"}, 400, "policy", "no such policy"),
        ("canary", {"policy": "best"}, 400, "POLICY", "is no canary"),
        ("model", {"model": "unheard-of"}, 404, "model", "does not exist here"),
        ("models", {"on": "someday"}, 400, "on", "date"),
        ("compare", {"model": [FLASH]}, 400, None, "two"),
        ("cost_scenario", {"name": "tea"}, 400, None, "no scenario 'tea'; there are: chat, coding"),
        ("cost_scenario", {"name": "chat", "prices": "tea"}, 400, None, "no prices of 'tea'"),
        ("cost_scenario", {"name": "chat", "model": "tea"}, 404, "model", "does not exist here"),
        ("cost_scenario", {"name": "chat", "cached_share": 2}, 400, None, "between 0 and 1"),
        ("cost_estimate", {"input": 1, "output": 1}, 400, None, "requests_per_day"),
        (
            "cost_estimate",
            {"requests_per_day": 10**10, "input": 1, "output": 1},
            400,
            None,
            "requests_per_day is above 1,000,000,000",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_parameter(
    config: Path, name: str, query: dict, status: int, param: str | None, said: str
) -> None:
    found, told = asked(config, name, **query)
    error = told["error"]
    assert found == status, told
    assert said in error["message"]
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("usage", {"by": "colour"}, {"day", "model", "key", "op"}),
        ("whatif", {"model": FLASH, "caching": "maybe"}, {"auto", "asked", "off"}),
    ],
)
def test_a_wrong_word_is_told_with_the_words_there_are(
    config: Path, name: str, query: dict, words: set[str]
) -> None:
    status, told = asked(config, name, **query)
    assert status == 400
    assert words <= set(told["error"]["hint"].split(", "))


def test_no_ledger_and_a_broken_configuration_are_told(tmp_path: Path) -> None:
    file = tmp_path / "f.toml"
    file.write_text(f'[ledger]\npath = "{tmp_path}/none.db"\n', encoding="utf-8")
    status, told = asked(file, "usage")
    assert (status, told["error"]["kind"]) == (500, "internal")
    assert "there is no ledger" in told["error"]["message"]
    assert told["error"]["hint"]
    file.write_text("[server]\nport = 'x'\n", encoding="utf-8")
    status, told = asked(file, "models")
    assert (status, "server.port" in told["error"]["message"]) == (500, True)
