"""`fairlead policy` and `fairlead route`, as a user types them."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from typer.testing import CliRunner

from fairlead.canon import FairleadError, Usage
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.routing import Candidate, Decision, Features, Moment, Step
from fairlead.upstream.kinds.registry import VENDORS_OWN

RUN = CliRunner()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
CASES = resources.files("fairlead.catalog").joinpath("policies", "cases")
DAY = 1_790_000_000.0
OWN = """
name = "own"
version = "2"
candidates = ["flash", "haiku"]
objective = "cheapest"
[[rules]]
question = "code?"
when = { task = { is = "coding" } }
use = "haiku"
"""

CASCADE = """
[cascade]
ask = "flash"
then = "haiku"
accepted_cost_ratio = 1
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    for kind in VENDORS_OWN.values():
        monkeypatch.delenv(kind.key_env, raising=False)
    Path("own.toml").write_text(OWN)


def ask(*words: str, code: int = 0) -> str:
    result = RUN.invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def ask_json(*words: str) -> Any:
    return json.loads(ask(*words, "--json"))


def refused(*words: str) -> str:
    with pytest.raises(FairleadError) as raised:
        RUN.invoke(app, list(words), catch_exceptions=False)
    return str(raised.value)


def test_a_file_that_is_no_toml_is_the_one_that_is_named() -> None:
    Path("mine").mkdir()
    Path("fairlead.toml").write_text('[routing]\npolicies_dir = "mine"\n')
    Path("mine/other.toml").write_text('name = "other"\nname = "twice"\n')
    assert refused("policy", "show", "own.toml").startswith("mine/other.toml:2: not valid TOML: ")


def test_policies_are_listed_and_shown() -> None:
    listed = {each["name"]: each for each in ask_json("policy", "show")}
    assert {"article-tree", "cheapest", "canary"} <= set(listed)
    assert listed["article-tree"]["default"]
    assert "very tight budget?" in ask("policy", "show", "article-tree")
    assert "objective: cheapest" in ask("policy", "show", "own.toml")
    assert "behind" not in ask("policy", "show", "always:haiku")
    canary = ask("policy", "show", "canary")
    assert "5 % of sessions: balanced" in canary
    assert "no limits: never rolled back by itself" in canary
    assert "objective: weighted (flash 1, haiku 1)" in ask("policy", "show", "weighted")
    assert ask_json("policy", "show", "own.toml")["version"] == "2"
    assert "there is no policy 'nonesuch'" in refused("policy", "show", "nonesuch")


def test_lint_says_file_line_and_reason() -> None:
    assert "own.toml: own 2 is sound" in ask("policy", "lint", "own.toml")
    Path("bad.toml").write_text(OWN.replace('"coding"', '"codnig"'))
    said = ask("policy", "lint", "own.toml", "bad.toml", "nofile.toml", code=1)
    assert "bad.toml:8: rules[0].when.task.is: does not know 'codnig'" in said.replace("\n", "")
    assert "nofile.toml: cannot be read" in said
    Path("none.toml").write_text("x")
    assert "none.toml" in ask("policy", "lint", "none.toml", code=1)


def test_a_file_that_is_in_the_folder_too_is_read_once() -> None:
    Path("fairlead.toml").write_text('[routing]\npolicies_dir = "mine"\npolicy = "own"\n')
    Path("mine").mkdir()
    Path("mine/own.toml").write_text(OWN)
    assert "own 2 is sound" in ask("policy", "lint", "mine/own.toml")
    assert "own 2 is sound" in ask("policy", "lint", "own.toml")
    assert ask_json("policy", "show")[-1] | {"hash": ""} == {
        "name": "own", "version": "2", "hash": "", "description": "", "default": True,
    }  # fmt: skip


def test_a_policy_is_drawn() -> None:
    assert ask("policy", "graph", "article-tree").startswith("flowchart TD")
    assert ask("policy", "graph", "own.toml", "--format", "svg").startswith("<svg")
    ask("policy", "graph", "canary", "--out", "c.svg")
    ET.parse("c.svg")
    assert "cannot be written" in refused("policy", "graph", "canary", "--out", "no/where.svg")


