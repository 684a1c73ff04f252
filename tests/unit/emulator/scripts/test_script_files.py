"""Scripts from TOML: what is wrong is named with its place."""

from pathlib import Path

import pytest

from fairlead.emulator.scripts import BadScript, Script, ScriptBook, scripts_from_file
from fairlead.emulator.scripts.reading import from_text

HEAD = '[[script]]\nname = "s"\n'
CALL = '[[script.turn]]\ncalls = [{ tool = "Read" }]\n'
END = '[[script.turn]]\nsay = "Done."\n'


def test_a_whole_script():
    (script,) = from_text(
        HEAD
        + 'model = "claude-*"\ncontains = "x"\nfacts.cwd = "a(b)"\n'
        + '[[script.turn]]\ncalls = [[{ tool = ["A", "B"], args = { n = 1 } }, { tool = "C" }]]\n'
        + END
        + 'expect = ["ok", { lacks = "err", result = 1 }]\n',
        "f",
    )
    assert script.model == "claude-*"
    (call,) = script.turn[0].calls
    assert isinstance(call, list)
    assert [way.names for way in call] == [["A", "B"], ["C"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[script", "f: not valid TOML: "),
        ("", "f: Object missing required field `script`"),
        ("[[script]]\nturn = []", "missing required field `name` - at `$.script[0]`"),
        (HEAD + "turn = []", "f: script 's': it has no [[script.turn]]"),
        (HEAD + 'model = "x"\nmode = 1\n' + END, "unknown field `mode` - at `$.script[0]`"),
        (HEAD + CALL, "script 's', turn 1: the last turn answers: it may have no calls"),
        (HEAD + END + END, "turn 1: only the last turn may be without calls"),
        (HEAD + CALL + "[[script.turn]]\n", "turn 2: it neither calls nor says anything"),
        (HEAD + "[[script.turn]]\ncalls = [[]]\n" + END, "turn 1, call 1: it names no tool"),
        (HEAD + '[[script.turn]]\ncalls = [{ tool = "" }]\n' + END, "call 1: it names no tool"),
        (HEAD + "[[script.turn]]\ncalls = [{ tool = 1 }]\n", "at `$.script[0].turn[0].calls[0]"),
        (HEAD + 'matches = "("\n' + END, "script 's', matches: '(' is no regular expression"),
        (HEAD + 'facts.cwd = ["("]\n' + END, "facts.cwd: '(' is no regular expression"),
        (HEAD + 'facts.Cwd = "x"\n' + END, "facts.Cwd: a fact's name has small letters"),
        (HEAD + END + 'expect = ["x"]\n', "turn 1: expect looks at results"),
        (HEAD + CALL + END + "expect = [{}]\n", "turn 2, expect: a check has one of contains"),
        (HEAD + CALL + END + 'expect = [{ lacks = "x", result = 0 }]\n', "from 1 on, got 0"),
        (HEAD + END + HEAD + END, "f: two scripts are named 's'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, said: str):
    with pytest.raises(BadScript) as caught:
        from_text(text, "f")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none(tmp_path: Path):
    with pytest.raises(BadScript, match=r"absent\.toml: No such file"):
        scripts_from_file(tmp_path / "absent.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadScript, match="not valid TOML"):
        scripts_from_file(path)


def test_a_book_changes_and_goes_back_to_its_start(tmp_path: Path):
    path = tmp_path / "s.toml"
    path.write_text(HEAD + END, "utf-8")
    book = ScriptBook(scripts_from_file(path))
    book.add('[[script]]\nname = "t"\nturn = [{ say = "x" }]')
    assert [script.name for script in book.scripts] == ["s", "t"]
    with pytest.raises(BadScript, match="two scripts are named 's'"):
        book.add(path)
    book.replace(Script("u", [book.scripts[0].turn[0]]))
    assert [run.script for run in book.runs] == ["u"]
    book.clear()
    assert len(book) == 0
    book.reset()
    assert [run.script for run in book.runs] == ["s"]
