"""One list of cases for both directions: what stands on the wire, what it means in canon."""

import json

from fairlead.canon import (
    Base64,
    CacheMark,
    Candidate,
    Citation,
    Extra,
    FileRef,
    Finish,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    PlainText,
    Reasoning,
    Request,
    Response,
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
    Usage,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJSVFT0YK"
EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def dump(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def user(*parts) -> Turn:
    return Turn("user", parts)


def assistant(*parts) -> Turn:
    return Turn("assistant", parts)


HI = [{"role": "user", "content": "hi"}]
SIGNED = Thinking("I think", Signature("anthropic", "sig=="))
SEARCH_USE = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"q": "x"}}
SEARCH_RESULT = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
CITED = {"type": "web_search_result_location", "url": "https://a.b", "title": "A"}
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
TOOL = {"name": "get", "description": "Gets.", "input_schema": SCHEMA}
CANON_TOOL = FunctionTool("get", "Gets.", dump(SCHEMA))
LOOP = [
    {"role": "user", "content": "go"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "I think", "signature": "sig=="},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}},
            {"type": "tool_use", "id": "t2", "name": "get", "input": {}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
            {
                "type": "tool_result",
                "tool_use_id": "t2",
                "content": [
                    {"type": "text", "text": "two"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                    },
                ],
                "is_error": True,
                "cache_control": EPHEMERAL,
            },
            {"type": "text", "text": "and?"},
        ],
    },
]
CANON_LOOP = (
    user(Text("go")),
    assistant(
        SIGNED,
        Text("Let me see."),
        ToolCall("t1", "get", '{"a":1}'),
        ToolCall("t2", "get", "{}"),
    ),
    user(
        ToolResult("t1", (Text("one"),)),
        ToolResult(
            "t2",
            (Text("two"), Media("image", "image/png", Base64(PNG))),
            is_error=True,
            cache=CacheMark(),
        ),
        Text("and?"),
    ),
)


HELLO = (user(Text("hi")),)


def _request(messages=None, canon=HELLO, wire=None, **fields):
    body = {"model": "m", "max_tokens": 9, "messages": HI if messages is None else messages}
    body |= wire or {}
    fields = {"max_tokens": 9, **fields}
    return body, Request(model="m", turns=canon, **fields)


def _content(*pairs):
    """One user turn of (block, part) pairs."""
    return _request(
        [{"role": "user", "content": [block for block, _ in pairs]}],
        (user(*(part for _, part in pairs)),),
    )


def _field(wire, **canon):
    return _request(wire=wire, **canon)


