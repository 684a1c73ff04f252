"""Requests, answers and events as Hypothesis makes them.

What the vendor's rules forbid is not made, so that every request can be said without a loss: turns
alternate, calls are answered, texts hold more than whitespace, names and ids fit.
"""

import json

from hypothesis import strategies as st
from tests.unit.wire.anthropic.cases import PDF, PNG, SCHEMA, SEARCH_RESULT, SEARCH_USE, dump

from fairlead.canon import (
    Base64,
    CacheMark,
    Candidate,
    Citation,
    FileRef,
    Finish,
    FunctionTool,
    Media,
    Opaque,
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

texts = st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace())
names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
caches = st.sampled_from([*[None] * 12, CacheMark(), CacheMark("1h")])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=6), json_values, max_size=4)


own_blocks = st.sampled_from(
    [
        Opaque("anthropic", "server_tool_use", dump(SEARCH_USE)),
        Opaque("anthropic", "web_search_tool_result", dump(SEARCH_RESULT)),
    ]
)


@st.composite
def opaques(draw):
    kind = draw(st.sampled_from(["server_tool_use", "web_search_tool_result", "brand_new"]))
    fields = draw(objects)
    return Opaque("anthropic", kind, dump({**fields, "type": kind}))


@st.composite
def citations(draw):
    title = draw(st.none() | texts)
    where = {"document_index": 0, "start_char_index": 0, "end_char_index": 1}
    raw = {"type": "char_location", "cited_text": "x", "document_title": title, **where}
    return Citation("anthropic", dump(raw), None, title)


cited = st.lists(citations(), max_size=2).map(tuple)
plain_texts = st.builds(Text, texts, cache=caches)
said_texts = st.builds(Text, texts, citations=cited, cache=caches)
signatures = st.builds(Signature, st.just("anthropic"), texts)
thoughts = st.builds(Thinking, st.text(max_size=20), signatures) | st.builds(
    Thinking, st.just(""), signatures, st.just(True)
)
images = st.builds(
    Media,
    st.just("image"),
    st.just("image/png"),
    st.just(Base64(PNG)),
    cache=caches,
) | st.builds(
    Media,
    st.just("image"),
    st.just(""),
    st.just(Url("https://a.b/c")) | st.just(FileRef("anthropic", "f1")),
)
documents = st.builds(
    Media,
    st.just("document"),
    st.just("application/pdf"),
    st.just(Base64(PDF)) | st.just(Url("https://a.b/c.pdf")),
    title=st.none() | texts,
    context=st.none() | texts,
    citations=st.none() | st.booleans(),
    cache=caches,
) | st.builds(Media, st.just("document"), st.just("text/plain"), st.builds(PlainText, texts))
medias = images | documents
arguments = objects.map(json.dumps)


@st.composite
def conversations(draw):
    """Alternating turns; calls with fresh ids and all their results behind them."""
    turns = [Turn("user", tuple(draw(st.lists(plain_texts | medias, min_size=1, max_size=3))))]
    for round_ in range(draw(st.integers(0, 2))):
        calls = [
            ToolCall(f"toolu_{round_}_{n}", draw(names), draw(arguments), cache=draw(caches))
            for n in range(draw(st.integers(0, 3)))
        ]
        said = [*draw(st.lists(thoughts, max_size=1)), draw(said_texts | own_blocks), *calls]
        turns.append(Turn("assistant", tuple(said)))
        results = [draw(_results(call.id)) for call in calls]
        rest = draw(st.lists(plain_texts | medias, min_size=0 if results else 1, max_size=2))
        turns.append(Turn("user", (*draw(st.permutations(results)), *rest)))
    return tuple(turns)


@st.composite
def _results(draw, call_id):
    content = draw(st.lists(plain_texts | medias, max_size=2))
    return ToolResult(call_id, tuple(content), is_error=draw(st.booleans()), cache=draw(caches))


functions = st.builds(
    FunctionTool,
    names,
    st.none() | st.text(max_size=10),
    st.just(dump(SCHEMA)) | st.just(b'{"type":"object","x":[1]}'),
    st.none() | st.just(False),
    cache=caches,
)
server_tools = st.just(
    ServerTool("anthropic", "bash_20250124", b'{"type":"bash_20250124","name":"bash"}')
)


