"""What other dialects say and Gemini can't: placed elsewhere, named as lost, or refused."""

import json

import pytest
from tests.unit.wire.gemini.recorded import BUDGET, LEVEL, target

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
    Request,
    Sampling,
    ServerTool,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Url,
)
from fairlead.catalog.model import Limits, Model
from fairlead.catalog.model import Sampling as SamplingFacts
from fairlead.catalog.model import Thinking as ThinkingFacts
from fairlead.emulator import authority
from fairlead.wire.codec import Target
from fairlead.wire.gemini import CODEC
from fairlead.wire.gemini.contents import DUMMY_SIGNATURE

HELLO = Turn("user", (Text("hello"),), path="messages[0]")
PNG = "iVBORw0KGgo="
ADD = FunctionTool("add")


def encode(request: Request, to: Target | None = None):
    encoded = CODEC.encode_request(request, to or target())
    wire = json.loads(encoded.body)
    assert authority.check("gemini", "generate", wire) == []
    return wire, {(loss.kind, loss.what) for loss in encoded.losses}


def ask(*turns: Turn, **more) -> Request:
    return Request(model="", turns=turns or (HELLO,), **more)


def test_system_turns_move_to_the_front():
    wire, lost = encode(
        ask(
            Turn("system", (Text("one"),), path="messages[0]"),
            Turn("developer", (Text("two"),), path="messages[1]"),
            HELLO,
            Turn("system", (Text("three"),), path="messages[3]"),
        )
    )
    assert wire["systemInstruction"]["parts"] == [
        {"text": "one"},
        {"text": "two"},
        {"text": "three"},
    ]
    assert wire["contents"] == [{"role": "user", "parts": [{"text": "hello"}]}]
    assert lost == {("cosmetic", "system_moved")}


def test_system_text_alone_becomes_the_users():
    wire, lost = encode(ask(Turn("system", (Text("sing"),))))
    assert wire == {"contents": [{"role": "user", "parts": [{"text": "sing"}]}]}
    assert lost == {("cosmetic", "system_as_user")}


def test_nothing_said_is_refused():
    with pytest.raises(Failure, match="nothing"):
        encode(ask(Turn("user", (Text(""),))))


def test_turns_of_one_role_are_merged_and_results_stand_alone():
    wire, lost = encode(
        ask(
            HELLO,
            Turn("user", (Text("again"),)),
            Turn("assistant", (ToolCall("a", "f", "{}"),)),
            Turn("assistant", (ToolCall("b", "g", ""),)),
            Turn("tool", (ToolResult("a", (Text("1"),)),)),
            Turn("user", (Text("and?"), ToolResult("b", (Text("2"),)))),
        )
    )
    assert [c["role"] for c in wire["contents"]] == ["user", "model", "user", "user"]
    calls = [p["functionCall"] for p in wire["contents"][1]["parts"]]
    assert calls == [
        {"id": "a", "name": "f", "args": {}},
        {"id": "b", "name": "g", "args": {}},
    ]
    results = [p["functionResponse"] for p in wire["contents"][2]["parts"]]
    assert [(r["id"], r["name"]) for r in results] == [("a", "f"), ("b", "g")]
    assert wire["contents"][3]["parts"] == [{"text": "and?"}]
    assert lost == set()


def test_a_result_without_its_call_is_refused():
    with pytest.raises(Failure) as caught:
        encode(ask(HELLO, Turn("tool", (ToolResult("x", (Text("1"),)),), path="messages[1]")))
    assert caught.value.problem.param == "messages[1]"


@pytest.mark.parametrize("arguments", ["[1]", "nonsense", '{"a":', '"x"', "{} {}"])
def test_arguments_that_are_no_object_are_refused(arguments):
    turn = Turn("assistant", (ToolCall("a", "f", arguments),), path="messages[1]")
    with pytest.raises(Failure, match="no JSON object") as caught:
        encode(ask(HELLO, turn))
    assert caught.value.problem.param == "messages[1].content[0]"


def test_arguments_go_verbatim():
    turn = Turn("assistant", (ToolCall("a", "f", '{"x": 1.50,  "y":"\\u00e9"}'),))
    result = Turn("tool", (ToolResult("a"),))
    body = CODEC.encode_request(ask(HELLO, turn, result), target()).body
    assert b'{"x": 1.50,  "y":"\\u00e9"}' in body


