import pytest
from tests.unit.wire.anthropic.cases import PDF, PNG, dump
from tests.unit.wire.anthropic.models import HAIKU_45, HAIKU_55, encode, names

from fairlead.canon import (
    Base64,
    CacheMark,
    Citation,
    Extra,
    Failure,
    FileRef,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    PlainText,
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

USER = Turn("user", (Text("hi"),), path="messages[0]")
GET = FunctionTool("get", None, b'{"type":"object","properties":{}}')
PUT = FunctionTool("put")


def request(*turns: Turn, **fields) -> Request:
    return Request(model="", turns=turns or (USER,), **fields)


def turn(role, *parts, path="messages[9]", **fields) -> Turn:
    return Turn(role, parts, path=path, **fields)


def refuse(asked: Request, facts=HAIKU_45):
    with pytest.raises(Failure) as failure:
        encode(asked, facts)
    return failure.value.problem


# ---- system --------------------------------------------------------------------------------------


def test_system_and_developer_turns_are_hoisted():
    body, losses = encode(
        request(
            turn("system", Text("a")),
            turn("developer", Text("b")),
            USER,
            turn("system", Text("c"), path="messages[3]"),
            instructions=(Text("0"),),
        ),
        HAIKU_45,
    )
    assert [block["text"] for block in body["system"]] == ["0", "a", "b", "c"]
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert [(loss.what, loss.kind, loss.path) for loss in losses] == [
        ("system_moved", "cosmetic", "messages[3]")
    ]


def test_a_lone_system_prompt_becomes_the_message():
    body, losses = encode(request(turn("system", Text("Say hi."))), HAIKU_45)
    assert body["messages"][0]["role"] == "user"
    assert "Say hi." in str(body["messages"])
    assert "system" not in body
    assert names(losses) == ["system_as_user"]


def test_an_image_in_the_system_prompt_is_a_semantic_loss():
    image = Media("image", "image/png", Base64(PNG))
    _, losses = encode(request(turn("system", Text("a"), image), USER), HAIKU_45)
    assert names(losses, "semantic") == ["system_image"]


# ---- turns ---------------------------------------------------------------------------------------


def test_consecutive_roles_merge_and_empty_content_goes():
    body, losses = encode(
        request(
            turn("user", Text("a"), Text("")),
            turn("user", Text(" \n")),
            turn("user", Text("b")),
            turn("assistant", Text("")),
            turn("assistant", Refusal("no")),
            turn("user", Text("c")),
        ),
        HAIKU_45,
    )
    assert losses == ()
    assert [(m["role"], m["content"]) for m in body["messages"]] == [
        ("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        ("assistant", "no"),
        ("user", "c"),
    ]


def test_results_of_parallel_calls_stand_first_in_one_turn():
    image = Media("image", "image/png", Base64(PNG))
    body, losses = encode(
        request(
            USER,
            turn("assistant", ToolCall("a", "get", ""), ToolCall("b", "get", "{}")),
            turn("user", image),
            turn("tool", ToolResult("b", (Text("2"),))),
            turn("tool", ToolResult("a", ())),
            turn("user", Text("go on")),
            tools=(GET,),
        ),
        HAIKU_45,
    )
    assert losses == ()
    last = body["messages"][-1]
    assert [block["type"] for block in last["content"]] == [
        "tool_result",
        "tool_result",
        "image",
        "text",
    ]
    assert [block.get("content") for block in last["content"][:2]] == ["2", None]
    assert [call["input"] for call in body["messages"][1]["content"]] == [{}, {}]


def test_foreign_ids_are_spelled_and_results_keep_their_calls():
    body, _ = encode(
        request(
            USER,
            turn("assistant", ToolCall("call|1", "get", "{}"), ToolCall("call:1", "get", "{}")),
            turn("tool", ToolResult("call:1", (Text("colon"),))),
            turn("tool", ToolResult("call|1", (Text("bar"),))),
        ),
        HAIKU_45,
    )
    calls = [call["id"] for call in body["messages"][1]["content"]]
    results = {r["tool_use_id"]: r["content"] for r in body["messages"][2]["content"]}
    assert [results[call] for call in calls] == ["bar", "colon"]


def test_ids_that_start_over_in_each_turn_become_unique():
    round_ = (
        turn("assistant", ToolCall("call_1", "get", "{}")),
        turn("tool", ToolResult("call_1", (Text("r"),))),
    )
    body, losses = encode(request(USER, *round_, *round_, *round_), HAIKU_45)
    ids = [m["content"][0]["id"] for m in body["messages"] if m["role"] == "assistant"]
    results = [m["content"][0]["tool_use_id"] for m in body["messages"][2::2]]
    assert losses == ()
    assert len(set(ids)) == 3
    assert results == ids


def test_thousands_of_turns_with_one_id_take_linear_time():
    round_ = (
        turn("assistant", ToolCall("call_1", "get", "{}")),
        turn("tool", ToolResult("call_1", (Text("r"),))),
    )
    body, _ = encode(request(USER, *round_ * 5_000), HAIKU_45)
    assert len({m["content"][0]["id"] for m in body["messages"][1::2]}) == 5_000


def test_a_call_of_the_vendors_code_takes_its_result():
    raw = b'{"type":"tool_use","id":"t","name":"f","input":{},"caller":{"type":"code_execution"}}'
    called = turn("assistant", Opaque("anthropic", "tool_use", raw))
    body, losses = encode(request(USER, called, turn("user", ToolResult("t"))), HAIKU_45)
    assert losses == ()
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "t"}]
    assert refuse(request(USER, called)).kind == "invalid_request"
    nameless = turn("assistant", Opaque("anthropic", "tool_use", b"{}"), path="P")
    assert refuse(request(USER, nameless)).param == "P.content[0].id"


