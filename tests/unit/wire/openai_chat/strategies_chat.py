"""Requests and answers that OpenAI's chat dialect can say whole."""

import json
from base64 import b64encode

from hypothesis import strategies as st

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
    OutputFormat,
    PlainText,
    Reasoning,
    Refusal,
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

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()
PDF = b64encode(b"%PDF-1.7\n1 0 obj").decode()
WAV = b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()
MP4 = b64encode(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00").decode()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
some = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,12}", fullmatch=True)
marks = st.none() | st.sampled_from([CacheMark("5m"), CacheMark("1h")])
schemas = st.sampled_from(
    [
        b'{"type":"object","properties":{}}',
        '{"type": "object", "properties": {"ort": {"type": "string", "description": "Köln 😀"}}}'.encode(),
    ]
)
arguments = st.dictionaries(names, texts | st.integers(), max_size=3).map(json.dumps)
urls = st.sampled_from(["https://example.com/a.png", "http://example.com/b?c=d&e=ü"])

images = st.builds(
    Media,
    kind=st.just("image"),
    mime=st.just("image/png"),
    source=st.just(Base64(PNG)),
    detail=st.sampled_from([None, "auto", "low", "high"]),
    cache=marks,
) | st.builds(
    Media,
    kind=st.just("image"),
    mime=st.just(""),
    source=st.builds(Url, urls),
    detail=st.sampled_from([None, "low"]),
    cache=marks,
)
documents = st.builds(
    Media,
    kind=st.just("document"),
    mime=st.just("application/pdf"),
    source=st.just(Base64(PDF)),
    name=st.none() | names,
    cache=marks,
) | st.builds(
    Media,
    kind=st.just("document"),
    mime=st.just("text/plain"),
    source=st.builds(PlainText, some),
    name=st.none() | names,
)
others = st.sampled_from(
    [
        Media("audio", "audio/wav", Base64(WAV)),
        Media("video", "video/mp4", Base64(MP4)),
        Media("video", "", Url("https://example.com/v.mp4")),
        Media("document", "", FileRef("openai_chat", "file-abc"), name="a.pdf"),
    ]
)
marked = st.builds(Text, texts, cache=marks)
user_parts = st.lists(marked | images | documents | others, min_size=1, max_size=4).map(tuple)
plain = st.lists(marked, min_size=1, max_size=3).map(tuple)


@st.composite
def assistant_and_results(draw):
    """An assistant turn, and the results of its calls."""
    thoughts = draw(st.lists(st.builds(Thinking, some), max_size=1))
    said = draw(st.lists(st.builds(Text, some, cache=marks) | st.builds(Refusal, some), max_size=2))
    ids = draw(st.lists(names, max_size=3, unique=True))
    calls = [
        ToolCall(call_id, draw(names), draw(arguments))
        if draw(st.booleans())
        else ToolCall(call_id, draw(names), draw(texts), custom=True)
        for call_id in ids
    ]
    if not (thoughts or said or calls):
        said = [Text(draw(texts))]
    turns = [Turn("assistant", (*thoughts, *said, *calls), name=draw(st.none() | names))]
    for call in draw(st.permutations(calls)):
        content = draw(st.lists(marked | images, min_size=1, max_size=2).map(tuple))
        result = ToolResult(call.id, content, name=draw(st.none() | names), custom=call.custom)
        turns.append(Turn("tool", (result,)))
    return turns


@st.composite
def conversations(draw):
    turns = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["system", "developer", "user", "assistant"]))
        if kind == "assistant":
            turns += draw(assistant_and_results())
        else:
            parts = draw(user_parts if kind == "user" else plain)
            turns.append(Turn(kind, parts, name=draw(st.none() | names)))
    return tuple(turns)


functions = st.builds(
    FunctionTool,
    names,
    st.none() | texts,
    st.none() | schemas,
    st.none() | st.booleans(),
) | st.builds(FunctionTool, names, st.none() | texts, custom=st.just(True))
servers = st.just(ServerTool("openai_chat", "web_search", b'{"type":"web_search"}'))
samplings = st.builds(
    Sampling,
    st.none() | st.floats(0, 2),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 100).map(float),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(-2, 2).filter(bool),  # 0 is the default: read as not sent
    st.none() | st.floats(-2, 2).filter(bool),
    st.lists(some, max_size=4).map(tuple),
)
outputs = st.sampled_from([None, OutputFormat("text"), OutputFormat("json")]) | st.builds(
    OutputFormat,
    st.just("json_schema"),
    names,
    st.none() | schemas,
    st.none() | texts,
    st.none() | st.booleans(),
)
extras = st.lists(
    st.sampled_from(
        [
            Extra("openai_chat", "metadata", b'{"a":"b"}'),
            Extra("openai_chat", "store", b"true"),
            Extra("openai_chat", "web_search_options", b"{}", cosmetic=False),
            Extra("openai_chat", "a_field_of_tomorrow", b"[1,2.5]"),
        ]
    ),
    unique=True,
    max_size=3,
)


