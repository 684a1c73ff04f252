"""Requests: what each field is read as, what is refused and where, what a path names."""

import json

import pytest

from fairlead.canon import (
    Base64,
    CacheMark,
    Extra,
    Failure,
    FileRef,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    PlainText,
    Reasoning,
    Refusal,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Url,
)
from fairlead.wire.openai_responses import CODEC
from fairlead.wire.openai_responses.plain import read_plain

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
CUSTOM = {"type": "custom_tool_call", "call_id": "c2", "name": "sh", "input": "ls"}
DONE = {"type": "custom_tool_call_output", "call_id": "c2", "output": "a.txt"}
F = {"type": "function", "name": "f", "parameters": {"type": "object"}}
ENCRYPTED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}


def read(**fields):
    body = {"model": "m", "input": "Hi", **fields}
    return CODEC.decode_request(json.dumps(body).encode())


def items(*found, **fields):
    return read(input=list(found), **fields)


def user(*parts):
    return {"role": "user", "content": list(parts)}


def refused(**fields):
    with pytest.raises(Failure) as caught:
        read(**fields)
    problem = caught.value.problem
    assert problem.kind == "invalid_request"
    return problem


def test_a_text_is_a_users_turn():
    asked = read(instructions="Be brief.", max_output_tokens=20, store=True)
    assert asked.turns == (Turn("user", (Text("Hi"),), None, "input"),)
    assert asked.instructions == (Text("Be brief."),)
    assert asked.max_tokens == 20
    assert asked.extras == ()


def test_an_answer_of_several_items_is_one_turn():
    said = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed"}
    content = [
        {"type": "output_text", "text": "a", "annotations": []},
        {"type": "refusal", "refusal": "b"},
    ]
    asked = items(user(), ENCRYPTED, said | {"content": content}, CALL, CUSTOM, OUTPUT, DONE)
    assert [turn.role for turn in asked.turns] == ["user", "assistant", "tool", "tool"]
    thought, text, refusal, call, custom = asked.turns[1].parts
    assert isinstance(thought, Thinking)
    assert thought.redacted
    assert json.loads(thought.signature.value) == ENCRYPTED
    assert (text, refusal) == (Text("a"), Refusal("b"))
    assert call == ToolCall("c1", "f", "{}")
    assert custom == ToolCall("c2", "sh", "ls", custom=True)
    assert asked.turns[2].parts == (ToolResult("c1", (Text("ok"),)),)
    assert asked.turns[3].parts == (ToolResult("c2", (Text("a.txt"),), custom=True),)
    paths = [CODEC.client_path(f"{asked.turns[1].path}.content[{n}]", asked) for n in range(5)]
    assert paths == [
        *("input[1].summary", "input[2].content[0]", "input[2].content[1]"),
        *("input[3].arguments", "input[4].input"),
    ]
    assert CODEC.client_path(asked.turns[1].path, asked) == "input[1]"
    assert CODEC.client_path("input[5].content[0].content[1]", asked) == "input[5].output[1]"


def test_reasoning_that_nobody_encrypted_is_a_thought_without_proof():
    pieces = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
    asked = items(user(), {"type": "reasoning", "id": "rs_fl-1_0", "summary": pieces}, CALL, OUTPUT)
    assert asked.turns[1].parts[0] == Thinking("a\n\nb")
    empty = items(user(), {"type": "reasoning", "summary": [], "content": None}, CALL, OUTPUT)
    assert [type(part) for part in empty.turns[1].parts] == [ToolCall]
    assert CODEC.client_path(f"{empty.turns[1].path}.content[0]", empty) == "input[2].arguments"