@pytest.mark.parametrize(
    ("turns", "path"),
    [
        ([turn("assistant", ToolCall("a", "f", "{}"), path="P")], "P"),
        ([turn("assistant", ToolCall("a", "f", "{}"), path="P"), USER], "P"),
        ([turn("tool", ToolResult("a"), path="P")], "P.content[0]"),
        (
            [
                turn("assistant", ToolCall("a", "f", "{}")),
                turn("tool", ToolResult("a")),
                turn("tool", ToolResult("a"), path="P"),
            ],
            "P.content[0]",
        ),
        (
            [turn("assistant", ToolCall("a", "f", "{}"), ToolCall("a", "g", "{}"), path="P")],
            "P.content[1]",
        ),
        ([turn("assistant", ToolCall("a", "f", '{"x":'), path="P")], "P.content[0]"),
        ([turn("assistant", ToolCall("a", "f", "[1]"), path="P")], "P.content[0]"),
        ([turn("user", ToolCall("a", "f", "{}"), path="P")], "P.content[0]"),
        ([turn("assistant", ToolResult("a"), path="P")], "P.content[0]"),
    ],
)
def test_broken_tool_turns_are_clear_errors(turns, path):
    problem = refuse(request(USER, *turns))
    assert (problem.kind, problem.param) == ("invalid_request", path)


def test_no_content_at_all_is_an_error():
    assert refuse(request(turn("user", Text("")))).param == "messages"


def test_prefill_is_kept_trimmed_or_named():
    prefilled = request(USER, turn("assistant", Text("The answer: \n")))
    body, losses = encode(prefilled, HAIKU_45)
    assert body["messages"][-1]["content"] == "The answer:"
    assert names(losses) == ["prefill_whitespace"]
    body, losses = encode(prefilled, HAIKU_55)
    assert [m["role"] for m in body["messages"]] == ["user"]
    assert names(losses, "semantic") == ["prefill"]


def test_a_paused_turn_is_no_prefill():
    block = b'{"type":"server_tool_use","id":"s","name":"web_search","input":{}}'
    paused = turn("assistant", Opaque("anthropic", "server_tool_use", block))
    body, losses = encode(request(USER, paused), HAIKU_55)
    assert losses == ()
    assert body["messages"][-1]["role"] == "assistant"


def test_white_space_of_the_assistant_stays():
    said = turn("assistant", Text("\n\n"), Text("a "))
    body, losses = encode(request(USER, said, USER), HAIKU_45)
    assert [block["text"] for block in body["messages"][1]["content"]] == ["\n\n", "a "]
    assert losses == ()


def test_a_prefill_of_white_space_is_none():
    body, losses = encode(request(USER, turn("assistant", Text(" "))), HAIKU_45)
    assert [m["role"] for m in body["messages"]] == ["user"]
    assert names(losses) == ["prefill_whitespace"]