REQUESTS = {
    "plain": _request(),
    "tool loop": _request(LOOP, CANON_LOOP, {"tools": [TOOL]}, tools=(CANON_TOOL,)),
    "system text": _field({"system": "Be kind."}, instructions=(Text("Be kind."),)),
    "system blocks": _field(
        {
            "system": [
                {"type": "text", "text": "a"},
                {"type": "text", "text": "b", "cache_control": HOUR},
            ]
        },
        instructions=(Text("a"), Text("b", cache=CacheMark("1h"))),
    ),
    "system in the middle": _request(
        [*HI, {"role": "system", "content": "now"}, {"role": "system", "content": "and"}],
        (user(Text("hi")), Turn("system", (Text("now"),)), Turn("system", (Text("and"),))),
    ),
    "prefill": _request(
        [*HI, {"role": "assistant", "content": "{"}], (user(Text("hi")), assistant(Text("{")))
    ),
    "images": _content(
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                "cache_control": EPHEMERAL,
            },
            Media("image", "image/png", Base64(PNG), cache=CacheMark()),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://a.b/c.png"}},
            Media("image", "", Url("https://a.b/c.png")),
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            Media("image", "", FileRef("anthropic", "file_1")),
        ),
    ),
    "documents": _content(
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
                "title": "T",
                "context": "C",
                "citations": {"enabled": True},
            },
            Media(
                "document",
                "application/pdf",
                Base64(PDF),
                title="T",
                context="C",
                citations=True,
            ),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://a.b/c.pdf"}},
            Media("document", "application/pdf", Url("https://a.b/c.pdf")),
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "words"},
            },
            Media("document", "text/plain", PlainText("words")),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f"}},
            Media("document", "", FileRef("anthropic", "f")),
        ),
    ),
    "blocks of its own": _request(
        [
            *HI,
            {"role": "assistant", "content": [SEARCH_USE, SEARCH_RESULT]},
            {"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]},
        ],
        (
            user(Text("hi")),
            assistant(
                Opaque("anthropic", "server_tool_use", dump(SEARCH_USE)),
                Opaque("anthropic", "web_search_tool_result", dump(SEARCH_RESULT)),
            ),
            user(
                Opaque(
                    "anthropic",
                    "container_upload",
                    b'{"type":"container_upload","file_id":"f"}',
                )
            ),
        ),
    ),
    "redacted thinking and citations": _request(
        [
            *HI,
            {
                "role": "assistant",
                "content": [
                    {"type": "redacted_thinking", "data": "abc"},
                    {"type": "text", "text": "so", "citations": [CITED]},
                ],
            },
            *HI,
        ],
        (
            user(Text("hi")),
            assistant(
                Thinking("", Signature("anthropic", "abc"), redacted=True),
                Text("so", citations=(Citation("anthropic", dump(CITED), "https://a.b", "A"),)),
            ),
            user(Text("hi")),
        ),
    ),
    "sampling": _field(
        {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop_sequences": ["END"]},
        sampling=Sampling(temperature=0.5, top_p=0.9, top_k=3, stop=("END",)),
    ),
    "stream, user, tier": _field(
        {"stream": True, "metadata": {"user_id": "u"}, "service_tier": "standard_only"},
        stream=True,
        user="u",
        service_tier="standard_only",
    ),
    "tools of every kind": _field(
        {
            "tools": [
                {**TOOL, "strict": True, "cache_control": EPHEMERAL},
                {"type": "web_search_20250305", "name": "web_search"},
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        },
        tools=(
            FunctionTool("get", "Gets.", dump(SCHEMA), strict=True, cache=CacheMark()),
            ServerTool(
                "anthropic",
                "web_search_20250305",
                b'{"type":"web_search_20250305","name":"web_search"}',
            ),
        ),
        tool_choice=ToolChoice("auto"),
        parallel_tools=False,
    ),
    "any tool": _field(
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
        tools=(CANON_TOOL,),
        tool_choice=ToolChoice("required"),
    ),
    "one tool": _field(
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "get"}},
        tools=(CANON_TOOL,),
        tool_choice=ToolChoice("named", ("get",)),
    ),
    "no tool": _field(
        {"tools": [TOOL], "tool_choice": {"type": "none"}},
        tools=(CANON_TOOL,),
        tool_choice=ToolChoice("none"),
    ),
    "thinking budget": _request(
        wire={"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 2048}},
        max_tokens=4096,
        reasoning=Reasoning(budget=2048, visible_unsaid=True),
    ),
    "thinking off": _field({"thinking": {"type": "disabled"}}, reasoning=Reasoning(budget=0)),
    "adaptive thinking": _field(
        {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "xhigh"},
        },
        reasoning=Reasoning(effort="xhigh", adaptive=True, visible=True),
    ),
    "effort alone": _field({"output_config": {"effort": "low"}}, reasoning=Reasoning(effort="low")),
    "structured output": _field(
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        output=OutputFormat("json_schema", schema=dump(SCHEMA)),
    ),
    "fields without a name in canon": _request(
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "a", "new": 1}],
            }
        ],
        (user(Text("a")),),
        {
            "tools": [{**TOOL, "defer_loading": True}],
            "container": "c1",
            "thinking": {"type": "between_tools"},
            "metadata": {"other": 1},
            "output_config": {"task_budget": {"total": 9}},
            "cache_control": EPHEMERAL,
        },
        tools=(CANON_TOOL,),
        extras=(
            Extra("anthropic", "messages[0].content[0].new", b"1"),
            Extra("anthropic", "tools[0].defer_loading", b"true"),
            Extra("anthropic", "thinking", b'{"type":"between_tools"}'),
            Extra("anthropic", "output_config.task_budget", b'{"total":9}'),
            Extra("anthropic", "metadata.other", b"1"),
            Extra("anthropic", "container", b'"c1"', cosmetic=False),
            Extra("anthropic", "cache_control", b'{"type":"ephemeral"}'),
        ),
    ),
}


def _response(content, parts, stop=("end_turn", None), finish=None, usage=None, canon_usage=None):
    wire = {"input_tokens": 3, "output_tokens": 4} if usage is None else usage
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop[0],
        "stop_sequence": stop[1],
        "usage": wire,
    }
    canon = Response(
        id="msg_1",
        model="m",
        candidates=(Candidate(parts=parts, finish=finish or Finish("stop", "end_turn")),),
        usage=canon_usage or Usage(input=3, output=4, thinking_known=False),
    )
    return body, canon


SAY = [{"type": "text", "text": "hey"}]
SAID = (Text("hey"),)
_REASONS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_overflow",
}
RESPONSES = {
    "text": _response(SAY, SAID),
    "thoughts, text, calls": _response(
        [
            {"type": "thinking", "thinking": "I think", "signature": "sig=="},
            {"type": "redacted_thinking", "data": "abc"},
            {"type": "text", "text": "so", "citations": [CITED]},
            {"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}},
        ],
        (
            SIGNED,
            Thinking("", Signature("anthropic", "abc"), redacted=True),
            Text("so", citations=(Citation("anthropic", dump(CITED), "https://a.b", "A"),)),
            ToolCall("t1", "get", '{"a":1}'),
        ),
        ("tool_use", None),
        Finish("tool_calls", "tool_use"),
    ),
    "blocks of its own": _response(
        [SEARCH_USE, SEARCH_RESULT],
        (
            Opaque("anthropic", "server_tool_use", dump(SEARCH_USE)),
            Opaque("anthropic", "web_search_tool_result", dump(SEARCH_RESULT)),
        ),
    ),
    "stop sequence": _response(
        SAY, SAID, ("stop_sequence", "END"), Finish("stop", "stop_sequence", "END")
    ),
    **{
        f"ended: {word}": _response(SAY, SAID, (word, None), Finish(reason, word))
        for word, reason in _REASONS.items()
    },
    "all usage": _response(
        SAY,
        SAID,
        usage={
            "input_tokens": 10,
            "cache_creation_input_tokens": 7,
            "cache_read_input_tokens": 5,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3},
            "output_tokens": 20,
            "output_tokens_details": {"thinking_tokens": 15},
            "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
            "service_tier": "priority",
        },
        canon_usage=Usage(
            input=10,
            cache_read=5,
            cache_write_5m=4,
            cache_write_1h=3,
            output=5,
            thinking=15,
            tier="priority",
            server_calls=(("web_search", 2),),
        ),
    ),
}