@pytest.mark.parametrize("name", ["article-tree", "article-task", "article-length"])
def test_the_shipped_cases_pass(name: str) -> None:
    file = str(CASES.joinpath(f"{name}.toml"))
    told = ask_json("policy", "test", name, file, "--on", "2026-11-22", "--junit", "j.xml")
    assert told["failed"] == 0
    assert told["cases"] == len(told["outcomes"]) > 3
    suite = ET.parse("j.xml").getroot()
    assert suite.attrib == {"tests": str(told["cases"]), "failures": "0"}


def test_a_failing_case_fails_the_command() -> None:
    Path("c.toml").write_text(
        '[[cases]]\nname = "a<b \\u0001"\nfeatures = {}\nexpect = { model = "flash" }\n'
    )
    said = ask("policy", "test", "article-tree", "c.toml", "--junit", "j.xml", code=1)
    assert "1 cases, 1 failed" in said
    (case,) = ET.parse("j.xml").getroot().iter("testcase")
    assert case.attrib["name"] == "a<b ?"
    (failure,) = case
    assert "expected 'gemini-" in failure.attrib["message"]
    Path("c.toml").write_text("cases = 3")
    assert "c.toml:1: cases: " in refused("policy", "test", "article-tree", "c.toml")
    assert "nofile" in refused("policy", "test", "article-tree", "nofile")
    assert "is no day" in refused("policy", "test", "own.toml", "c.toml", "--on", "soon")


def test_a_route_is_explained_without_a_key() -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Refactor this code"}]}
    Path("r.json").write_text(json.dumps(body))
    told = ask_json("route", "explain", "r.json")
    assert (told["model"], told["policy"]) == (HAIKU, "article-tree")
    assert [step["answer"] for step in told["path"]] == [False, False, True]
    assert all(set(each) > {"model", "cost_usd", "why"} for each in told["candidates"])
    assert Decimal(told["candidates"][0]["cost_usd"]) > 0
    assert "no vendor has a key here" in told["warnings"][-1]
    assert ask_json("route", "explain", "r.json", "--policy", "cheapest")["policy"] == "cheapest"
    assert ask_json("route", "explain", "r.json", "--policy", "own.toml")["model"] == HAIKU
    Path("h.json").write_text(json.dumps(body | {"fairlead": {"policy": "article-length"}}))
    assert ask_json("route", "explain", "h.json")["policy"] == "article-length"
    people = ask("route", "explain", "r.json", "--policy", "cheapest")
    assert "cheapest of flash, haiku?" in people
    assert "cost under" in people


def test_a_route_is_explained_from_standard_input_and_with_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "Refactor this code"}]}]})

    def told(day: datetime) -> Any:
        monkeypatch.setattr("fairlead.cli.route.datetime", SimpleNamespace(now=lambda _: day))
        result = RUN.invoke(app, ["route", "explain", "-", "--json"], input=body)
        return json.loads(result.output)

    now = told(datetime(2026, 11, 23, tzinfo=UTC))
    assert now["model"] == FLASH
    assert now["candidates"][0]["ruled_out"] is not None
    assert not any("no vendor has a key" in each for each in now["warnings"])
    later = told(datetime(2026, 12, 1, tzinfo=UTC))
    assert later["model"] == "gemini-3.5-flash-lite"
    assert any(each.startswith(f"{FLASH} ended") for each in later["warnings"]), later["warnings"]


def test_a_request_at_fault_is_told() -> None:
    Path("r.json").write_text("[]")
    assert "no JSON object" in refused("route", "explain", "r.json")
    assert "nofile.json cannot be read" in refused("route", "explain", "nofile.json")
    Path("r.json").write_text('{"messages": []}')
    assert "no dialect 'x'" in refused("route", "explain", "r.json", "--dialect", "x")


def record(number: int, features: Features, **changes: Any) -> Record:
    decision = Decision(
        "article-tree", "h", (), (HAIKU, FLASH), (Candidate(HAIKU, "x"),), "why", features
    )
    given: dict[str, Any] = {
        "id": f"r{number}", "at": DAY + number, "dialect": "openai_chat", "asked_model": "auto",
        "outcome": "ok", "status": 200, "stream": True, "model": HAIKU, "upstream": "anthropic",
        "policy": "article-tree", "decision": decision.stored(), "cost_usd": Decimal("0.003"),
        "usage": Usage(input=1_000, output=400), "price_version": "v", "first_token_ms": 700.0,
        "last_ms": 4_700.0,
    }  # fmt: skip
    return Record(**(given | changes))