def _name(tool):
    return tool.name if isinstance(tool, FunctionTool) else tool.kind


@st.composite
def _tooling(draw):
    tools = tuple(draw(st.lists(functions | server_tools, max_size=3, unique_by=_name)))
    if not tools:
        return {}
    found = [tool.name for tool in tools if isinstance(tool, FunctionTool)]
    choices = [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
    choices += [ToolChoice("named", (name,)) for name in found]
    choice = draw(st.none() | st.sampled_from(choices))
    fields = {"tools": tools, "tool_choice": choice}
    if choice is not None and choice.mode != "none":
        fields["parallel_tools"] = draw(st.none() | st.booleans())
    return fields


samplings = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 1),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(0, 500),
    stop=st.lists(texts, max_size=2).map(tuple),
)
reasonings = st.none() | st.sampled_from(
    [
        Reasoning(budget=0),
        Reasoning(adaptive=True),
        Reasoning(effort="high", adaptive=True, visible=False),
        Reasoning(effort="max"),
        Reasoning(adaptive=True, visible=True),
    ]
)


@st.composite
def requests(draw):
    reasoning = draw(reasonings)
    thinks = reasoning is not None and reasoning.budget != 0
    return Request(
        model=draw(names),
        turns=draw(conversations()),
        instructions=tuple(draw(st.lists(plain_texts, max_size=2))),
        **draw(_tooling()),
        sampling=Sampling() if thinks else draw(samplings),
        max_tokens=draw(st.integers(0, 99_999)),
        output=draw(st.none() | st.just(OutputFormat("json_schema", schema=dump(SCHEMA)))),
        reasoning=reasoning,
        stream=draw(st.booleans()),
        user=draw(st.none() | texts),
        service_tier=draw(st.none() | st.sampled_from(["auto", "standard_only"])),
    )


counts = st.integers(0, 10**6)


@st.composite
def usages(draw):
    known = draw(st.booleans())
    return Usage(
        input=draw(counts),
        cache_read=draw(counts),
        cache_write_5m=draw(counts),
        cache_write_1h=draw(counts),
        output=draw(counts),
        thinking=draw(counts) if known else 0,
        thinking_known=known,
        tier=draw(st.none() | st.sampled_from(["standard", "priority", "batch"])),
        server_calls=draw(st.sampled_from([(), (("web_search", 2),)])),
    )


finishes = st.sampled_from(
    [
        Finish("stop", "end_turn"),
        Finish("stop", "stop_sequence", "END"),
        Finish("length", "max_tokens"),
        Finish("tool_calls", "tool_use"),
        Finish("pause", "pause_turn"),
        Finish("refusal", "refusal", None, b'{"type":"refusal"}'),
        Finish("context_overflow", "model_context_window_exceeded"),
    ]
)
answer_parts = (
    st.builds(Text, st.text(max_size=20), citations=cited)
    | thoughts
    | opaques()
    | st.builds(ToolCall, names, names, arguments)
)


@st.composite
def responses(draw):
    parts = tuple(draw(st.lists(answer_parts, max_size=5)))
    return Response(
        id=draw(names),
        model=draw(names),
        candidates=(Candidate(parts=parts, finish=draw(finishes)),),
        usage=draw(usages()),
    )


# ---- whatever other dialects may bring -----------------------------------------------------------

any_signatures = st.none() | st.builds(
    Signature, st.sampled_from(["anthropic", "gemini", "openai_responses"]), texts
)
any_texts = st.sampled_from(["", " ", "\n", "a", "b c", "trailing "])
any_ids = st.sampled_from(["a", "b", "call|1", "", "flid_x"])
any_medias = medias | st.sampled_from(
    [
        Media("audio", "audio/wav", Base64("UklGRg==")),
        Media("video", "video/mp4", Url("https://a.b/c")),
        Media("image", "image/jpeg", Base64(PNG), detail="high"),
        Media("image", "", FileRef("gemini", "f")),
        Media("document", "text/csv", Base64("YSxi"), name="x.csv"),
        Media("document", "application/zip", Base64("AAAA")),
    ]
)
any_calls = st.builds(
    ToolCall,
    any_ids,
    names,
    st.sampled_from(["", "{}", '{"a":1}', "[]", "{"]),
    st.booleans(),
    any_signatures,
)
any_results = st.builds(
    ToolResult, any_ids, st.lists(plain_texts | any_medias, max_size=2).map(tuple)
)
any_parts = (
    st.builds(Text, any_texts, any_signatures, cache=st.none() | st.just(CacheMark("1h")))
    | st.builds(Thinking, any_texts, any_signatures, st.booleans())
    | st.builds(Refusal, any_texts)
    | st.just(Opaque("gemini", "executableCode", b"{}"))
    | any_medias
)