MEDIA = {
    "picture": ({"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
                Media("image", "image/png", Base64(PNG))),
    "address": ({"type": "input_image", "image_url": "https://a.b/c", "detail": "low"},
                Media("image", "", Url("https://a.b/c"), detail="low")),
    "file id": ({"type": "input_image", "file_id": "file-1", "detail": "high"},
                Media("image", "", FileRef("openai_responses", "file-1"), detail="high")),
    "file": ({"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"},
             Media("document", "text/plain", PlainText("hi"), name="a.txt")),
    "bare base64": ({"type": "input_file", "file_data": "JVBERi0xLjQK", "filename": "a.pdf"},
                    Media("document", "application/pdf", Base64("JVBERi0xLjQK"), name="a.pdf")),
    "file url": ({"type": "input_file", "file_url": "https://a.b/c.pdf"},
                 Media("document", "", Url("https://a.b/c.pdf"))),
    "breakpoint": ({"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}},
                   Text("x", cache=CacheMark("5m"))),
    "long breakpoint": (
        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}},
        Text("x", cache=CacheMark("1h"))),
}  # fmt: skip


@pytest.mark.parametrize("name", MEDIA)
def test_content(name):
    part, read_as = MEDIA[name]
    assert items(user(part)).turns[0].parts == (read_as,)


OPAQUE = {
    "web_search_call": "assistant",
    "mcp_call": "assistant",
    "item_reference": "assistant",
    "compaction": "assistant",
    "computer_call_output": "tool",
    "shell_call_output": "tool",
    "apply_patch_call_output": "tool",
    "mcp_approval_response": "tool",
    "compaction_trigger": "user",
    "made_up_tomorrow": "assistant",
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_an_item_that_only_openai_knows_is_kept_whole(kind):
    item = {"type": kind, "id": "x_1"}
    turn = items(user({"type": "input_text", "text": "x"}), item).turns[1]
    assert turn.role == OPAQUE[kind]
    (part,) = turn.parts
    assert isinstance(part, Opaque)
    assert (part.kind, json.loads(part.raw)) == (kind, item)


def test_an_id_alone_is_a_reference():
    (part,) = items(user(), {"id": "msg_1"}).turns[1].parts
    assert part == Opaque("openai_responses", "item_reference", b'{"id": "msg_1"}')


def test_outputs_whose_calls_openai_keeps_are_opaque():
    asked = items(OUTPUT, previous_response_id="resp_1")
    assert isinstance(asked.turns[0].parts[0], Opaque)
    assert [(e.path, e.cosmetic) for e in asked.extras] == [("previous_response_id", False)]


def test_tools_and_their_choice():
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
    custom = {"type": "custom", "name": "sh", "description": "d", "format": grammar}
    asked = read(tools=[F | {"strict": True}, custom, {"type": "web_search"}])
    assert asked.tools == (
        FunctionTool("f", None, b'{"type": "object"}', strict=True),
        FunctionTool("sh", "d", custom=True),
        ServerTool("openai_responses", "web_search", b'{"type": "web_search"}'),
    )
    assert [(e.path, e.cosmetic) for e in asked.extras] == [("tools[1].format", False)]
    for choice, read_as in (
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("named", ("f",))),
        ({"type": "custom", "name": "sh"}, ToolChoice("named", ("sh",))),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
         ToolChoice("auto", ("f",))),
        ({"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "sh"}]},
         ToolChoice("named", ("sh",))),
    ):  # fmt: skip
        assert read(tools=[F, custom], tool_choice=choice).tool_choice == read_as
    hosted = read(tools=[{"type": "web_search"}], tool_choice={"type": "web_search_preview"})
    assert hosted.tool_choice is None
    assert Extra(
        "openai_responses", "tool_choice", b'{"type":"web_search_preview"}', cosmetic=False
    ) in (hosted.extras)