def fill(*records: Record) -> None:
    path = Path("data/fairlead/fairlead.db")
    path.parent.mkdir(parents=True)
    ledger = SqliteLedger(path)
    for each in records:
        ledger.add(each)
    ledger.close()


def test_the_ledgers_requests_are_put_to_two_policies() -> None:
    small = Features(prompt_tokens=900, prompt_tokens_high=1_100, task="document")
    code = msgspec.structs.replace(small, task="coding")
    named = record(90, code, policy="named", decision=b"")
    broken = record(91, code, decision=b"{}")
    fill(*(record(n, small) for n in range(30)), *(record(40 + n, code) for n in range(10)),
         named, broken)  # fmt: skip
    told = ask_json("policy", "diff", "article-tree", "article-task", "--since", "2026-01-01")
    assert (told["requests"], told["moved"]) == (40, 30)
    assert told["moves"][0] == [HAIKU, FLASH, 30]
    assert Decimal(told["total_old_usd"]) == Decimal("0.12")
    assert Decimal(told["total_new_usd"]) < Decimal("0.12")
    assert told["cost_difference"]["high"] < 0
    assert len(told["most_changed"]) == 20
    assert told["first_token_old"] is None, "nothing is known of the other model's pace"
    people = ask("policy", "diff", "article-tree", "own.toml", "--since", "2026-01-01")
    assert "40 requests, 30 would move" in people
    assert told["notes"] == []
    assert "cascade" not in people
    own = Path("own.toml")
    own.write_text(own.read_text() + CASCADE)
    two = ("policy", "diff", "article-tree", "own.toml", "--since", "2026-01-01")
    (note,) = ask_json(*two)["notes"]
    assert "has a cascade, which is left out here" in note
    assert "has a cascade" in ask(*two)
    assert ask_json("policy", "diff", "cheapest", "cheapest", "--since", "2030-01-01")["moved"] == 0


def test_what_leaving_a_warm_cache_costs_is_shown() -> None:
    features = Features(prompt_tokens=6_296, prompt_tokens_high=7_000)
    stayed = Candidate(FLASH, "the policy's choice", prompt_tokens=6_296, warm_tokens=6_247,
                       switch_usd=Decimal(0))  # fmt: skip
    left = Candidate(HAIKU, "fallback: dearer", switch_usd=Decimal("0.037438"))
    decision = Decision("cheapest", "h", (), (FLASH, HAIKU), (stayed, left), "why", features,
                        moment=Moment(further=4))  # fmt: skip
    fill(record(1, features, decision=decision.stored()), record(2, features))
    shown = ask("route", "show", "r1")
    for told in ("6,247", "$0.037438", "this turn and 4 further ones of the session"):
        assert told in shown
    assert "switch" not in ask("route", "show", "r2")


def test_a_route_is_shown_from_the_ledger() -> None:
    fill(record(1, Features(task="chat")), record(2, Features(), policy=None, decision=b""))
    told = ask_json("route", "show", "r1")
    assert (told["model"], told["policy"], told["features"]["task"]) == (
        HAIKU,
        "article-tree",
        "chat",
    )
    assert "there is no request r9" in refused("route", "show", "r9")
    assert "has no decision" in refused("route", "show", "r2")


SURROUNDED = """
name = "surrounded"
version = "1"
candidates = ["haiku", "flash"]
otherwise = "haiku"
[[rules]]
question = "this key, at night?"
when = { key = { is = "key_1" }, hour = { under = 6 } }
use = "flash"
[[rules]]
question = "warm?"
when.warm_tokens.over = 1000
use = "flash"
[[rules]]
question = "the tools team, and little left?"
when = { team = { is = "tools" }, budget_pressure = { over = 80 } }
use = "flash"
"""


@pytest.mark.parametrize(
    ("options", "family"),
    [
        ((), "haiku"),
        (("--key", "key_1", "--hour", "3"), "flash"),
        (("--key", "key_1", "--hour", "6"), "haiku"),
        (("--key", "key_2", "--hour", "3"), "haiku"),
        (("--warm-tokens", "1001"), "flash"),
        (("--team", "tools", "--budget-pressure", "81"), "flash"),
        (("--team", "sales", "--budget-pressure", "81"), "haiku"),
        (("--team", "tools"), "haiku"),
    ],
)
def test_a_requests_surroundings_may_be_given(options: tuple[str, ...], family: str) -> None:
    Path("surrounded.toml").write_text(SURROUNDED)
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    Path("request.json").write_text(json.dumps(body))
    told = ask_json("route", "explain", "request.json", "--policy", "surrounded.toml", *options)
    assert family in told["model"]


