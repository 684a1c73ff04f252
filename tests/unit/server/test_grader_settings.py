"""Graders of the configuration: what is at fault is told with file, line and the grader's name."""

import sys

import pytest

from fairlead.server.config import ConfigError, load
from fairlead.server.graders import compile_graders

GOOD = f"[graders.good]\ncommand = ['{sys.executable}']\n"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("command = 'python3 x'", "fairlead.toml:4: graders.mine.command: Expected `array`"),
        ("command = ['/no/such']", "graders.mine.command: no program '/no/such' can be run"),
        ("command = ['']", "graders.mine.command: the first word is the program"),
        ("url = 'ftp://x'", "graders.mine.url: is no http:// or https:// address"),
        ("seconds = 3", "graders.mine: give either `command` or `url`"),
    ],
)
def test_a_grader_at_fault_is_named(tmp_path, bad: str, said: str) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text(f"{GOOD}[graders.mine]\n{bad}\n")
    with pytest.raises(ConfigError) as raised:
        compile_graders(load(file, {}))
    assert said in str(raised.value)


def test_a_program_on_the_path_is_found(tmp_path) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text("[graders.mine]\ncommand = ['python3', 'grade.py']\n")
    assert compile_graders(load(file, {}))["mine"].command == ("python3", "grade.py")
