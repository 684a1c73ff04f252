"""docs/emulator.md names all that there is, and its examples run."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import typer

from fairlead.cli.emulate import emulate
from fairlead.emulator import EmulatorThread, control
from fairlead.emulator.answer.wishes import Wishes, wishes_of
from fairlead.emulator.faces.openai.face import ROUTES
from fairlead.emulator.faults import read_rule, rules_from_file
from fairlead.emulator.faults.rule import ACTIONS, MATCHERS, Action
from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.replay import Recordings
from fairlead.emulator.scripts import Alternative, Check, Script, Turn, scripts_from_file

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "emulator.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
ADDRESS = "http://127.0.0.1:8099"


def blocks(language: str) -> list[str]:
    return [code for name, code in BLOCKS if name == language]


def flags() -> list[str]:
    app = typer.Typer(add_completion=False)
    app.command()(emulate)
    command = typer.main.get_command(app)
    return [option for param in command.params for option in param.opts]


@pytest.mark.parametrize("flag", [*flags(), "--help"])
def test_every_flag_is_named(flag: str):
    assert f"| `{flag}` |" in TEXT


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_and_its_settings_are_named(action: str):
    (row,) = re.findall(rf"^\| `{action}` \|(.*?)\|", TEXT, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == set(ACTIONS[action])


def test_the_table_of_actions_is_the_type():
    assert set(ACTIONS) == set(get_args(Action))


@pytest.mark.parametrize("matcher", MATCHERS)
def test_every_matcher_is_named(matcher: str):
    assert re.search(rf"^\| `{matcher}` \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("method", "path"), control._ROUTES)
def test_every_control_route_is_named(method: str, path: str):
    assert f"| `{method} {path}` |" in TEXT


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_of_openai_is_named(method: str, path: str):
    assert f"`{method} {path.replace('{}', '{id}')}`" in TEXT


def test_every_directive_is_named_and_works():
    said = re.findall(r"^\| `(\[emulate: .*?\])` \|", TEXT, re.MULTILINE)
    wishes = [wishes_of(text) for text in said]
    plain = re.findall(r'"((?:in about|JSON)[^"]*)"', TEXT)
    assert len(plain) == 2
    wishes += [wishes_of(text) for text in plain]
    assert all(wish != Wishes() for wish in wishes)
    for field in Wishes.__struct_fields__:
        assert any(getattr(wish, field) for wish in wishes), field


def test_every_rule_of_the_examples_can_be_read(tmp_path: Path):
    lines = "\n".join(blocks("sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    rules = [
        word
        for line in words
        if line[:2] == ["fairlead", "emulate"]
        for before, word in pairwise(line)
        if before == "--fault"
    ]
    assert len(rules) >= 7
    assert all(read_rule(rule) for rule in rules)
    header = re.search(r"`x-emulate-fault: (.*?)`", TEXT)
    assert header is not None
    assert read_rule(header[1]).status == 503
    (toml,) = [code for code in blocks("toml") if "[[fault]]" in code]
    path = tmp_path / "outage.toml"
    path.write_text(toml, "utf-8")
    assert [rule.action for rule in rules_from_file(path)] == ["status", "close"]


def test_the_script_of_the_example_can_be_read_and_every_key_is_named(tmp_path: Path):
    (toml,) = [code for code in blocks("toml") if "[[script]]" in code]
    path = tmp_path / "tidy.toml"
    path.write_text(toml, "utf-8")
    (script,) = scripts_from_file(path)
    assert [len(turn.calls) for turn in script.turn] == [1, 2, 0]
    for key in (*Script.__struct_fields__, *Turn.__struct_fields__):
        assert re.search(rf"^\| `{key}` \|", TEXT, re.MULTILINE), key
    for key in (*Alternative.__struct_fields__, *Check.__struct_fields__):
        assert f"`{key}`" in TEXT, key


def test_the_recording_of_the_example_can_be_read(tmp_path: Path):
    (example,) = blocks("json")
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(json.loads(example)) + "\n", "utf-8")
    assert len(Recordings.read(path)) == 1


@pytest.mark.parametrize("code", blocks("python"))
def test_every_python_example_runs(code: str, capsys: pytest.CaptureFixture[str]):
    seen: dict[str, JsonValue] = {}
    with EmulatorThread(port=0) as emulator:
        exec(code.replace(ADDRESS, emulator.url), seen)
        if "client" in seen:
            seen["client"].close()
    said = capsys.readouterr().out
    assert "emulated" in said
