"""`fairlead choose`, as a user and a script call it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairlead.canon import FairleadError
from fairlead.cli.main import app
from fairlead.lab.choose.questions import QUESTIONS

RUN = CliRunner()
LOAD = ("--requests-per-day", "10,000", "--input", "1000", "--output", "500")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)


def ask(*words: str, typed: str | None = None) -> Any:
    result = RUN.invoke(app, ["choose", *words], input=typed, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def ask_json(*words: str) -> Any:
    return json.loads(ask(*words, "--on", "2026-11-23", "--json").stdout)


def refused(*words: str, typed: str | None = None) -> str:
    with pytest.raises(FairleadError) as raised:
        RUN.invoke(app, ["choose", *words], input=typed, catch_exceptions=False)
    problem = getattr(raised.value, "problem", None)
    return f"{problem.param}: {problem.message}" if problem else str(raised.value)


def test_json_has_amounts_as_decimal_strings() -> None:
    told = ask_json("--task", "chat", "--latency", "interactive", *LOAD)
    assert told["model"] == "claude-haiku-4-5-20251001"
    assert told["usd_per_month"] == "1050.00"
    totals = {row["model"]: row["total"] for row in told["cost"]["models"]}
    assert totals["gemini-2.5-flash"] == "465.00"
    assert "first token of gemini-2.5-flash" in told["undisclosed"]
    assert told["policy"]["file"] is None
    assert ask_json("--task", "chat")["usd_per_month"] is None


def test_the_page_tells_model_cost_sources_and_policy() -> None:
    page = ask("--task", "coding", "--on", "2026-11-23", *LOAD).stdout
    for said in ("coding the primary task?", "73.3", "article-2025-10", "$1,050.00", "recommended",
                 'otherwise = "haiku"', "To know"):  # fmt: skip
        assert said in page


def test_the_written_policy_passes_lint_and_is_not_overwritten() -> None:
    words = ("--task", "document", "--sometimes", "audio", "--write", "own.toml")
    assert "wrote own.toml" in ask(*words).stdout
    linted = RUN.invoke(app, ["policy", "lint", "own.toml"], catch_exceptions=False)
    assert linted.exit_code == 0
    assert "choose-document 1 is sound" in linted.output
    assert "is there already" in refused(*words)
    ask(*words, "--force")
    assert "cannot be written" in refused("--task", "chat", "--write", "none/own.toml")


def test_answers_of_a_file_and_flags_before_it() -> None:
    Path("use.toml").write_text('task = "chat"\nlatency = "interactive"\ninput_tokens = 10\n')
    assert ask_json("--answers", "use.toml")["answers"]["latency"] == "interactive"
    told = ask_json("--answers", "use.toml", "--latency", "batch")
    assert told["answers"]["latency"] == "batch"
    Path("bad.toml").write_text('task = "chat"\nlatency = "soon"\n')
    assert refused("--answers", "bad.toml") == "bad.toml: latency: 'soon' is no answer"
    assert "nofile.toml: cannot be read" in refused("--answers", "nofile.toml")


def test_flags_are_told_by_their_own_names() -> None:
    assert refused("--task", "chat", "--input", "x").startswith("--input: must be a whole number")
    assert refused("--task", "chat", "--cached-share", "2").startswith("--cached-share: ")
    assert refused("--latency", "batch").startswith("--task: is missing")
    assert refused("--task", "chat", "--on", "soon").startswith("--on: ")


def test_nothing_given_and_no_terminal_is_an_error_not_a_wait() -> None:
    assert refused().startswith("--task: is missing")


def test_the_interview_asks_why_and_asks_again() -> None:
    answers = ["poetry", "coding", "300000"] + [""] * (len(QUESTIONS) - 2)
    result = ask("--ask", "--json", typed="\n".join(answers) + "\n")
    told = json.loads(result.stdout)
    assert told["answers"]["task"] == "coding"
    assert told["answers"]["largest_prompt"] == 300_000
    assert "'poetry' is no answer" in result.stderr
    assert "SWE-bench Verified" in result.stderr
    assert "the input ended" in refused("--ask", typed="coding\n")


def test_an_answer_that_is_given_is_not_asked() -> None:
    blank = "\n" * (len(QUESTIONS) - 1)
    assert "mainly for" not in ask("--task", "math", "--ask", typed=blank).stderr


def test_questions_are_listed() -> None:
    rows = json.loads(ask("--questions", "--json").stdout)
    assert [row["key"] for row in rows] == list(QUESTIONS)
    page = ask("--questions").stdout
    assert "must be answered" in page
    assert "[article-2025-10]" in page.replace("\n", "")
