"""The laws, on made-up requests, answers and streams."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.gemini.recorded import target

from fairlead.canon import (
    Base64,
    Candidate,
    Finish,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    Reasoning,
    Request,
    Response,
    Sampling,
    Signature,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Usage,
    fold,
    unfold,
)
from fairlead.emulator import authority
from fairlead.wire.codec import Reply
from fairlead.wire.gemini import CODEC

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:\-]{0,10}", fullmatch=True)
signatures = st.none() | st.builds(Signature, st.just("gemini"), st.sampled_from(["aa==", "bb"]))
arguments = st.dictionaries(words, st.integers() | words | st.none(), max_size=3).map(
    lambda x: json.dumps(x, separators=(",", ":"), ensure_ascii=False)
)
media = st.sampled_from(
    [
        Media("image", "image/png", Base64("iVBORw0KGgo=")),
        Media("audio", "audio/wav", Base64("aGk=")),
        Media("video", "video/mp4", Base64("AAAA")),
        Media("document", "application/pdf", Base64("JVBERi0=")),
        Media("document", "text/plain", Base64("+/+/")),
    ]
)
opaque = st.sampled_from(
    [
        Opaque("gemini", "executableCode", b'{"executableCode":{"code":"1","language":"PYTHON"}}'),
        Opaque(
            "gemini", "codeExecutionResult", b'{"codeExecutionResult":{"outcome":"OUTCOME_OK"}}'
        ),
    ]
)


@st.composite
def conversations(draw) -> tuple[Turn, ...]:
    """Turns in Gemini's normal form: roles alternate, each step's results follow its calls."""
    turns = [Turn("user", tuple(draw(st.lists(words.map(Text) | media, min_size=1, max_size=3))))]
    ids = iter(range(1000))
    for _ in range(draw(st.integers(0, 3))):
        said = draw(
            st.lists(
                st.builds(Text, words, signatures)
                | st.builds(Thinking, words, signatures)
                | opaque,
                max_size=2,
            )
        )
        calls = [
            ToolCall(f"id{next(ids)}", draw(names), draw(arguments), signature=draw(signatures))
            for _ in range(draw(st.integers(0, 3)))
        ]
        if not said and not calls:
            continue
        turns.append(Turn("assistant", (*said, *calls)))
        if calls:
            turns.append(Turn("tool", tuple(draw(results(call)) for call in calls)))
        if draw(st.booleans()) or not calls:
            turns.append(Turn("user", (Text(draw(words)),)))
    return tuple(turns)


@st.composite
def results(draw, call: ToolCall) -> ToolResult:
    json_text = draw(st.none() | arguments)
    texts = [Text(json_text)] if json_text else draw(st.lists(words.map(Text), max_size=1))
    if not json_text and texts and texts[0].text.lstrip().startswith("{"):
        texts = []
    return ToolResult(
        call.id,
        (*texts, *draw(st.lists(media, max_size=1))),
        name=call.name,
        is_error=draw(st.booleans()) if texts else False,
        json=json_text is not None,
    )


tools = st.lists(
    st.builds(
        FunctionTool,
        names,
        st.none() | words,
        st.sampled_from([None, b'{"type":"object","properties":{"a":{"type":"string"}}}']),
    ),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)
sampling = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(1, 40),
    seed=st.none() | st.integers(-(2**31), 2**31 - 1),
    stop=st.lists(words, max_size=5).map(tuple),
)
requests = st.builds(
    Request,
    model=st.just(""),
    turns=conversations(),
    instructions=st.lists(words.map(Text), max_size=2).map(tuple),
    tools=tools,
    sampling=sampling,
    max_tokens=st.none() | st.integers(1, 65_536),
    output=st.sampled_from([None, OutputFormat("json"), OutputFormat("text")]),
    reasoning=st.none()
    | st.builds(Reasoning, budget=st.integers(-1, 24_576), visible=st.none() | st.booleans()),
    modalities=st.sampled_from([(), ("text",)]),
)


@given(requests)
def test_a_request_comes_back(request):
    encoded = CODEC.encode_request(request, target())
    assert encoded.losses == ()
    assert CODEC.decode_request(encoded.body).without_paths() == request


@given(requests, st.sampled_from(["auto", "none", "required"]))
def test_a_request_is_accepted_by_the_vendors_schema(request, mode):
    asked = Request(
        model="", turns=request.turns, tools=request.tools, tool_choice=ToolChoice(mode)
    )
    for one in (request, asked):
        body = json.loads(CODEC.encode_request(one, target()).body)
        assert authority.check("gemini", "generate", body) == []
        assert authority.check("vertex_gemini", "generate", body) == []


@st.composite
def answers(draw) -> Response:
    """Answers in Gemini's normal form: no two parts that the merging law would make one."""
    usage = draw(
        st.none()
        | st.builds(
            Usage,
            input=st.integers(1, 99),
            input_audio=st.integers(0, 9),
            cache_read=st.integers(0, 9),
            cache_read_audio=st.integers(0, 9),
            tool_input=st.integers(0, 9),
            output=st.integers(0, 99),
            output_audio=st.integers(0, 9),
            output_image=st.integers(0, 9),
            thinking=st.integers(0, 99),
            tier=st.sampled_from([None, "standard", "flex"]),
        )
    )
    candidates = tuple(draw(candidate(index)) for index in range(draw(st.integers(1, 3))))
    return Response(id="answer-1", model="gemini-x", candidates=candidates, usage=usage)