@st.composite
def any_turns(draw):
    """Turns in any order; calls mostly get their results, sometimes not."""
    turns = []
    for index in range(draw(st.integers(1, 6))):
        path = f"messages[{index}]"
        role = draw(st.sampled_from(["system", "developer", "user", "assistant", "assistant"]))
        parts = draw(st.lists(any_parts, max_size=3))
        if role != "assistant":
            turns.append(Turn(role, tuple(parts), draw(st.none() | st.just("Bob")), path))
            continue
        calls = draw(st.lists(any_calls, max_size=2))
        turns.append(Turn(role, (*parts, *calls), path=path))
        if draw(st.integers(0, 9)):
            results = [ToolResult(c.id, (Text("r"),), c.name) for c in reversed(calls)]
        else:
            results = draw(st.lists(any_results, max_size=2))
        turns += [Turn("tool", (result,), path=f"{path}+") for result in results]
    return tuple(turns)


any_tools = st.lists(
    st.builds(
        FunctionTool,
        names,
        parameters=st.sampled_from(
            [
                None,
                b"{}",
                dump(SCHEMA),
                b'{"type":"object","properties":{"a":{"type":"object"},"b":{"minimum":1}}}',
                b'{"anyOf":[{"type":"object","properties":{"x":{"type":"string"}}}]}',
            ]
        ),
        strict=st.none() | st.booleans(),
    )
    | st.builds(FunctionTool, names, custom=st.just(True))
    | st.just(ServerTool("gemini", "google_search", b"{}")),
    max_size=3,
    unique_by=_name,
).map(tuple)
any_choices = st.none() | st.builds(
    ToolChoice, st.sampled_from(["auto", "none", "required"]), st.just(())
)
any_outputs = st.none() | st.sampled_from(
    [
        OutputFormat("text"),
        OutputFormat("json"),
        OutputFormat("json_schema", "x", dump(SCHEMA)),
        OutputFormat("json_schema", "x", b'{"type":"object","properties":{"a":{"maxLength":1}}}'),
        OutputFormat("json_schema", "x", b'{"type":"object"}'),
        OutputFormat("json_schema", "x", b'{"type":"array","items":{"$ref":"#"}}'),
    ]
)
any_reasonings = st.none() | st.sampled_from(
    [
        *(Reasoning(effort=e) for e in ("none", "minimal", "low", "high", "xhigh", "max")),
        *(Reasoning(budget=b) for b in (-1, 0, 1, 1024, 5_000, 99_999)),
        Reasoning(level="high", visible=True),
        Reasoning(adaptive=True, effort="low"),
    ]
)


@st.composite
def foreign_requests(draw):
    """What another dialect's decoder may hand over: much of it has to give way."""
    return Request(
        model="m",
        turns=draw(any_turns()),
        instructions=tuple(draw(st.lists(plain_texts, max_size=1))),
        tools=draw(any_tools),
        tool_choice=draw(any_choices),
        parallel_tools=draw(st.none() | st.booleans()),
        sampling=Sampling(
            temperature=draw(st.none() | st.floats(0, 2)),
            top_p=draw(st.none() | st.floats(0, 1)),
            top_k=draw(st.none() | st.floats(0, 99)),
            seed=draw(st.none() | st.just(1)),
            stop=draw(st.sampled_from([(), ("\n", "END"), (" ",)])),
        ),
        max_tokens=draw(st.none() | st.sampled_from([0, 1, 1024, 1025, 2_000, 20_000, 64_000])),
        output=draw(any_outputs),
        reasoning=draw(any_reasonings),
        stream=draw(st.booleans()),
    )
