import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Failure, Usage
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger

TWO = ["models", "compare", "gemini-2.5-flash", "claude-haiku-4-5"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> str:
    result = CliRunner().invoke(app, [*TWO, *args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json(home: Path) -> None:
    report = json.loads(run("--json", "--source", "article-2025-10"))
    assert report["source"] == "article-2025-10"
    totals = {(c["scenario"], c["form"], c["model"]): c["total"] for c in report["costs"]}
    assert totals["chat", "plain", "gemini-2.5-flash"] == "465.00"
    assert totals["chat", "plain", "claude-haiku-4-5-20251001"] == "1050.00"


def test_html_goes_to_a_file_and_the_rest_to_the_terminal(home: Path) -> None:
    assert run("--html", "report.html", "--language", "zh") == ""
    assert '<html lang="zh-Hans">' in (home / "report.html").read_text(encoding="utf-8")
    assert "technical specification" in run()
    assert run("--markdown", "--on", "2026-11-23").startswith("# gemini-2.5-flash / claude-haiku")


def test_measured_figures_come_from_the_ledger(home: Path) -> None:
    path = home / "fairlead" / "fairlead.db"
    path.parent.mkdir()
    ledger = SqliteLedger(path)
    told = Usage(input=5, output=50)
    ledger.add(
        Record(
            id="r1",
            at=1_790_000_000.0,
            dialect="gemini",
            asked_model="gemini-2.5-flash",
            outcome="ok",
            status=200,
            stream=True,
            model="gemini-2.5-flash",
            usage=told,
            first_token_ms=100.0,
            last_ms=600.0,
        )
    )
    ledger.close()
    assert "measured by your gateway, n = 1" in run("--markdown")
    assert "measured by your gateway" not in run("--markdown", "--no-measured")
    assert "measured by your gateway" not in run("--markdown", "--since", "2026-11-01")


def test_a_ledger_that_cannot_be_read_is_told_and_does_no_harm(home: Path) -> None:
    path = home / "fairlead" / "fairlead.db"
    path.parent.mkdir()
    path.write_bytes(b"no database")
    result = CliRunner().invoke(app, [*TWO, "--markdown"])
    assert result.exit_code == 0
    assert "nothing measured is shown" in result.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [(["--language", "xx"], "en, zh"), (["--source", "a-friend"], "a-friend")],
)
def test_a_wrong_word_is_an_error(home: Path, args: list[str], told: str) -> None:
    result = CliRunner().invoke(app, [*TWO, *args])
    assert result.exit_code != 0
    assert told in result.output + str(result.exception)


def test_a_report_that_cannot_be_written_is_told(home: Path) -> None:
    (home / "taken").write_text("a file where a folder is wanted", encoding="utf-8")
    with pytest.raises(Failure, match="cannot be written") as caught:
        CliRunner().invoke(app, [*TWO, "--html", "taken/report.html"], catch_exceptions=False)
    assert caught.value.problem.param == "html"
    run("--html", "new/report.html")
    assert (home / "new" / "report.html").exists()


def test_a_day_is_told_in_the_words_of_every_command(home: Path) -> None:
    with pytest.raises(Failure, match="'7d' is no day"):
        CliRunner().invoke(app, [*TWO, "--on", "7d"], catch_exceptions=False)