@st.composite
def requests(draw):
    tools = tuple(draw(st.lists(functions, max_size=3, unique_by=lambda tool: tool.name)))
    choices = [None]
    if tools:
        every = tuple(tool.name for tool in tools)
        choices += [
            ToolChoice("auto"),
            ToolChoice("none"),
            ToolChoice("required"),
            ToolChoice("named", every[:1]),
            ToolChoice("named", every),
            ToolChoice("auto", every),
        ]
        tools += tuple(draw(st.lists(servers, max_size=1)))
    logprobs = draw(st.sampled_from([None, True]))
    stream = draw(st.booleans())
    output = draw(outputs)
    turns = draw(conversations())
    if output is not None and output.kind == "json":  # refused without the word
        turns = (Turn("system", (Text("In JSON."),)), *turns)
    order = {"metadata": 0, "store": 1, "web_search_options": 2, "a_field_of_tomorrow": 3}
    return Request(
        model=draw(names),
        turns=turns,
        tools=tools,
        tool_choice=draw(st.sampled_from(choices)),
        parallel_tools=draw(st.sampled_from([None, False])) if tools else None,
        sampling=draw(samplings),
        max_tokens=draw(st.none() | st.integers(1, 100_000)),
        n=draw(st.none() | st.integers(2, 8)),
        logprobs=logprobs,
        top_logprobs=draw(st.none() | st.integers(0, 20)) if logprobs else None,
        output=output,
        reasoning=draw(st.sampled_from([None, Reasoning(effort="low"), Reasoning(effort="none")])),
        modalities=draw(st.sampled_from([(), ("text",), ("text", "audio")])),
        stream=stream,
        include_usage=stream and draw(st.booleans()),
        user=draw(st.none() | texts),
        service_tier=draw(st.sampled_from([None, "default", "flex"])),
        extras=tuple(sorted(draw(extras), key=lambda extra: order[extra.path])),
    )


# Answers

citations = st.sampled_from(
    [
        Citation(
            "openai_chat",
            b'{"type":"url_citation","url_citation":{"end_index":5,"start_index":0,"title":"T","url":"https://e.com"}}',
            "https://e.com",
            "T",
        )
    ]
)
signatures = st.builds(
    Signature, st.sampled_from(["anthropic", "gemini", "openai_responses", "openai_chat"]), some
)
gemini = st.builds(Signature, st.just("gemini"), some)
logprobs = st.sampled_from(
    [None, ("openai_chat", b'[{"token":"a","bytes":[97],"logprob":-0.1,"top_logprobs":[]}]')]
)


@st.composite
def candidates(draw, index):
    signed = st.builds(Thinking, some, signatures) | st.builds(
        Thinking, st.just(""), signatures, st.just(True)
    )
    thoughts = draw(st.lists(signed, max_size=2)) + draw(
        st.lists(st.builds(Thinking, some), max_size=1)
    )
    said = draw(
        st.lists(
            st.builds(Text, some, st.none() | gemini, st.lists(citations, max_size=2).map(tuple)),
            max_size=1,
        )
    )
    refusals = draw(st.lists(st.builds(Refusal, some), max_size=1))
    ids = draw(st.lists(names, max_size=3, unique=True))
    calls = [
        ToolCall(call_id, draw(names), draw(arguments), signature=draw(st.none() | gemini))
        for call_id in ids
    ]
    word = draw(st.sampled_from(["stop", "length", "content_filter"]))
    if calls and word == "stop":
        word = "tool_calls"
    reason = "refusal" if refusals and word == "stop" else word
    return Candidate(
        index,
        (*thoughts, *said, *refusals, *calls),
        Finish(reason, word),
        draw(logprobs) if said or refusals else None,
    )


counts = st.integers(0, 10_000)
usages = st.builds(
    Usage,
    input=st.integers(1, 10_000),
    input_audio=counts,
    cache_read=counts,
    cache_write_5m=counts,
    output=counts,
    output_audio=counts,
    output_image=counts,
    thinking=counts,
    tier=st.sampled_from([None, "default"]),
    server_calls=st.sampled_from([(), (("web_search", 2),)]),
)


@st.composite
def responses(draw):
    count = draw(st.integers(1, 3))
    return Response(
        id="chatcmpl-1",
        model="m",
        created=1_700_000_000,
        candidates=tuple(draw(candidates(at)) for at in range(count)),
        usage=draw(usages),
    )
