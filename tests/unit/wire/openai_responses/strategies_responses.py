"""Requests and answers as Hypothesis makes them: what the dialect can say without a loss."""

import json

from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    Candidate,
    Citation,
    FileRef,
    Finish,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
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

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKMSAwIG9iago8PC9UeXBlIC9DYXRhbG9nPj4KZW5kb2JqCg=="
SEARCH = b'{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}}'
NOTE = {"type": "url_citation", "url": "https://a.b", "title": "A", "start_index": 0}

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
objects = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers()
)
arguments = objects.map(json.dumps)


@st.composite
def thoughts(draw):
    """Encrypted reasoning, whose signature is the item."""
    pieces = draw(st.lists(texts, max_size=2))
    item = {"type": "reasoning", "id": f"rs_{draw(names)}"}
    item["summary"] = [{"type": "summary_text", "text": text} for text in pieces]
    item["encrypted_content"] = draw(names)
    value = json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    text = "\n\n".join(pieces)
    return Thinking(text, Signature("openai_responses", value), redacted=not text)


@st.composite
def citations(draw):
    raw = json.dumps({**NOTE, "end_index": draw(st.integers(0, 9))}, separators=(",", ":"))
    return Citation("openai_responses", raw.encode(), NOTE["url"], NOTE["title"])


plain = st.builds(Text, texts)
cited = st.builds(Text, texts, citations=st.lists(citations(), max_size=2).map(tuple))
images = st.builds(
    Media,
    st.just("image"),
    st.just("image/png"),
    st.just(Base64(PNG)),
    detail=st.sampled_from([None, "low", "high"]),
) | st.builds(
    Media,
    st.just("image"),
    st.just(""),
    st.just(Url("https://a.b/c.png")) | st.just(FileRef("openai_responses", "file-1")),
)
files = st.builds(
    Media,
    st.just("document"),
    st.just("application/pdf"),
    st.just(Base64(PDF)),
    name=names.map("{}.pdf".format),
) | st.builds(
    Media,
    st.just("document"),
    st.just(""),
    st.just(Url("https://a.b/c.pdf")) | st.just(FileRef("openai_responses", "file-2")),
)
searches = st.just(Opaque("openai_responses", "web_search_call", SEARCH))


@st.composite
def conversations(draw):
    """A user's turns and answers, calls with their results behind them."""
    turns = []
    for at in range(draw(st.integers(1, 3))):
        role = draw(st.sampled_from(["user", "user", "system", "developer"]))
        turns.append(
            Turn(role, tuple(draw(st.lists(plain | images | files, min_size=1, max_size=3))))
        )
        said = draw(st.lists(thoughts() | searches, max_size=2))
        said += draw(st.lists(cited | st.builds(Refusal, texts), min_size=1, max_size=2))
        calls = [
            ToolCall(f"call_{at}_{n}", draw(names), draw(arguments | texts), custom)
            for n, custom in enumerate(draw(st.lists(st.booleans(), max_size=3)))
        ]
        turns.append(Turn("assistant", (*said, *calls)))
        for call in draw(st.permutations(calls)):
            content = tuple(draw(st.lists(plain | images | files, min_size=1, max_size=2)))
            turns.append(Turn("tool", (ToolResult(call.id, content, custom=call.custom),)))
    return tuple(turns)


functions = st.builds(
    FunctionTool,
    names,
    st.none() | texts,
    st.none() | st.just(b'{"type":"object"}'),
    st.booleans(),
) | st.builds(FunctionTool, names, st.none() | texts, custom=st.just(True))
servers = st.just(ServerTool("openai_responses", "web_search", b'{"type":"web_search"}'))


@st.composite
def tooling(draw):
    tools = draw(st.lists(functions, max_size=3, unique_by=lambda tool: tool.name))
    tools += draw(st.lists(servers, max_size=1))
    if not tools:
        return {}
    found = tuple(tool.name for tool in tools if isinstance(tool, FunctionTool))
    choices = [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
    choices += [ToolChoice("named", (name,)) for name in found]
    if len(found) > 1:
        choices += [ToolChoice("auto", found), ToolChoice("named", found)]
    return {
        "tools": tuple(tools),
        "tool_choice": draw(st.none() | st.sampled_from(choices)),
        "parallel_tools": draw(st.sampled_from([None, False])),
    }


outputs = st.none() | st.sampled_from(
    [
        OutputFormat("json"),
        OutputFormat("json_schema", "x", b'{"type":"object"}', "about", strict=True),
        OutputFormat("json_schema", "x", b'{"type":"object"}'),
    ]
)


@st.composite
def requests(draw):
    stream = draw(st.booleans())
    output = draw(outputs)
    turns = draw(conversations())
    if output is not None and output.kind == "json":  # refused without the word
        turns = (Turn("system", (Text("In JSON."),)), *turns)
    return Request(
        model=draw(names),
        turns=turns,
        instructions=tuple(draw(st.lists(plain, max_size=1))),
        **draw(tooling()),
        sampling=Sampling(draw(st.none() | st.floats(0, 2)), draw(st.none() | st.floats(0, 1))),
        max_tokens=draw(st.none() | st.integers(16, 9999)),
        logprobs=draw(st.none() | st.just(True)),
        top_logprobs=draw(st.none() | st.integers(1, 20)),
        output=output,
        reasoning=draw(
            st.none()
            | st.builds(
                Reasoning,
                effort=st.sampled_from(["none", "low", "xhigh"]),
                visible=st.sampled_from([None, True]),
            )
        ),
        stream=stream,
        include_usage=stream,
        user=draw(st.none() | texts),
        service_tier=draw(st.none() | st.sampled_from(["flex", "priority"])),
    )


counts = st.integers(0, 10**6)
usages = st.builds(
    Usage,
    input=counts,
    cache_read=counts,
    cache_write_5m=counts,
    output=counts,
    thinking=counts,
    tier=st.sampled_from([None, "default", "priority"]),
)


@st.composite
def responses(draw):
    parts = draw(
        st.lists(
            thoughts()
            | searches
            | cited
            | st.just(Text(""))
            | st.builds(Refusal, texts)
            | st.builds(
                ToolCall, names.map("call_{}".format), names, arguments | texts, st.booleans()
            ),
            max_size=5,
        )
    )
    called = any(isinstance(part, ToolCall) for part in parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    ended = "tool_calls" if called else "refusal" if refused else "stop"
    finish = draw(
        st.sampled_from(
            [
                Finish(ended, "completed"),
                Finish("length", "max_output_tokens"),
                Finish("content_filter", "content_filter"),
            ]
        )
    )
    usage = draw(usages)
    searched = sum(isinstance(part, Opaque) for part in parts)
    if usage is not None and searched:  # the vendor bills each search
        usage = replace(usage, server_calls=(("web_search", searched),))
    return Response(
        id="resp_1",
        model="m",
        created=1_700_000_000,
        candidates=(Candidate(parts=tuple(parts), finish=finish),),
        usage=usage,
    )
