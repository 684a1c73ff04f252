"""A second look is for few failures of real processes, and a fault stays red."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.suite import failures, worth_a_look

SCRIPT = Path(__file__).parents[3] / "scripts" / "suite.py"
RACE = """
from pathlib import Path
def test_race():
    mark = Path("was here")
    first = not mark.exists()
    mark.touch()
    assert not first
def test_fine(): pass
"""
FAULT = "def test_fault():\n    assert False\n"
MANY = "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_fault(n): assert False\n"


def suite(folder: Path, suites: str, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / suites).mkdir(parents=True)
    (folder / suites / "test_it.py").write_text(text)
    command = [sys.executable, str(SCRIPT), "-q", *more]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_race_is_told_and_passes(tmp_path) -> None:
    ran = suite(tmp_path, "tests/integration", RACE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = "failed beside the others, passed alone: tests/integration/test_it.py::test_race"
    assert told in ran.stdout


@pytest.mark.parametrize(
    ("suites", "text", "looks"),
    [
        ("tests/integration", FAULT, 2),  # a fault fails alone too
        ("tests/unit", RACE, 1),  # plain functions have no crowd to blame
        ("tests/contract", MANY, 1),  # many failures are no race
        ("tests/acceptance", "def broken(:\n", 1),  # and what cannot be read cannot run
    ],
)
def test_a_fault_stays_red(tmp_path, suites, text, looks) -> None:
    ran = suite(tmp_path, suites, text)
    assert ran.returncode in (1, 2)
    assert ran.stdout.count("short test summary info") == looks


def test_a_race_hides_no_fault_behind_it(tmp_path) -> None:
    ran = suite(tmp_path, "tests/integration", RACE + FAULT, "-x")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "test_fault" in ran.stdout


def test_only_few_failures_of_processes_are_looked_at() -> None:
    real = "tests/integration/test_it.py::test_it"
    assert worth_a_look([real])
    assert not worth_a_look([])
    assert not worth_a_look([real] * 4)
    assert not worth_a_look([real, "tests/unit/test_it.py::test_it"])
    assert not worth_a_look(["tests/integration/test_it.py"])


def test_what_failed_is_read_from_pytests_own_memory(tmp_path) -> None:
    memory = tmp_path / "lastfailed"
    assert failures(memory) == []
    memory.write_text(json.dumps({"b": True, "a": True}))
    assert failures(memory) == ["a", "b"]
