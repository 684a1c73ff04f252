"""What is answered depends on the request alone, and keeps its limits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.answer.compose import compose
from fairlead.emulator.answer.schema_value import fits
from fairlead.emulator.answer.subjects import subjects
from fairlead.emulator.answer.tokens import pieces
from fairlead.emulator.answer.wishes import Wishes, wishes_of

WEATHER = Tool(
    "get_weather",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = Tool("get_current_time", {"type": "object", "properties": {}})
SEARCH = Tool("searchDocuments", {"type": "object", "properties": {"query": {"type": "string"}}})


def ask(text: str, **more: object) -> Ask:
    made = Ask("some-model", text=text, turns=1)
    for name, value in more.items():
        setattr(made, name, value)
    return made


@given(st.text(max_size=400))
def test_pieces_join_to_the_text(text: str):
    assert "".join(pieces(text)) == text


@given(
    st.text(max_size=200),
    st.lists(st.text(min_size=1, max_size=4), max_size=3),
    st.none() | st.integers(0, 60),
    st.none() | st.integers(0, 40),
)
def test_limits_hold_for_any_request(
    text: str, stop: list[str], most: int | None, budget: int | None
):
    wanted = ask(text, stop=tuple(stop), max_tokens=most, budget=budget, tools=[WEATHER, CLOCK])
    answer = compose(wanted)
    assert compose(wanted) == answer
    said = "".join(answer.text)
    assert not any(one in said for one in stop)
    if most is not None:
        assert answer.thinking_tokens + answer.spoken_tokens <= most
    if budget is not None:
        assert answer.thinking_tokens <= budget
    assert (answer.sequence is not None) == (answer.stop == "sequence")


def test_what_was_seen_is_said():
    text = "".join(
        compose(
            ask(
                "x" * 500,
                media=[Media("image/png", 7), Media("application/pdf")],
                results=[ToolResult("t", "42"), ToolResult("u", "no", error=True)],
            )
        ).text
    )
    assert "x" * 117 + "..." in text
    assert "x" * 121 not in text
    assert "image/png (7 bytes), application/pdf (by reference)" in text
    assert "Tool result of t: 42" in text
    assert "Tool error of u: no" in text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Please call get_weather", ["get_weather"]),
        ("How is the weather in Oslo?", ["get_weather"]),
        ("Weather and current time in Oslo", ["get_weather", "get_current_time"]),
        ("What time is it?", ["get_current_time"]),
        ("Search the documents for cats", ["searchDocuments"]),
        ("Use the tool", ["get_weather"]),
        ("Make a function call", ["get_weather"]),
        ("Recall the history of Rome", []),
        ("Write a poem", []),
    ],
)
def test_tools_that_are_plainly_asked_for(text: str, names: list[str]):
    answer = compose(ask(text, tools=[WEATHER, CLOCK, SEARCH]))
    assert [call.name for call in answer.calls] == names


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"choice": "any"}, 1),
        ({"choice": "any", "allowed": ("get_current_time",)}, 1),
        ({"choice": "none"}, 0),
        ({"results": [ToolResult("get_weather", "1")]}, 0),
        ({"results": [ToolResult("get_weather", "1")], "choice": "any"}, 1),
    ],
)
def test_choices(changes: dict[str, object], count: int):
    answer = compose(ask("Call it", tools=[WEATHER, CLOCK], **changes))
    assert len(answer.calls) == count
    if "allowed" in changes:
        assert answer.calls[0].name == "get_current_time"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Weather in Paris and Berlin?", ["Paris", "Berlin"]),
        ("Compare New York, São Paulo and Rome.", ["New York", "São Paulo", "Rome"]),
        ("weather in paris and london", ["paris", "london"]),
        ('Look up "red shoes" and "blue hats"', ["red shoes", "blue hats"]),
        ("Weather in Paris?", ["Paris"]),
        ("Hello", []),
        ("Write in english and the other", []),
    ],
)
def test_subjects(text: str, found: list[str]):
    assert subjects(text) == found


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("Hello", Wishes()),
        ("in about 300 words", Wishes(words=300)),
        ("a 1,500-word essay", Wishes(words=1500)),
        ("[emulate: words=20 pieces=7] x", Wishes(words=20, pieces=7)),
        ("[emulate: refuse]", Wishes(refuse=True)),
        ("[emulate: block, think=9]", Wishes(block=True, think=9)),
        ("[emulate: words=-3 nonsense]", Wishes()),
    ],
)
def test_wishes(text: str, wishes: Wishes):
    assert wishes_of(text) == wishes


ADD = Tool(
    "add",
    {
        "type": "OBJECT",
        "properties": {"a": {"type": "INTEGER"}, "b": {"type": "INTEGER", "maximum": 10}},
        "required": ["a", "b"],
    },
)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("What is add(2, 3)? Use the tool.", [{"a": 2, "b": 3}]),
        ("Call add(b=3, a=-2) please", [{"a": -2, "b": 3}]),
        ("add(1, 2) and add(3, 4)", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
    ],
)
def test_arguments_that_the_prompt_writes_out(text: str, arguments: list[dict[str, int]]):
    assert [call.arguments for call in compose(ask(text, tools=[ADD])).calls] == arguments


@pytest.mark.parametrize("inside", ["", "x, y", "2, 99", "2, 3, 4", "c=2", "'2', 3"])
def test_what_is_no_arguments_is_left_alone(inside: str):
    (call,) = compose(ask(f"call add({inside})", tools=[ADD])).calls
    assert call.arguments.keys() == {"a", "b"}
    assert fits(call.arguments, ADD.schema)


def test_a_quoted_name_is_an_argument_in_any_script():
    wanted = ask(
        "Create a customer named '你好啊集团' (Hello Group)", tools=[WEATHER], choice="any"
    )
    (call,) = compose(wanted).calls
    assert call.arguments == {"city": "你好啊集团"}


def test_an_apostrophe_quotes_nothing():
    assert subjects("it's the dogs' bone, isn't it") == []


@pytest.mark.parametrize("mode", ["off", "object"])
def test_json_with_the_keys_that_the_prompt_names(mode: str):
    text = "Tell a joke. Return it as a JSON object with 'setup' and \"punchline\" keys."
    said = "".join(compose(ask(text, json=mode)).text)
    assert json.loads(said) == {"setup": "emulated setup", "punchline": "emulated punchline"}


def test_json_that_is_only_talked_about_is_no_wish():
    assert wishes_of("How does JSON deal with keys? And 'this'?") == Wishes()
    assert wishes_of("What is JSON, in 30 words?") == Wishes(words=30)


def test_a_wish_for_words_and_pieces_is_kept():
    answer = compose(ask("[emulate: words=300 pieces=200]"))
    assert len("".join(answer.text).split(" ")) == 300
    assert -(-len(answer.text) // answer.per_event) <= 200


def test_a_wish_for_thinking_is_kept():
    assert compose(ask("[emulate: think=700]", budget=None)).thinking_tokens == 700
    assert compose(ask("[emulate: think=700]", budget=100)).thinking_tokens == 100
    assert compose(ask("[emulate: think=700]", budget=0)).thinking_tokens == 0


def test_a_call_that_does_not_fit_is_left_out():
    wanted = ask("Weather in Paris and Berlin", tools=[WEATHER])
    both = compose(wanted)
    wanted.max_tokens = both.spoken_tokens - 1
    one = compose(wanted)
    assert len(one.calls) == 1
    assert one.stop == "limit"
