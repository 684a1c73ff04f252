"""Bad Messages requests, and what Anthropic says to each; good ones next to them."""

import base64
import struct
import zlib

import pytest

from fairlead.emulator.rules import check

HAIKU, NEW_HAIKU = "claude-haiku-4-5", "claude-haiku-5-5"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"name": "weather", "input_schema": SCHEMA}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "ours"}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
MARK = {"cache_control": {"type": "ephemeral"}}


def png(width: int, height: int) -> str:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head
    return base64.b64encode(data + struct.pack(">I", zlib.crc32(b"IHDR" + head))).decode()


def pdf(pages: int, *, more: bytes = b"") -> str:
    body = b"%PDF-1.4\n" + b"<< /Type /Page >>\n" * pages + b"<< /Type /Pages >>" + more
    return base64.b64encode(body).decode()


def text(said: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": said, **more}


def image(data: str, media_type: str = "image/png") -> dict[str, object]:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def document(data: str) -> dict[str, object]:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source}


def user(*content: object) -> dict[str, object]:
    return {"role": "user", "content": list(content)}


def assistant(*content: object) -> dict[str, object]:
    return {"role": "assistant", "content": list(content)}


def said(*messages: object) -> dict[str, object]:
    return {"messages": list(messages)}


def answering(schema: object) -> dict[str, object]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


HI = user(text("hi"))
LOOP = said(HI, assistant(THOUGHT, CALL), user(RESULT))