def test_breakpoints_are_four_and_the_longer_ones_first():
    marked = [Text(str(n), cache=CacheMark("1h" if n % 2 else "5m")) for n in range(6)]
    body, losses = encode(request(turn("user", *marked)), HAIKU_45)
    kept = {b["text"]: b["cache_control"] for b in body["messages"][0]["content"] if len(b) == 3}
    mark = {"type": "ephemeral"}
    assert kept == {"0": mark, "3": mark, "4": mark, "5": mark}
    assert names(losses) == ["cache_control", "cache_ttl"]


def test_two_tools_of_one_name_are_an_error():
    problem = refuse(request(tools=(GET, GET)))
    assert (problem.kind, problem.param) == ("unsupported", "tools[1].name")


def test_a_property_that_the_vendor_refuses_is_an_error():
    tool = FunctionTool("x", parameters=b'{"type":"object","properties":{"a b":{}}}')
    assert "'a b'" in refuse(request(tools=(tool,))).message


# ---- thoughts and signatures ---------------------------------------------------------------------


def test_only_this_vendors_thoughts_go_back():
    body, losses = encode(
        request(
            USER,
            turn(
                "assistant",
                Thinking("mine", Signature("anthropic", "s")),
                Thinking("unsigned"),
                Thinking("theirs", Signature("gemini", "g")),
                Thinking("", Signature("anthropic", "r"), redacted=True),
                Text("so", Signature("gemini", "g")),
            ),
            USER,
        ),
        HAIKU_45,
    )
    assert [block["type"] for block in body["messages"][1]["content"]] == [
        "thinking",
        "redacted_thinking",
        "text",
    ]
    assert names(losses) == ["thinking_dropped", "thinking_dropped", "signature_dropped"]
    assert {loss.kind for loss in losses} == {"cosmetic"}


def test_thoughts_cannot_end_a_turn():
    thought = Thinking("mine", Signature("anthropic", "s"))
    body, losses = encode(request(USER, turn("assistant", thought), USER), HAIKU_45)
    assert [m["role"] for m in body["messages"]] == ["user"]  # what it kept apart is one turn
    assert len(body["messages"][0]["content"]) == 2
    assert names(losses) == ["thinking_dropped"]


# ---- media ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "loss"),
    [
        (Media("audio", "audio/wav", Base64("UklGRg==")), "audio_input"),
        (Media("video", "video/mp4", Url("https://a.b/c")), "video_input"),
        (
            Media("image", "image/bmp", Base64("Qk0AAAAAAAAAAAAAAAAoAAAAAAA=")),
            "image_type:image/bmp",
        ),
        (Media("image", "", FileRef("openai_chat", "f")), "file_reference"),
        (Media("image", "", Url("gs://bucket/x.png")), "media_url_scheme"),
        (Media("document", "text/csv", Url("https://a.b/c.csv")), "document_url:text/csv"),
        (
            Media("document", "application/msword", Base64("AAAA")),
            "document_type:application/msword",
        ),
    ],
)
def test_media_that_the_vendor_does_not_take(media, loss):
    _, losses = encode(request(turn("user", Text("see"), media)), HAIKU_45)
    assert names(losses, "semantic") == [loss]


def test_text_documents_travel_as_text():
    csv = Media("document", "text/csv", Base64("YSxi"), name="t.csv")
    body, losses = encode(request(turn("user", csv)), HAIKU_45)
    assert losses == ()
    assert body["messages"][0]["content"] == [
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "a,b"},
            "title": "t.csv",
        }
    ]


def test_an_image_that_is_none_is_an_error():
    fake = Media("image", "image/png", Base64("AAAA"))
    assert refuse(request(turn("user", fake, path="P"))).param == "P.content[0]"


def test_a_wrong_label_is_put_right():
    body, _ = encode(request(turn("user", Media("image", "image/jpeg", Base64(PNG)))), HAIKU_45)
    assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"


def test_results_take_text_images_and_documents():
    result = ToolResult(
        "a",
        (
            Media("document", "application/pdf", Base64(PDF)),
            Media("image", "image/png", Base64(PNG)),
            Media("document", "text/plain", PlainText("w")),
            Media("audio", "audio/wav", Base64("UklGRg==")),
        ),
    )
    body, losses = encode(
        request(USER, turn("assistant", ToolCall("a", "get", "{}")), turn("tool", result)),
        HAIKU_45,
    )
    content = body["messages"][-1]["content"][0]["content"]
    assert [block["type"] for block in content] == ["document", "image", "document"]
    assert names(losses, "semantic") == ["audio_input"]


