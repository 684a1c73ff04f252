"""Tools that take free text, on their way to vendors that have none, and back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import (
    Candidate,
    Delta,
    Extra,
    Finish,
    Finished,
    FunctionTool,
    PartStart,
    PartStop,
    Request,
    Response,
    Signature,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    fold,
    unfold,
)
from fairlead.wire.free_text import Restorer, as_functions, custom_names, restore

SH = FunctionTool("sh", "Runs it.", custom=True)
ADD = FunctionTool("add", parameters=b"{}")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def ask(*turns, tools=(ADD, SH), extras=()):
    return Request(
        model="m", turns=turns or (Turn("user", (Text("x"),)),), tools=tools, extras=extras
    )


def test_a_request_without_custom_tools_is_the_same():
    request = ask(tools=(ADD,))
    assert as_functions(request) == (request, [])
    assert as_functions(request)[0] is request


def test_a_custom_tool_is_a_function_with_one_text():
    signed = Signature("gemini", "s")
    call = ToolCall("c1", "sh", 'echo "a"\n', custom=True, signature=signed)
    result = ToolResult("c1", (Text("a"),), custom=True)
    request, losses = as_functions(ask(Turn("assistant", (call,)), Turn("tool", (result,))))
    assert request.tools[0] == ADD
    told = request.tools[1]
    assert (told.name, told.description, told.custom) == ("sh", "Runs it.", False)
    assert json.loads(told.parameters)["required"] == ["input"]
    (made,) = request.turns[0].parts
    assert json.loads(made.arguments) == {"input": 'echo "a"\n'}
    assert (made.custom, made.signature) == (False, signed)
    assert request.turns[1].parts[0].custom is False
    assert [(loss.kind, loss.path, loss.what) for loss in losses] == [
        ("cosmetic", "tools[1]", "custom_tool:sh")
    ]


GRAMMARS = {
    "tools[1].format": {"type": "grammar", "syntax": "lark", "definition": "start: /x+/"},
    "tools[1].custom.format": {
        "type": "grammar",
        "grammar": {"syntax": "lark", "definition": "start: /x+/"},
    },
}


@pytest.mark.parametrize("path", GRAMMARS)
def test_its_grammar_is_told_in_words(path):
    dialect = "openai_chat" if "custom" in path else "openai_responses"
    extra = Extra(dialect, path, json.dumps(GRAMMARS[path]).encode(), cosmetic=False)
    other = Extra(dialect, "metadata", b"{}")
    request, losses = as_functions(ask(extras=(extra, other)))
    assert request.tools[1].description.startswith("Runs it.\n\n")
    assert request.tools[1].description.endswith("(lark):\nstart: /x+/")
    assert request.extras == (other,)
    assert len(losses) == 1


def test_a_call_comes_back_as_the_client_declared_it():
    calls = ToolCall("a", "sh", '{"input":"ls"}'), ToolCall("b", "add", '{"input":"ls"}')
    answer = Response(candidates=(Candidate(parts=calls, finish=Finish("tool_calls")),))
    sh, add = restore(answer, ask()).candidates[0].parts
    assert sh == ToolCall("a", "sh", "ls", custom=True)
    assert add == calls[1]
    assert restore(answer, None) is answer
    assert restore(answer, ask(tools=(ADD,))) is answer


@pytest.mark.parametrize(
    "said", ["ls", "", "[]", '{"command":"ls"}', '{"input":5}', '{"input":', '{"a":' + "[" * 5000]
)
def test_arguments_of_another_shape_are_the_text(said):
    answer = Response(candidates=(Candidate(parts=(ToolCall("a", "sh", said),)),))
    assert restore(answer, ask()).candidates[0].parts[0].arguments == said


@settings(max_examples=150, deadline=None)
@given(texts, st.booleans(), st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_a_stream_says_the_same_however_it_is_cut(text, escaped, sizes):
    arguments = json.dumps({"input": text}, ensure_ascii=escaped)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(arguments[at : at + size])
        at += size
    pieces.append(arguments[at:])
    restorer = Restorer(custom_names(ask()))
    events = [
        PartStart(0, ToolCall("a", "sh", "")),
        *(Delta(0, piece) for piece in pieces),
        PartStop(0),
        Finished(Finish("tool_calls")),
    ]
    told = [event for sent in events for event in restorer.restore([sent])]
    assert fold(told).candidates[0].parts == (ToolCall("a", "sh", text, custom=True),)


def test_the_text_goes_on_as_it_comes():
    restorer = Restorer(frozenset({"sh"}))
    restorer.restore([PartStart(0, ToolCall("a", "sh", ""))])
    said = [
        restorer.restore([Delta(0, piece)]) for piece in ('{"input": "', "one ", "two\\", 'n"}')
    ]
    assert [[event.text for event in events] for events in said] == [[], ["one "], ["two"], ["\n"]]


def test_other_parts_of_a_stream_pass_as_they_are():
    parts = (
        Text("x"),
        ToolCall("b", "add", '{"input":"x"}'),
        ToolCall("c", "sh", "ls", custom=True),
    )
    events = unfold(Response(candidates=(Candidate(parts=parts),)))
    assert Restorer(frozenset({"sh"})).restore(events) == events


def test_a_signature_behind_the_arguments_stays():
    restorer = Restorer(frozenset({"sh"}))
    restorer.restore([PartStart(0, ToolCall("a", "sh", '{"input":"x"}'))])
    signed = Delta(0, signature=Signature("gemini", "s"))
    assert restorer.restore([signed]) == [signed]
