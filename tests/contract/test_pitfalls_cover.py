"""Every line of the list of pitfalls has a test that bears its number."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_every_numbered_line_has_its_case(shared):
    text = (shared / "wire" / "pitfalls.md").read_text("utf-8")
    lines = {int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)}
    assert len(lines) >= 39
    tests = "".join(path.read_text("utf-8") for path in HERE.glob("test_pitfalls_*.py"))
    named = {int(number) for number in re.findall(r"def test_(\d\d)_", tests)}
    assert lines - named == set()