BAD = [
    ({"max_tokens": 70_000}, "max_tokens: 70000 > 64000, which is the maximum allowed number of"),
    ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
    ({"temperature": 1.5}, "temperature: range: 0..1"),
    ({"top_p": -0.1}, "top_p: range: 0..1"),
    ({"temperature": 0.5, "top_p": 0.9}, "`temperature` and `top_p` cannot both be specified"),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 1023}},
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    (
        {"thinking": BUDGET, "max_tokens": 1024},
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    ({"thinking": BUDGET, "temperature": 0.5}, "`temperature` may only be set to 1 when thinking"),
    ({"thinking": BUDGET, "top_k": 5}, "`top_k` must be unset when thinking is enabled"),
    ({"thinking": BUDGET, "top_p": 0.5}, "`top_p` must be greater than or equal to 0.95"),
    (
        {"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    ({"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported on this model"),
    ({"output_config": {"effort": "low"}}, "This model does not support the effort parameter."),
    (said(), "messages: at least one message is required"),
    (
        said({"role": "system", "content": "x"}, HI),
        "messages.0: use the top-level 'system' parameter",
    ),
    (said(HI, {"role": "system", "content": "x"}), "role 'system' is not supported on this model"),
    (said(user()), "messages.0: all messages must have non-empty content except for"),
    (said({"role": "user", "content": ""}), "messages.0: all messages must have non-empty content"),
    (said(user(text(""))), "messages: text content blocks must be non-empty"),
    (said(user(text(" \n"))), "messages: text content blocks must contain non-whitespace text"),
    (
        said(user(text("", **MARK))),
        "messages.0.content.0.text: cache_control cannot be set for empty text blocks",
    ),
    ({"system": [text("")]}, "system: text content blocks must be non-empty"),
    (
        said(HI, assistant(text("So: "))),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    (said(HI, user(CALL)), "messages.1: `tool_use` blocks can only be in `assistant` messages"),
    (
        said(HI, assistant(CALL), assistant(RESULT)),
        "messages.2: `tool_result` blocks can only be in `user` messages",
    ),
    (
        said(HI, assistant(CALL), user(text("and?"))),
        (
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
            "toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next"
        ),
    ),
    (said(HI, assistant(CALL)), "messages.1: `tool_use` ids were found without `tool_result`"),
    (
        said(HI, assistant(CALL), user(text("here:"), RESULT)),
        "messages.1: `tool_use` ids were found without `tool_result`",
    ),
    (
        said(HI, assistant(CALL, CALL), user(RESULT)),
        "messages.1.content.1: `tool_use` ids must be unique",
    ),
    (
        said(user(RESULT)),
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
    ),
    (
        said(HI, assistant(CALL), user(RESULT, RESULT)),
        "messages.2.content.1: each tool_use must have a single result. Found multiple",
    ),
    (
        said(HI, assistant(CALL), user(RESULT)) | {"thinking": BUDGET},
        (
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            "`tool_use`. When `thinking` is enabled, a final `assistant` message must start"
        ),
    ),
    (
        said(HI, assistant(text("So"))) | {"thinking": BUDGET},
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.",
    ),
    (
        said(HI, assistant(THOUGHT | {"signature": "theirs"}, text("a")), HI),
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    (
        said(HI, assistant({"type": "redacted_thinking", "data": "theirs"}, text("a")), HI),
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
    ),
    ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    (
        {"tools": [TOOL | {"name": "a.b"}]},
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    (
        {"tools": [TOOL | {"input_schema": SCHEMA | {"anyOf": [{}]}}]},
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the",
    ),
    (
        {"tools": [TOOL | {"input_schema": {"type": "object", "properties": {"a b": {}}}}]},
        "tools.0.custom.input_schema.properties: Property keys should match pattern",
    ),
    (
        {"tools": [TOOL | {"input_schema": {"type": "object", "properties": {"a": {"type": 7}}}}]},
        "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft",
    ),
    (
        {"tools": [TOOL | {"strict": True}]},
        "tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools."),
    (
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "time"}},
        "Tool 'time' not found in provided tools",
    ),
    (
        said(user(*[text("x", **MARK)] * 5)),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    (
        {"system": [text("x", **MARK)]}
        | said(user(text("x", cache_control={"type": "ephemeral", "ttl": "1h"}))),
        "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come",
    ),
    (said(user(image("AAAA"))), "Could not process image"),
    (
        said(user(image("no base64"))),
        "messages.0.content.0.image.source.base64.data: Invalid base64 data",
    ),
    (
        said(user(image(png(9, 9), "image/jpeg"))),
        (
            "messages.0.content.0.image.source.base64: The image was specified using the image/jpeg "
            "media type, but the image appears to be a image/png image"
        ),
    ),
    (
        said(user(image(png(9000, 9)))),
        (
            "messages.0.content.0.image.source.base64.data: At least one of the image dimensions "
            "exceed max allowed size: 8000 pixels"
        ),
    ),
    (
        said(user(*[image(png(2500, 9))] * 21)),
        (
            "messages.0.content.0.image.source.base64.data: At least one of the image dimensions "
            "exceed max allowed size for many-image requests: 2000 pixels"
        ),
    ),
    (
        said(user(image(png(9, 9) + "A" * 12_000_000))),
        "messages.0.content.0.image.source.base64: image exceeds 10 MB maximum: 1",
    ),
    (
        said(HI, assistant(CALL), user(RESULT | {"content": [image("AAAA")]})),
        "Could not process image",
    ),
    (
        said(user(document("AAAA"))),
        "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid.",
    ),
    (said(user(document(pdf(101)))), "A maximum of 100 PDF pages may be provided."),
    (
        said(user(document(pdf(1, more=b"/Encrypt")))),
        "messages.0.content.0.pdf.source.base64.data: The PDF specified is password protected.",
    ),
    (
        answering({"type": "object", "properties": {}}),
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be",
    ),
    (
        answering({"type": "integer", "minimum": 0, "maximum": 9}),
        "output_config.format.schema: For 'integer' type, properties maximum, minimum are not",
    ),
    (
        answering({"type": "array", "maxItems": 3}),
        "output_config.format.schema: For 'array' type, property 'maxItems' is not supported",
    ),
    (
        answering({"type": "array", "minItems": 2}),
        "output_config.format.schema: For 'array' type, 'minItems' values other than 0 or 1",
    ),
    (
        answering({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}),
        "output_config.format.schema: Recursive schemas are not supported",
    ),
    (
        answering({"$ref": "https://example.com/a"}),
        "output_config.format.schema: External schema references are not supported",
    ),
]

GOOD = [
    {},
    {"temperature": 1.0},
    {"top_p": 0.9, "top_k": 5},
    {"max_tokens": 64_000},
    {"thinking": BUDGET, "temperature": 1},
    LOOP | {"thinking": BUDGET, "tools": [TOOL]},
    # Only the first step of a loop has to show its thinking.
    said(HI, assistant(THOUGHT, CALL), user(RESULT), assistant(CALL | {"id": "b"}))
    | said(
        HI,
        assistant(THOUGHT, CALL),
        user(RESULT),
        assistant(CALL | {"id": "b"}),
        user(RESULT | {"tool_use_id": "b"}),
    )
    | {"thinking": BUDGET},
    said(HI, assistant(text("So"))),
    said(HI, HI, assistant(text("a")), assistant(text("b")), HI),
    said(assistant(text("Hello, how can I help you?")), HI),
    said(HI, assistant(CALL), user(RESULT, text("and?"))),
    said(HI, assistant(CALL), user(RESULT), user(text("and?"))),
    {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "weather"}},
    said(user(*[text("x", **MARK)] * 4)),
    said(user(image(png(800, 600)), document(pdf(100)))),
    answering(SCHEMA | {"additionalProperties": False}),
]


def refusal(change, *, model=HAIKU, tokens=10, op="messages", **headers):
    body = {"model": model, "max_tokens": 2048, "messages": [HI]} | change
    if op == "count_tokens":
        del body["max_tokens"]
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return check(
        "anthropic",
        op,
        model,
        body,
        tokens=lambda: tokens,
        issued=lambda signature, _: signature == "ours",
        headers=names,
    )


@pytest.mark.parametrize(("change", "sentence"), BAD, ids=[s[:60] for _, s in BAD])
def test_the_vendor_refuses(change, sentence):
    found = refusal(change)
    assert found is not None
    assert (found.status, found.type) == (400, "invalid_request_error")
    assert found.message.startswith(sentence)


@pytest.mark.parametrize("change", GOOD)
def test_the_vendor_takes(change):
    assert refusal(change) is None


def test_a_schema_of_an_unknown_kind_is_not_fetched():
    schema = SCHEMA | {"$schema": "http://127.0.0.1:9/nowhere"}
    assert refusal({"tools": [TOOL | {"input_schema": schema}]}) is None
    assert refusal(answering(schema | {"additionalProperties": False})) is None


def test_haiku_5_5_takes_sampling_parameters_at_their_defaults_under_the_older_version():
    body = {"temperature": 1, "top_p": 1}
    assert refusal(body, model=NEW_HAIKU) is None
    found = refusal(body, model=NEW_HAIKU, anthropic_version="2026-10-21")
    assert found.message == "`temperature` is deprecated for this model."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice.any: Forced tool use"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "weather"}},
            "tool_choice.tool: Forced tool use is not supported for this model.",
        ),
        ({"thinking": {"type": "disabled"}}, "`thinking.type.disabled` is not supported for this"),
    ],
)
def test_opus_5_5_always_thinks_and_takes_no_forced_tool(change, sentence):
    assert sentence in refusal(change, model="claude-opus-5-5").message


