"""Which turn a conversation gets, read from each dialect's history."""

from typing import Any

import pytest

from fairlead.emulator.scripts import ScriptBook, ScriptFailed
from fairlead.emulator.scripts.casting import cast
from fairlead.emulator.scripts.failure import Unplayable
from fairlead.emulator.scripts.history import Offered, history_of
from fairlead.emulator.scripts.script import Alternative

SCRIPT = """
[[script]]
name = "s"
contains = "Go"
[[script.turn]]
calls = [{ tool = "A" }]
[[script.turn]]
calls = [{ tool = "B" }, { tool = "C" }]
[[script.turn]]
say = "Done."
"""
NAMES = ("A", "B", "C")


def text(said: str) -> dict[str, Any]:
    return {"type": "input_text", "text": said}


def responses(*items: dict[str, Any]) -> dict[str, Any]:
    tools = [{"type": "function", "name": name, "parameters": None} for name in NAMES]
    first = {"type": "message", "role": "user", "content": [text("<cwd>/w</cwd>")]}
    return {"input": [first, *items], "instructions": "Be good.", "tools": tools}


def user(said: str) -> dict[str, Any]:
    return {"role": "user", "content": said}


def called(ident: str, name: str = "A") -> dict[str, Any]:
    return {"type": "function_call", "call_id": ident, "name": name, "arguments": "{}"}


def came(ident: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": ident, "output": [text("out")]}


SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "?"}]}


def turn_of(body: dict[str, Any], *, parallel: bool = True) -> Any:
    found = ScriptBook(_read()).play(("m",), body, tools=True, parallel=parallel)
    if found is None:
        return None
    cue, played = found
    return played.turn, [name for name, _ in cue.calls]


def _read() -> Any:
    book = ScriptBook()
    book.add(SCRIPT)
    return book.scripts


@pytest.mark.parametrize(
    ("items", "turn"),
    [
        ([user("Stop")], None),
        ([user("Go")], (1, ["A"])),
        ([user("Stop"), SAID, user("Go")], (1, ["A"])),
        ([user("Go"), called("1"), came("1")], (2, ["B", "C"])),
        # Parallel calls in one turn, in several, and only one so far.
        ([user("Go"), called("1"), came("1"), called("2"), called("3"), came("3"), came("2")], (3, [])),
        ([user("Go"), called("1"), came("1"), called("2"), came("2"), called("3"), came("3")], (3, [])),
        ([user("Go"), called("1"), came("1"), called("2"), came("2")], (2, ["C"])),
        # Free-text calls count as well; a server's own don't, for nobody answers them.
        ([user("Go"), {"type": "custom_tool_call", "call_id": "1", "name": "A"}, came("1")], (2, ["B", "C"])),
        ([user("Go"), {"type": "web_search_call", "id": "1"}], (1, ["A"])),
        # A remark behind results is no prompt; a prompt behind an answer is.
        ([user("Go"), called("1"), came("1"), user("Go on")], (2, ["B", "C"])),
        ([user("Go"), called("1"), came("1"), SAID, user("Go")], (1, ["A"])),
        # The script is over: what the user says then is not its business.
        ([user("Go"), called("1"), called("2"), called("3"), came("3"), SAID, user("And?")], None),
        ([user("Go"), called("1"), called("2"), called("3"), came("3"), user("note")], (3, [])),
    ],
)  # fmt: skip
def test_the_calls_behind_the_prompt_tell_the_turn(items: list[dict[str, Any]], turn: Any):
    assert turn_of(responses(*items)) == turn


def test_calls_go_out_one_by_one_where_parallel_ones_are_forbidden():
    done = [user("Go"), called("1"), came("1")]
    assert turn_of(responses(*done), parallel=False) == (2, ["B"])
    assert turn_of(responses(*done, called("2"), came("2")), parallel=False) == (2, ["C"])


def test_the_model_is_matched_by_pattern():
    book = ScriptBook()
    book.add('[[script]]\nname = "s"\nmodel = "claude-*"\nturn = [{ say = "Hi." }]')
    body = {"messages": [{"role": "user", "content": "x"}]}
    assert book.play(("gemini-2.5-flash",), body, tools=True, parallel=True) is None
    assert book.play(("haiku", "claude-haiku-4-5"), body, tools=True, parallel=True) is not None