@st.composite
def candidate(draw, index: int) -> Candidate:
    parts: list = []
    kinds = st.one_of(
        st.builds(Text, words, signatures),
        st.builds(Thinking, words, signatures),
        st.just("call"),
        media,
        opaque,
        st.builds(Text, st.just(""), st.just(Signature("gemini", "end"))),
    )
    for part in draw(st.lists(kinds, max_size=5)):
        if part == "call":
            call_id = f"c{index}-{len(parts)}"
            part = ToolCall(call_id, draw(names), draw(arguments), signature=draw(signatures))  # noqa: PLW2901
        last = parts[-1] if parts else None
        plain = isinstance(part, Text | Thinking) and part.signature is None
        if plain and type(last) is type(part) and last.signature is None:
            continue
        parts.append(part)
    called = any(isinstance(part, ToolCall) for part in parts)
    finish = draw(
        st.sampled_from(
            [
                Finish("tool_calls" if called else "stop", "STOP"),
                Finish("length", "MAX_TOKENS"),
                Finish("content_filter", "SPII", detail=b'{"finishMessage":"no"}'),
                Finish("error", "MALFORMED_FUNCTION_CALL"),
                Finish("other", "SOMETHING_NEW"),
            ]
        )
    )
    logprobs = draw(
        st.sampled_from(
            [None, ("gemini", b'[{"token":"a","logProbability":-0.5,"topCandidates":[]}]')]
        )
    )
    return Candidate(index, tuple(parts), finish, logprobs)


def decode(data: bytes, cuts: list[int]):
    decoder = CODEC.stream_decoder()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += decoder.feed(data[start:end])
    return events + decoder.close()


@given(answers())
def test_an_answer_comes_back(response):
    encoded = CODEC.encode_response(response, Reply("gemini-x", 0, "request-1"))
    assert encoded.losses == ()
    assert CODEC.decode_response(encoded.body) == response
    assert (
        CODEC.decode_response(
            json.dumps(json.loads(encoded.body), indent=2, ensure_ascii=False).encode()
        )
        == response
    )


@given(answers(), st.data())
def test_a_stream_folds_to_its_answer_however_it_is_cut(response, data):
    encoder = CODEC.stream_encoder(Reply("gemini-x", 0, "request-1"))
    said = b"".join(encoder.encode(event) for event in unfold(response)) + encoder.close()
    assert encoder.losses == []
    whole = decode(said, [])
    assert fold(whole) == response
    cuts = data.draw(st.lists(st.integers(0, len(said)), max_size=8).map(sorted))
    assert decode(said, cuts) == whole
    again = CODEC.stream_encoder(Reply("gemini-x", 0, "request-1"))
    twice = b"".join(again.encode(event) for event in whole) + again.close()
    assert fold(decode(twice, [])) == response


@given(answers(), st.integers(1, 4))
def test_text_in_pieces_is_the_same_text(response, size):
    """The unstreamed twin: unsigned text cut up, all else as it is, one chunk a part."""
    body = json.loads(CODEC.encode_response(response, Reply("gemini-x", 0, "request-1")).body)
    chunks = []
    for told in body["candidates"]:
        parts = told.pop("content")["parts"]
        for part in parts:
            texts = [part.get("text", "")]
            if "text" in part and "thoughtSignature" not in part:
                texts = [texts[0][at : at + size] for at in range(0, len(texts[0]), size)]
            for text in texts:
                piece = {**part, "text": text} if "text" in part else part
                content = {"parts": [piece], "role": "model"}
                chunks.append({"candidates": [{"content": content, "index": told["index"]}]})
        chunks.append({"candidates": [told]})
    rest = {name: value for name, value in body.items() if name != "candidates"}
    chunks = [{**chunk, **rest} for chunk in chunks]
    sse = b"".join(
        b"data: %b\r\n\r\n" % json.dumps(chunk, ensure_ascii=False).encode() for chunk in chunks
    )
    assert fold(decode(sse, [])) == response
    assert fold(decode(json.dumps(chunks, indent=1, ensure_ascii=False).encode(), [])) == response


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda x: x.encode("utf-8", "replace")))
def test_rubbish_is_an_error_and_no_exception(data):
    for wrapped in (data, b"data: " + data + b"\n\n", b"[" + data, b'{"candidates":[' + data):
        events = decode(wrapped, [])
        assert isinstance(events[-1], StreamError)
        CODEC.usage_tap().feed(wrapped)
        CODEC.decode_error(500, {}, wrapped)