def test_citations_of_the_users_texts_are_refused_under_the_newer_version():
    place = {"type": "char_location", "cited_text": "a", "document_index": 0}
    place |= {"document_title": None, "start_char_index": 0, "end_char_index": 1}
    body = said(user(text("a", citations=[place])))
    assert refusal(body) is None
    found = refusal(body, anthropic_version="2026-10-21")
    assert found.message == "messages.0.content.0: `citations` can only be in `assistant` messages"


def test_an_unknown_model_is_not_found():
    found = refusal({}, model="claude-sonet-4-5")
    assert (found.status, found.type, found.message) == (
        404,
        "not_found_error",
        "model: claude-sonet-4-5",
    )


def test_the_schema_speaks_first():
    assert refusal({"max_tokens": None}).message == "max_tokens: Input should be a valid integer"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"thinking": BUDGET}, "`thinking.type.enabled` is not supported for this model. Use"),
        ({"temperature": 0.9}, "`temperature` is deprecated for this model."),
        ({"top_k": 5}, "`top_k` is deprecated for this model."),
        (
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            "`thinking.type.disabled` is not supported with effort level 'max'.",
        ),
        (said(HI, assistant(text("So"))), "This model does not support assistant message prefill."),
        ({"max_tokens": 128_001}, "max_tokens: 128001 > 128000"),
    ],
)
def test_haiku_5_5_refuses_what_older_models_take(change, sentence):
    assert refusal(change, model=NEW_HAIKU).message.startswith(sentence)


def test_haiku_5_5_takes_effort_and_adaptive_thinking():
    change = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}
    assert refusal(change, model=NEW_HAIKU) is None


def test_the_newer_api_version_takes_no_sampling_even_on_older_models():
    assert refusal({"temperature": 1.0}, anthropic_version="2023-06-01") is None
    found = refusal({"temperature": 1.0}, anthropic_version="2026-10-21")
    assert found.message == "`temperature` is deprecated for this model."


def test_interleaved_thinking_may_exceed_max_tokens():
    change = {"thinking": BUDGET, "max_tokens": 1000}
    assert refusal(change, anthropic_beta="interleaved-thinking-2025-05-14") is None


def test_a_prompt_over_the_window_is_too_long():
    assert refusal({}, tokens=200_000) is None
    found = refusal({}, tokens=208_310)
    assert found.message == "prompt is too long: 208310 tokens > 200000 maximum"


def test_from_4_5_on_max_tokens_may_reach_over_the_window():
    assert refusal({"max_tokens": 64_000}, tokens=199_000) is None


def test_counting_asks_for_no_max_tokens():
    assert refusal({}, op="count_tokens") is None
    assert refusal({"thinking": BUDGET}, op="count_tokens") is None


@pytest.mark.parametrize(
    ("door", "megabytes"), [("anthropic", 10), ("bedrock", 5), ("vertex_claude", 5)]
)
def test_an_image_may_be_half_as_large_behind_a_clouds_door(door, megabytes):
    most, head = megabytes * 1024 * 1024, png(9, 9).rstrip("=")

    def asked(length: int):
        data = (head + "A" * length)[:length]
        body = {"model": HAIKU, "max_tokens": 9, "messages": [user(image(data))]}
        return check(
            door, "messages", HAIKU, body, tokens=lambda: 9, issued=lambda *_: True, headers={}
        )

    assert asked(most) is None
    refused = asked(most + 4)
    assert refused is not None
    assert f"exceeds {megabytes} MB maximum: {most + 4} bytes > {most} bytes" in refused.message