def test_an_hour_that_is_none_is_refused() -> None:
    Path("request.json").write_text("{}")
    assert "to 23" in ask("route", "explain", "request.json", "--hour", "24", code=2)


CANARY = """
name = "bird"
version = "1"
[canary]
base = "always:flash"
policy = "always:haiku"
share = 0.5
max_cost_ratio = 1.5
"""


def arms(policy_hash: str, costs: tuple[str, str], sessions: int = 160) -> None:
    """A ledger in which the control's requests cost the first, the canary's the second."""
    ledger = SqliteLedger(Path("data/fairlead/fairlead.db"))
    for number in range(sessions):
        canary = number % 2 == 1
        decision = Decision(
            "bird", policy_hash, (Step("in the share?", canary, "drew"),), (FLASH,), (), "",
            Features(), moment=Moment(session=number),
        )  # fmt: skip
        ledger.add(
            Record(
                f"r{number}",
                time.time() - 60,
                "openai_chat",
                "auto",
                "ok",
                200,
                model=FLASH,
                policy="bird",
                decision=decision.stored(),
                cost_usd=Decimal(costs[canary]),
                last_ms=900.0 + number,
            )
        )
    ledger.close()


def test_a_canary_is_compared_and_drawn() -> None:
    Path("bird.toml").write_text(CANARY)
    Path("data/fairlead").mkdir(parents=True)
    hash_ = ask_json("policy", "show", "bird.toml")["hash"]
    arms(hash_, ("0.001", "0.004"))
    told = ask_json("policy", "canary", "bird.toml")
    assert (told["state"], told["control_sessions"], told["canary_sessions"]) == ("running", 80, 80)
    cost = told["figures"][0]
    assert (cost["metric"], cost["verdict"], cost["broken"]) == ("cost", "worse", True)
    assert cost["change"] == pytest.approx(4)
    page = ask("policy", "canary", "bird.toml", "--since", "1d")
    assert "160 requests since" in page
    assert "WORSE" in page
    assert "1.5x BROKEN" in page
    assert "no figures" in page, "nobody streamed"
    drawing = next(line for line in page.splitlines() if line.startswith("        cost"))
    assert drawing.index("|") < drawing.index("!") < drawing.index("*")
    assert "hold with 95 % at all times at once" in page


def test_a_canary_of_which_nothing_is_known_says_so() -> None:
    Path("bird.toml").write_text(CANARY)
    Path("data/fairlead").mkdir(parents=True)
    arms("another", ("0.001", "0.004"))
    page = ask("policy", "canary", "bird.toml")
    assert "0 requests since" in page
    assert page.count("no figures") == 6
    assert "is no canary" in refused("policy", "canary", "own.toml")
    assert "exclude each other" in refused(
        "policy", "canary", "bird.toml", "--resume", "--roll-back"
    )


def test_lint_tells_what_a_shadow_would_cost() -> None:
    shadow = '[shadow]\nto = "haiku"\nshare = 0.5\nusd_per_day = 2\n[[rules]]'
    Path("own.toml").write_text(OWN.replace("[[rules]]", shadow, 1))
    said = "50 % of requests to haiku, at most $2.00 a day"
    assert said in ask("policy", "lint", "own.toml")
    assert said in ask("policy", "show", "own.toml")
    Path("data/fairlead").mkdir(parents=True)
    ledger = SqliteLedger(Path("data/fairlead/fairlead.db"))
    decision = Decision("own", "h", (), (FLASH,), (), "", Features()).stored()
    for number in range(40):
        ledger.add(
            Record(
                f"r{number}",
                time.time() - 43_200,
                "openai_chat",
                "auto",
                "ok",
                200,
                model=FLASH,
                policy="own",
                decision=decision,
                usage=Usage(input=1_000, output=400),
            )
        )
    ledger.close()
    # 40 in half a day are 80 a day, half of them 40; each 1,000 x $1 + 400 x $5 a million.
    assert "about 40 copies and $0.1200 a day" in " ".join(
        ask("policy", "lint", "own.toml").split()
    )