def test_media_of_the_assistant_is_lost():
    image = Media("image", "image/png", Base64(PNG))
    _, losses = encode(request(USER, turn("assistant", Text("a"), image), USER), HAIKU_45)
    assert names(losses, "semantic") == ["assistant_media"]


# ---- tools ---------------------------------------------------------------------------------------


def test_parameters_always_are_an_object():
    body, _ = encode(request(tools=(PUT,)), HAIKU_45)
    assert body["tools"] == [
        {"name": "put", "input_schema": {"type": "object", "properties": {}}},
    ]
    bad = FunctionTool("x", parameters=b'{"type":"string"}')
    problem = refuse(request(tools=(bad,)))
    assert (problem.kind, problem.param) == ("unsupported", "tools[0].parameters")


@pytest.mark.parametrize("name", ["a.b", "", "x" * 129, "a b", "é"])
def test_a_bad_tool_name_is_an_error(name):
    problem = refuse(request(tools=(GET, FunctionTool(name))))
    assert (problem.kind, problem.param) == ("unsupported", "tools[1].name")


@pytest.mark.parametrize(
    ("choice", "wire", "offered"),
    [
        (ToolChoice("auto"), {"type": "auto"}, ["get", "put"]),
        (ToolChoice("auto", ("put",)), {"type": "auto"}, ["put"]),
        (ToolChoice("none"), {"type": "none"}, ["get", "put"]),
        (ToolChoice("required"), {"type": "any"}, ["get", "put"]),
        (ToolChoice("required", ("get",)), {"type": "any"}, ["get"]),
        (ToolChoice("named", ("get",)), {"type": "tool", "name": "get"}, ["get", "put"]),
        (ToolChoice("named", ("get", "put")), {"type": "any"}, ["get", "put"]),
    ],
)
def test_tool_choice(choice, wire, offered):
    body, losses = encode(request(tools=(GET, PUT), tool_choice=choice), HAIKU_45)
    assert body["tool_choice"] == wire
    assert [tool["name"] for tool in body["tools"]] == offered
    assert losses == ()


def test_parallel_calls_can_be_switched_off():
    body, _ = encode(request(tools=(GET,), parallel_tools=False), HAIKU_45)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    never = ToolChoice("none")
    body, _ = encode(request(tools=(GET,), parallel_tools=False, tool_choice=never), HAIKU_45)
    assert body["tool_choice"] == {"type": "none"}


def test_a_choice_of_no_tool_is_an_error():
    assert refuse(request(tool_choice=ToolChoice("required"))).param == "tool_choice"
    named = ToolChoice("named", ("other",))
    assert refuse(request(tools=(GET,), tool_choice=named)).param == "tool_choice"


def test_tools_of_others_are_named_and_leave_no_choice_behind():
    search = ServerTool("gemini", "google_search", b"{}")
    body, losses = encode(request(tools=(search,), tool_choice=ToolChoice("required")), HAIKU_45)
    assert names(losses, "semantic") == ["server_tool:google_search"]
    assert "tools" not in body
    assert "tool_choice" not in body


# ---- the rest ------------------------------------------------------------------------------------


def test_max_tokens_is_the_clients_or_the_models():
    assert encode(request(max_tokens=7), HAIKU_45)[0]["max_tokens"] == 7
    assert encode(request(), HAIKU_45)[0]["max_tokens"] == 64_000
    assert encode(request())[0]["max_tokens"] == 8_192
    problem = refuse(request(max_tokens=64_001))
    assert problem.param == "max_tokens"
    assert "64000" in problem.message
    assert refuse(request(max_tokens=-1)).param == "max_tokens"


def test_n_is_a_clear_error():
    problem = refuse(request(n=2))
    assert (problem.kind, problem.param) == ("unsupported", "n")
    assert encode(request(n=1), HAIKU_45)[1] == ()