@pytest.mark.parametrize(
    ("text", "is_error", "response"),
    [
        ("plain", False, {"output": "plain"}),
        ("plain", True, {"error": "plain"}),
        ('{"a":1}', False, {"a": 1}),
        ('{"a":1}', True, {"error": {"a": 1}}),
        ('{"output":"x"}', False, {"output": {"output": "x"}}),
        ('{"error":"x"}', False, {"output": {"error": "x"}}),
        ("{}", False, {"output": {}}),
        ("{broken", False, {"output": "{broken"}),
        ("[1,2]", False, {"output": "[1,2]"}),
        ("", False, {"output": ""}),
    ],
)
def test_results_are_objects_and_come_back(text, is_error, response):
    content = (Text(text),) if text else ()
    call = Turn("assistant", (ToolCall("a", "f", "{}"),))
    result = ToolResult("a", content, name="f", is_error=is_error)
    wire, lost = encode(ask(HELLO, call, Turn("tool", (result,))))
    assert wire["contents"][2]["parts"][0]["functionResponse"]["response"] == response
    assert lost == set()
    again = CODEC.decode_request(json.dumps(wire, separators=(",", ":")).encode())
    (back,) = again.turns[2].parts
    assert back.content == content
    assert back.is_error == is_error
    assert back.json == (text[:1] == "{" and text != "{broken")


def test_media_of_results_follow_where_the_model_takes_none_inside():
    to = target(features=("tools", "prefill"))
    turns = (
        HELLO,
        Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))),
        Turn("tool", (ToolResult("a", (Media("image", "image/png", Base64(PNG)),)),)),
        Turn("tool", (ToolResult("b", (Text("2"),)),)),
        Turn("user", (Text("so?"),)),
    )
    wire, lost = encode(ask(*turns), to)
    assert len(wire["contents"]) == 4
    assert len(wire["contents"][2]["parts"]) == 2
    assert wire["contents"][3]["parts"] == [
        {"text": "Returned by the function f:"},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"text": "so?"},
    ]
    assert lost == {("cosmetic", "tool_result_media")}


def test_foreign_signatures_and_thoughts_stay_behind():
    turn = Turn(
        "assistant",
        (
            Thinking("hm", Signature("anthropic", "x")),
            Thinking("", Signature("anthropic", "y"), redacted=True),
            ToolCall("a", "f", "{}", signature=Signature("anthropic", "z")),
        ),
    )
    wire, lost = encode(ask(HELLO, turn, Turn("tool", (ToolResult("a"),))))
    assert wire["contents"][1]["parts"] == [{"functionCall": {"id": "a", "name": "f", "args": {}}}]
    assert lost == {("cosmetic", "thinking"), ("cosmetic", "signature")}


def test_levels_mean_signed_calls_the_first_of_each_step():
    turns = (
        HELLO,
        Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
        Turn("tool", (ToolResult("a"), ToolResult("b"))),
        Turn("assistant", (ToolCall("c", "f", "{}", signature=Signature("gemini", "own")),)),
        Turn("tool", (ToolResult("c"),)),
    )
    wire, lost = encode(ask(*turns), target(LEVEL))
    signed = [p.get("thoughtSignature") for c in wire["contents"] for p in c["parts"]]
    assert signed == [None, DUMMY_SIGNATURE, None, None, None, "own", None]
    assert lost == {("cosmetic", "signature_missing")}
    assert encode(ask(*turns), target(BUDGET))[1] == set()