def test_namespaces_and_tools_told_later_are_tools_from_the_start():
    space = {"type": "namespace", "name": "n", "description": "d", "tools": [F, F | {"name": "g"}]}
    later = {"type": "additional_tools", "role": "developer", "tools": [F | {"name": "h"}]}
    asked = items(
        user(), later, user(), tools=[{"type": "tool_search"}, space, F | {"name": "own"}]
    )
    assert [tool.name for tool in asked.tools] == ["f", "g", "own", "h"]
    assert {e.path for e in asked.extras} == {"tools[0]", "tools[1]", "input[1]"}
    assert all(extra.cosmetic for extra in asked.extras)
    paths = [CODEC.client_path(f"tools[{at}].parameters", asked) for at in range(4)]
    assert [path.partition(".")[0] for path in paths] == [
        "tools[1]",
        "tools[1]",
        "tools[2]",
        "input[1]",
    ]
    by_client = {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}}
    assert isinstance(read(tools=[by_client]).tools[0], ServerTool)


def test_namespaces_hold_no_namespaces():
    deep = {"type": "namespace", "name": "n", "description": "", "tools": [F]}
    for _ in range(400):
        deep = deep | {"tools": [deep]}
    (tool,) = read(tools=[deep]).tools
    assert isinstance(tool, ServerTool)
    search = {"type": "tool_search", "tools": [deep]}
    asked = read(tools=[search, F])
    assert [CODEC.client_path(f"tools[{at}].name", asked) for at in range(1)] == ["tools[1].name"]


def test_knobs():
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    asked = read(
        text={"format": schema, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "detailed", "context": "all_turns"},
        include=[
            "message.output_text.logprobs",
            "reasoning.encrypted_content",
            "file_search_call.results",
        ],
        top_logprobs=3,
        safety_identifier="u",
        stream=True,
        metadata={"a": "b"},
    )
    assert asked.output == OutputFormat(
        "json_schema", "n", b'{"type": "object"}', None, strict=True
    )
    assert asked.reasoning == Reasoning(effort="high", visible=True)
    assert (asked.logprobs, asked.top_logprobs, asked.user) == (True, 3, "u")
    assert (asked.stream, asked.include_usage) == (True, True)
    assert {extra.path: extra.raw for extra in asked.extras} == {
        "metadata": b'{"a": "b"}',
        "text.verbosity": b'"low"',
        "reasoning.summary": b'"detailed"',
        "reasoning.context": b'"all_turns"',
        "include": b'["file_search_call.results"]',
    }


def test_what_says_its_default_is_as_if_it_had_not_been_sent():
    asked = read(
        background=False,
        metadata={},
        truncation="disabled",
        parallel_tool_calls=True,
        service_tier="auto",
        text={"format": {"type": "text"}, "verbosity": "medium"},
        store=False,
        include=["reasoning.encrypted_content"],
        previous_response_id=None,
        stream_options={"include_obfuscation": False},
        reasoning={"effort": None, "summary": None},
        tools=[],
    )
    assert asked == read(temperature=None, top_p=None)


SEMANTIC = {
    "background": True,
    "conversation": "conv_1",
    "previous_response_id": "resp_1",
    "prompt": {"id": "pmpt_1"},
    "moderation": {"model": "m"},
}


@pytest.mark.parametrize("field", SEMANTIC)
def test_what_only_openai_can_do_changes_content(field):
    assert {(e.path, e.cosmetic) for e in read(**{field: SEMANTIC[field]}).extras} == {
        (field, False)
    }


def test_an_unknown_field_is_kept_where_it_stood():
    asked = items(user() | {"mood": 1}, new=True)
    assert {(e.path, e.raw, e.cosmetic) for e in asked.extras} == {
        ("new", b"true", True),
        ("input[0].mood", b"1", True),
    }