def test_of_several_scripts_the_first_that_waits_for_the_last_prompt():
    book = ScriptBook()
    for name, word in (("a", "Alpha"), ("b", "Beta"), ("c", "Alpha")):
        book.add(f'[[script]]\nname = "{name}"\ncontains = "{word}"\nturn = [{{ say = "{name}" }}]')
    said = [user("Alpha"), SAID, user("Beta")]
    for items, wanted in ((said[:1], "a"), (said, "b")):
        found = book.play(("m",), responses(*items), tools=True, parallel=True)
        assert found is not None
        assert found[1].script == wanted


@pytest.mark.parametrize(
    "body",
    [
        {"messages": "Go"},
        {"messages": [None, {"role": 5}, {"role": "user", "content": [3, {"text": 4}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}], "content": None}]},
        {"input": [[], {"type": 3}, {"role": "user"}, {"type": "function_call"}], "tools": [1]},
        {"input": 5, "tools": {"type": "x"}},
        {"contents": ["Go", {"parts": [{"functionResponse": {}}]}, {"role": "model"}]},
    ],
)
def test_odd_shapes_are_passed_over(body: dict[str, Any]):
    assert history_of(body) is not None


def test_gemini_in_snake_case():
    body = {
        "contents": [
            {"parts": [{"text": "Go"}]},
            {"role": "model", "parts": [{"function_call": {"name": "A", "args": {}}}]},
            {
                "parts": [
                    {"function_response": {"name": "A", "response": {"output": "x\ny", "n": 1}}}
                ]
            },
        ],
        "system_instruction": {"parts": [{"text": "Be good."}]},
        "tools": [{"function_declarations": [{"name": "B", "parameters_json_schema": {}}]}],
    }
    history = history_of(body)
    assert [(event.kind, event.text) for event in history.events] == [
        ("user", "Go"),
        ("call", "A"),
        ("result", "x\ny\n1"),
    ]
    assert history.system == ["Be good."]
    assert history.tools == [Offered("B")]


STRING = {"type": "object", "properties": {"command": {"type": "string"}}}
ARRAY = {
    "type": "OBJECT",
    "properties": {"command": {"type": "ARRAY"}, "wait": {"type": "INTEGER"}},
    "required": ["command"],
}


def test_one_name_for_two_tools_is_told_apart_by_the_schema():
    ways = [
        Alternative("shell", {"command": "ls"}),
        Alternative(["shell", "exec"], {"command": ["ls"], "wait": 5}),
    ]

    def none(_: str) -> None:
        return None

    assert cast(ways, {"shell": Offered("shell", STRING)}, none)[1] == {"command": "ls"}
    assert cast(ways, {"shell": Offered("shell", ARRAY)}, none)[1]["wait"] == 5
    assert cast(ways, {"exec": Offered("exec")}, none) == ("exec", {"command": ["ls"], "wait": 5})
    with pytest.raises(Unplayable, match="its 'wait' is of type integer"):
        cast(Alternative("a", {"command": [], "wait": True}), {"a": Offered("a", ARRAY)}, none)
    with pytest.raises(Unplayable, match="it wants 'command'"):
        cast(Alternative("a"), {"a": Offered("a", ARRAY)}, none)
    with pytest.raises(Unplayable, match="it calls a, and the request offers none"):
        cast(Alternative("a"), {}, none)


def test_facts_fill_nested_arguments_and_other_braces_stay():
    facts = {"cwd": "/w"}
    call = Alternative("a", {"patch": ["{cwd}/x", {"y": "{ cwd } {other} {cwd}"}], "n": 3})
    _, args = cast(call, {"a": Offered("a")}, facts.get)
    assert args == {"patch": ["/w/x", {"y": "{ cwd } {other} /w"}], "n": 3}


def test_a_failure_says_script_and_turn_and_is_noted():
    book = ScriptBook()
    book.add(SCRIPT.replace('"A"', '"Absent"'))
    with pytest.raises(ScriptFailed, match="script 's', turn 1 of 3: it calls Absent") as caught:
        book.play(("m",), responses(user("Go")), tools=True, parallel=True)
    assert caught.value.played.turn == 1
    assert book.runs[0].problems == ["turn 1: it calls Absent, and the request offers A, B, C"]
    assert book.runs[0].finished == 0