PARTS = {
    "file of another vendor": (
        Media("document", "application/pdf", FileRef("anthropic", "file_1")),
        ("semantic", "file_reference"),
    ),
    "address not fetched": (Media("image", "", Url("https://e.com/x")), ("semantic", "media_url")),
    "gif": (Media("image", "image/gif", Base64("R0lGODlh")), ("semantic", "media_type:image/gif")),
    "block of another vendor": (
        Opaque("anthropic", "server_tool_use", b"{}"),
        ("semantic", "block:server_tool_use"),
    ),
    "refusal": (Refusal("no"), ("cosmetic", "refusal")),
    "cache mark": (Text("x", cache=CacheMark()), ("cosmetic", "cache_breakpoint")),
    "file name": (
        Media("document", "application/pdf", Base64("JVBERi0="), name="a.pdf"),
        ("cosmetic", "file_name"),
    ),
    "detail": (
        Media("image", "image/png", Base64(PNG), detail="high"),
        ("cosmetic", "image_detail"),
    ),
    "context": (
        Media("document", "text/plain", PlainText("hi"), context="about"),
        ("semantic", "document_context"),
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_lost_is_named(name):
    part, loss = PARTS[name]
    turn = Turn("assistant", (Text("well"), part), path="messages[1]")
    result = Turn("tool", (ToolResult("a"),) if isinstance(part, ToolCall) else ())
    encoded = CODEC.encode_request(ask(HELLO, turn, result), target(features=("prefill",)))
    assert [(found.kind, found.what) for found in encoded.losses] == [loss]
    assert encoded.losses[0].path == "messages[1].content[1]"


def test_youtube_and_its_own_files_need_no_fetching():
    for uri in ("https://youtu.be/x", "gs://b/a.mp4", "https://www.youtube.com/watch?v=1"):
        turn = Turn("user", (Media("video", "video/mp4", Url(uri)),))
        wire, lost = encode(ask(turn), target(features=()))
        assert wire["contents"][0]["parts"][0]["fileData"]["fileUri"] == uri
        assert lost == set()


def test_a_modality_that_the_model_lacks_is_semantic():
    turn = Turn("user", (Text("x"), Media("audio", "audio/wav", Base64("UklGRg=="))))
    _, lost = encode(ask(turn), target(modalities=("text", "image")))
    assert lost == {("semantic", "audio_input")}


def test_bytes_without_a_type_are_looked_at():
    turn = Turn("user", (Media("image", "", Base64(PNG)),))
    wire, _ = encode(ask(turn))
    assert wire["contents"][0]["parts"][0]["inlineData"]["mimeType"] == "image/png"
    with pytest.raises(Failure, match="MIME"):
        encode(ask(Turn("user", (Media("image", "", Base64("AAAA")),), path="messages[0]")))


REQUESTS = {
    "user": (ask(user="u1"), ("cosmetic", "user")),
    "scale tier": (ask(service_tier="scale"), ("cosmetic", "service_tier")),
    "parallel tools": (
        ask(tools=(ADD,), parallel_tools=False),
        ("cosmetic", "parallel_tool_calls"),
    ),
    "strict": (ask(tools=(FunctionTool("f", strict=True),)), ("cosmetic", "strict")),
    "server tool": (
        ask(tools=(ADD, ServerTool("anthropic", "web_search", b"{}"))),
        ("semantic", "server_tool:web_search"),
    ),
    "custom tool": (ask(tools=(FunctionTool("f", custom=True),)), ("cosmetic", "custom_tool:f")),
    "choice of nothing": (ask(tool_choice=ToolChoice("required")), ("semantic", "tool_choice")),
    "logit_bias": (
        ask(extras=(Extra("openai_chat", "logit_bias", b"{}"),)),
        ("cosmetic", "logit_bias"),
    ),
    "prediction": (
        ask(extras=(Extra("openai_chat", "prediction", b"{}", cosmetic=False),)),
        ("semantic", "prediction"),
    ),
    "schema's description": (
        ask(output=OutputFormat("json_schema", schema=b'{"type":"object"}', description="d")),
        ("cosmetic", "output_description"),
    ),
    "large seed": (ask(sampling=Sampling(seed=2**40)), ("cosmetic", "seed")),
    "name": (ask(Turn("user", (Text("x"),), name="bob")), ("cosmetic", "name")),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_field_that_is_lost_is_named(name):
    request, loss = REQUESTS[name]
    _, lost = encode(request)
    assert lost == {loss}


def test_functions_and_a_format_exclude_each_other_before_gemini_3():
    request = ask(tools=(ADD,), output=OutputFormat("json"))
    older = target(BUDGET, features=("tools", "json"))
    wire, lost = encode(request, older)
    assert lost == {("semantic", "json_with_tools")}
    assert "generationConfig" not in wire
    wire, lost = encode(request, target(LEVEL, features=("tools", "json", "json_with_tools")))
    assert lost == set()
    assert wire["generationConfig"] == {"responseMimeType": "application/json"}


LIMITS = {
    "max_tokens": (ask(max_tokens=65_537), "65536"),
    "n": (ask(n=9), "at most 8"),
    "stop": (ask(sampling=Sampling(stop=tuple("abcdef"))), "the 5"),
    "temperature": (ask(sampling=Sampling(temperature=2.5)), "maximum of 2"),
    "tools[0].name": (ask(tools=(FunctionTool("2fast"),)), "2fast"),
    "tools[1].name": (ask(tools=(FunctionTool("a"), FunctionTool("a"))), "there twice"),
    "tools[0].parameters": (
        ask(tools=(FunctionTool("a", None, b'{"type":"array","items":{}}'),)),
        "not of type array",
    ),
}


@pytest.mark.parametrize("param", LIMITS)
def test_a_limit_is_named(param):
    request, words = LIMITS[param]
    to = target(limits=Limits(max_output=65_536, candidates_max=8))
    with pytest.raises(Failure, match=words) as caught:
        encode(request, to)
    assert caught.value.problem.param == param
    assert caught.value.problem.status == 400
    assert caught.value.problem.kind == "unsupported"  # another candidate may take it


@pytest.mark.parametrize("name", ["f", "_f", "a.b:c-d", "x" * 64])
def test_names_that_gemini_takes(name):
    wire, _ = encode(ask(tools=(FunctionTool(name),)))
    assert wire["tools"][0]["functionDeclarations"][0]["name"] == name


@pytest.mark.parametrize("name", ["", "-f", "9", "a b", "é", "x" * 65, "f\n"])
def test_names_that_it_does_not(name):
    with pytest.raises(Failure):
        encode(ask(tools=(FunctionTool(name),)))


def test_knobs_that_the_model_does_not_take():
    to = target(
        sampling=SamplingFacts(
            accepts=("temperature", "top_p"), exclusive=(("temperature", "top_p"),)
        )
    )
    request = ask(sampling=Sampling(temperature=1, top_p=0.5, seed=3, top_k=5))
    wire, lost = encode(request, to)
    assert wire["generationConfig"] == {"temperature": 1}
    assert lost == {("cosmetic", "top_p"), ("cosmetic", "seed"), ("cosmetic", "top_k")}


PRO = ThinkingFacts(kind="budget", budget_min=128, budget_max=32_768, effort_budgets=(("low", 64),))
HIGH_LOW = ThinkingFacts(kind="level", levels=("low", "high"))
THINKING = {
    "effort": (Reasoning(effort="medium"), BUDGET, {"thinkingBudget": 8192}, None),
    "none": (Reasoning(effort="none"), BUDGET, {"thinkingBudget": 0}, None),
    "over the budget": (
        Reasoning(budget=99_999),
        BUDGET,
        {"thinkingBudget": 24_576},
        "thinking_budget",
    ),
    "under the budget": (Reasoning(budget=1), PRO, {"thinkingBudget": 128}, "thinking_budget"),
    "effort under the budget": (Reasoning(effort="low"), PRO, {"thinkingBudget": 128}, None),
    "always on": (Reasoning(effort="none"), PRO, {"thinkingBudget": 128}, "thinking_not_off"),
    "not dynamic": (Reasoning(budget=-1), PRO, None, "thinking_budget"),
    "no table": (Reasoning(effort="max"), PRO, None, "reasoning_effort"),
    "adaptive": (Reasoning(adaptive=True), BUDGET, {"thinkingBudget": -1}, None),
    "effort to level": (Reasoning(effort="xhigh"), LEVEL, {"thinkingLevel": "HIGH"}, None),
    "budget to level": (
        Reasoning(budget=9000),
        LEVEL,
        {"thinkingLevel": "MEDIUM"},
        "thinking_budget",
    ),
    "dynamic to level": (Reasoning(budget=-1), LEVEL, None, None),
    "off with levels": (
        Reasoning(budget=0),
        LEVEL,
        {"thinkingLevel": "MINIMAL"},
        "thinking_not_off",
    ),
    "no such level": (
        Reasoning(effort="medium"),
        HIGH_LOW,
        {"thinkingLevel": "LOW"},
        "reasoning_effort",
    ),
    "not thinking": (Reasoning(effort="high"), ThinkingFacts(kind="none"), None, "thinking"),
    "not thinking, not asked": (Reasoning(effort="none"), ThinkingFacts(kind="none"), None, None),
    "visible": (Reasoning(visible=True), BUDGET, {"includeThoughts": True}, None),
    "visible where nothing is said": (
        Reasoning(budget=2048, visible_unsaid=True),
        BUDGET,
        {"thinkingBudget": 2048, "includeThoughts": True},
        None,
    ),
    "said to be hidden": (
        Reasoning(budget=2048, visible=False, visible_unsaid=True),
        BUDGET,
        {"thinkingBudget": 2048, "includeThoughts": False},
        None,
    ),
    "unknown model": (Reasoning(effort="max"), ThinkingFacts(), {"thinkingLevel": "HIGH"}, None),
    "unknown model off": (Reasoning(effort="none"), ThinkingFacts(), {"thinkingBudget": 0}, None),
}


@pytest.mark.parametrize("name", THINKING)
def test_thinking(name):
    reasoning, facts, config, what = THINKING[name]
    wire, lost = encode(ask(reasoning=reasoning), target(facts))
    assert wire.get("generationConfig", {}).get("thinkingConfig") == config
    assert lost == (set() if what is None else {("cosmetic", what)})


def test_a_model_that_the_catalogue_does_not_know():
    to = Target("gemini-9", Model.unknown("gemini-9", "google"))
    request = ask(
        tools=(FunctionTool("f", None, b'{"type":"object","$defs":{}}'),),
        n=2,
        logprobs=True,
        sampling=Sampling(temperature=1, stop=("x",)),
        output=OutputFormat("json"),
    )
    wire, lost = encode(request, to)
    assert lost == set()
    assert "parametersJsonSchema" in wire["tools"][0]["functionDeclarations"][0]


def test_a_lone_surrogate_is_a_clear_refusal():
    with pytest.raises(Failure, match="surrogate"):
        CODEC.encode_request(ask(Turn("user", (Text("\ud800"),))), target())


def test_names_of_a_model_that_nobody_knows_may_be_longer():
    to = Target("gemini-9", Model.unknown("gemini-9", "google"))
    wire, _ = encode(ask(tools=(FunctionTool("x" * 128),)), to)
    assert wire["tools"][0]["functionDeclarations"][0]["name"] == "x" * 128
    with pytest.raises(Failure):
        encode(ask(tools=(FunctionTool("x" * 129),)), to)


def test_a_choice_of_what_is_no_tool():
    choice = ToolChoice("named", ("b",))
    with pytest.raises(Failure) as caught:
        encode(ask(tools=(FunctionTool("a"),), tool_choice=choice))
    assert (caught.value.problem.kind, caught.value.problem.param) == (
        "invalid_request",
        "tool_choice",
    )


def test_a_message_of_nothing_but_another_vendors_file_is_refused_for_the_file():
    file = Media("document", "application/pdf", FileRef("openai_chat", "file-1"))
    _, lost = encode(ask(Turn("user", (file,), path="messages[0]")))
    assert lost == {("semantic", "file_reference")}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (b"{}", {"type": "object"}),
        (b'{"properties":{"a":{}}}', {"type": "object", "properties": {"a": {}}}),
        (b'{"type":"object","properties":{"a":{"not":{}}}}', None),
        (b'{"$ref":"#/$defs/A","$defs":{"A":{"type":"object"}}}', None),
    ],
)
def test_parameters_are_an_object_in_json_schema(parameters, said):
    wire, _ = encode(ask(tools=(FunctionTool("a", None, parameters),)))
    found = wire["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
    expected = said or json.loads(parameters)
    if b'"not"' in parameters:
        expected["properties"]["a"] = {}
    assert found == expected


def test_a_schemas_fault_has_a_path_in_the_answers_schema():
    output = OutputFormat("json_schema", schema=b'{"type":"object","properties":{"a":3}}')
    with pytest.raises(Failure) as caught:
        encode(ask(output=output))
    assert caught.value.problem.param == "response_format.schema.properties.a"


def test_a_call_that_opens_the_history_gets_a_users_turn_before_it():
    turns = (
        Turn("assistant", (ToolCall("c1", "f", "{}"),), path="messages[0]"),
        Turn("tool", (ToolResult("c1", (Text("r"),), name="f"),), path="messages[1]"),
    )
    encoded = CODEC.encode_request(Request(model="m", turns=turns), target())
    contents = json.loads(encoded.body)["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert "user_turn_added" in {loss.what for loss in encoded.losses}


def test_a_prefill_that_is_lost_is_named_at_each_of_its_turns():
    turns = (
        Turn("user", (Text("a"),), path="messages[0]"),
        Turn("assistant", (Text("b"),), path="messages[1]"),
        Turn("assistant", (Text("c"),), path="messages[2]"),
    )
    encoded = CODEC.encode_request(Request(model="m", turns=turns), target(features=("tools",)))
    lost = [loss.path for loss in encoded.losses if loss.what == "prefill"]
    assert lost == ["messages[1]", "messages[2]"]