REFUSED = {
    "model": ({"model": ""}, "model"),
    "no model": ({"model": None}, "model"),
    "no input": ({"input": None}, "input"),
    "empty input": ({"input": []}, "input"),
    "input of another type": ({"input": 5}, "input"),
    "role": ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    "no content": ({"input": [{"role": "user"}]}, "input[0].content"),
    "part": ({"input": [user({"type": "output_text", "text": "x"})]}, "input[0].content[0].type"),
    "no text": ({"input": [user({"type": "input_text"})]}, "input[0].content[0].text"),
    "no picture": ({"input": [user({"type": "input_image"})]}, "input[0].content[0].image_url"),
    "detail": ({"input": [user({"type": "input_image", "image_url": "x", "detail": "?"})]},
               "input[0].content[0].detail"),
    "address": ({"input": [user({"type": "input_image", "image_url": "ftp://x"})]},
                "input[0].content[0].image_url"),
    "two files": ({"input": [user({"type": "input_file", "file_id": "a", "file_url": "https://b"})]},
                  "input[0].content[0].file_url"),
    "base64": ({"input": [user({"type": "input_file", "file_data": "?!", "filename": "a"})]},
               "input[0].content[0].file_data"),
    "output without call": ({"input": [OUTPUT]}, "input[0].call_id"),
    "call without output": ({"input": [CALL]}, "input[0]"),
    "call without name": ({"input": [CALL | {"name": ""}, OUTPUT]}, "input[0].name"),
    "call without id": ({"input": [{"type": "function_call", "name": "f", "arguments": ""}]},
                        "input[0].call_id"),
    "temperature": ({"temperature": 2.1}, "temperature"),
    "top_logprobs": ({"top_logprobs": 21}, "top_logprobs"),
    "limit": ({"max_output_tokens": 0}, "max_output_tokens"),
    "effort": ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
    "summary": ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
    "verbosity": ({"text": {"verbosity": "chatty"}}, "text.verbosity"),
    "schema": ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
    "tool name": ({"tools": [F | {"name": ""}]}, "tools[0].name"),
    "parameters": ({"tools": [F | {"parameters": []}]}, "tools[0].parameters"),
    "choice": ({"tools": [F], "tool_choice": "maybe"}, "tool_choice"),
    "choice of nothing": ({"tool_choice": "required"}, "tool_choice"),
    "choice of another": ({"tools": [F], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
    "breakpoint": ({"input": [user({"type": "input_text", "text": "x",
                                    "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "1y"}})]},
                   "input[0].content[0].prompt_cache_breakpoint.ttl"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_with_its_path(name):
    fields, param = REFUSED[name]
    problem = refused(**fields)
    assert problem.param == param
    assert problem.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 9999])
def test_what_is_no_json_object_is_refused(body):
    for read_body in (CODEC.decode_request, CODEC.peek):
        with pytest.raises(Failure):
            read_body(body)


def test_what_is_no_text_is_refused():
    with pytest.raises(Failure, match="UTF-8"):
        CODEC.decode_request(b'{"model":"m","input":"\xff"}')


PLAIN = [
    {"model": "m", "input": "Hi"},
    {"model": "m", "input": "Hi", "instructions": "x", "store": False, "stream": True},
    {
        "model": "m",
        "input": [{"role": "developer", "content": "x"}, {"role": "user", "content": "y"}],
    },
    {
        "model": "m",
        "input": [{"type": "message", "role": "user", "content": "y"}],
        "temperature": 1,
    },
]


@pytest.mark.parametrize("body", PLAIN)
def test_the_plain_reading_says_what_the_full_one_says(body):
    plain = read_plain(json.dumps(body).encode(), 100)
    assert plain is not None
    full = json.dumps(body | {"tools": []}).encode()
    assert read_plain(full, 100) is None
    assert CODEC.decode_request(full) == plain


NOT_PLAIN = [
    {"model": "m", "input": "Hi", "metadata": {}},
    {"model": "m", "input": ""},
    {"model": "m", "input": "Hi", "temperature": 3},
    {
        "model": "m",
        "input": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}],
    },
]


@pytest.mark.parametrize("body", NOT_PLAIN)
def test_the_plain_reading_leaves_the_rest_alone(body):
    assert read_plain(json.dumps(body).encode(), 100) is None
