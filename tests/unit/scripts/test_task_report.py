"""docs/features.md says what the recogniser does today."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("task_report", ROOT / "scripts/task_report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_figures_are_up_to_date(script: ModuleType) -> None:
    text = script.DOCS.read_text(encoding="utf-8")
    own = script.judged(script.own_prompts())
    assert script.put(text, "own", script.own_part(own)) == text, "run scripts/task_report.py"


def test_the_figures_of_shared_prompts_are_up_to_date(script: ModuleType) -> None:
    found = script.judged(script.shared_prompts())
    if not found:
        pytest.skip("../shared is absent: no prompts to ask")
    text = script.DOCS.read_text(encoding="utf-8")
    assert script.put(text, "shared", script.shared_part(found)) == text


def test_prompts_are_many_and_different(script: ModuleType) -> None:
    prompts = list(script.own_prompts())
    assert len({each.request for each in prompts}) == len(prompts) >= 300
    assert sum(each.half == "report" for each in prompts) >= 150


def test_the_interval(script: ModuleType) -> None:
    low, high = script.wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_what_stands_around_the_marks_stays(script: ModuleType) -> None:
    begin, end = "<!-- own: written by scripts/task_report.py -->", "<!-- /own -->"
    once = script.put(f"a {begin} old {end} z", "own", "new")
    assert once == f"a {begin}\n\nnew\n\n{end} z"
    assert script.put(once, "own", "new") == once