def test_knobs_that_the_vendor_lacks():
    body, losses = encode(
        request(
            turn("user", Text("x", citations=(Citation("gemini", b"{}"),)), name="Bob"),
            sampling=Sampling(
                seed=1, frequency_penalty=0.5, presence_penalty=0.5, stop=("\n", "E")
            ),
            logprobs=True,
            user="u" * 257,
            service_tier="flex",
            extras=(
                Extra("openai_chat", "store", b"true"),
                Extra("openai_chat", "prediction", b"{}", cosmetic=False),
            ),
        ),
        HAIKU_45,
    )
    assert names(losses, "cosmetic") == [
        "store",
        "name",
        "citations",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "stop_whitespace",
        "user",
        "service_tier:flex",
        "logprobs",
    ]
    assert names(losses, "semantic") == ["prediction"]
    assert body["stop_sequences"] == ["E"]
    assert set(body) == {"model", "max_tokens", "messages", "stop_sequences"}


def test_sound_is_no_answer():
    _, losses = encode(request(modalities=("text", "AUDIO")), HAIKU_45)
    assert names(losses, "semantic") == ["audio_output"]


@pytest.mark.parametrize(
    ("sampling", "wire", "lost"),
    [
        (Sampling(temperature=0.3), {"temperature": 0.3}, []),
        (Sampling(temperature=1.7), {"temperature": 1.0}, ["temperature_clamped"]),
        (Sampling(temperature=0.3, top_p=0.5), {"temperature": 0.3}, ["top_p"]),
        (Sampling(top_p=0.5, top_k=2.0), {"top_p": 0.5, "top_k": 2}, []),
        (Sampling(top_k=2.6), {"top_k": 3}, ["top_k_rounded"]),
    ],
)
def test_sampling_of_haiku_45(sampling, wire, lost):
    body, losses = encode(request(sampling=sampling), HAIKU_45)
    assert {k: body[k] for k in ("temperature", "top_p", "top_k") if k in body} == wire
    assert names(losses) == lost


def test_sampling_of_haiku_55():
    sampling = Sampling(temperature=0.3, top_p=0.5, top_k=4, stop=("E",))
    body, losses = encode(request(sampling=sampling), HAIKU_55)
    assert names(losses) == ["temperature", "top_p", "top_k"]
    assert body["stop_sequences"] == ["E"]
    assert "temperature" not in body


@pytest.mark.parametrize(
    "sampling", [Sampling(temperature=-1), Sampling(top_p=1.5), Sampling(top_k=-2)]
)
def test_absurd_sampling_is_an_error(sampling):
    assert refuse(request(sampling=sampling)).kind == "invalid_request"


def test_json_mode_is_an_instruction():
    body, losses = encode(request(output=OutputFormat("json")), HAIKU_45)
    assert "valid JSON object" in body["system"]
    assert names(losses) == ["json_mode_by_instruction"]


def test_a_schema_is_narrowed_with_names():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    body, losses = encode(
        request(output=OutputFormat("json_schema", "out", dump(schema))), HAIKU_45
    )
    sent = body["output_config"]["format"]["schema"]
    assert sent["additionalProperties"] is False
    assert sent["properties"]["n"] == {"type": "integer", "description": "{minimum: 1}"}
    assert names(losses) == ["schema:minimum", "schema:additionalProperties"]


@pytest.mark.parametrize("facts", [HAIKU_45, HAIKU_55])
def test_a_schema_that_cannot_be_said_is_a_semantic_loss(facts):
    schema = dump({"$ref": "#/$defs/T", "$defs": {"T": {"anyOf": [{"$ref": "#/$defs/T"}]}}})
    body, losses = encode(request(output=OutputFormat("json_schema", schema=schema)), facts)
    assert names(losses, "semantic") == ["json_schema"]
    assert "$defs" in body["system"]


def test_a_schema_and_a_prefill_exclude_each_other():
    schema = b'{"type":"object","properties":{},"additionalProperties":false}'
    asked = request(
        USER, turn("assistant", Text("{")), output=OutputFormat("json_schema", schema=schema)
    )
    _, losses = encode(asked, HAIKU_45)
    assert names(losses, "semantic") == ["json_schema"]


def test_foreign_blocks_are_named():
    part = Opaque("gemini", "executableCode", b"{}")
    body, losses = encode(request(turn("user", part, path="P")), HAIKU_45)
    assert [(loss.what, loss.path) for loss in losses] == [("block:executableCode", "P.content[0]")]
    assert body["messages"]


def test_extras_of_its_own_that_find_no_place_are_named():
    extra = Extra("anthropic", "messages[7].content[0].new", b"1")
    _, losses = encode(request(extras=(extra,)), HAIKU_45)
    assert names(losses) == ["messages[7].content[0].new"]
