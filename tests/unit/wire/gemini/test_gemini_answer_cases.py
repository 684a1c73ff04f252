"""Answers: the merging law, ids, finishes, usage, sources."""

import json

import pytest

from fairlead.canon import (
    Candidate,
    Citation,
    Delta,
    Failure,
    Finish,
    FinishReason,
    PartStart,
    PartStop,
    Refusal,
    Response,
    Signature,
    Start,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
    fold,
)
from fairlead.wire.codec import Reply
from fairlead.wire.gemini import CODEC
from fairlead.wire.gemini.grounding import queries
from fairlead.wire.gemini.partial_call import PartialArg, PartialCall

SIGNED = Signature("gemini", "s")


def answer(*parts: dict, finish="STOP", **more) -> Response:
    told = {"content": {"parts": list(parts), "role": "model"}, "finishReason": finish, **more}
    return CODEC.decode_response(json.dumps({"candidates": [told], "responseId": "r1"}).encode())


def parts(*wire: dict, **more):
    return answer(*wire, **more).candidates[0].parts


MERGING = {
    "text extends text": ([{"text": "a"}, {"text": "b"}], (Text("ab"),)),
    "thoughts extend thoughts": (
        [{"text": "a", "thought": True}, {"text": "b", "thought": True}, {"text": "c"}],
        (Thinking("ab"), Text("c")),
    ),
    "a signature stands alone": (
        [{"text": "a"}, {"text": "b", "thoughtSignature": "s"}, {"text": "c"}, {"text": "d"}],
        (Text("a"), Text("b", SIGNED), Text("cd")),
    ),
    "a signature on nothing": (
        [{"text": "a"}, {"text": "", "thoughtSignature": "s"}],
        (Text("a"), Text("", SIGNED)),
    ),
    "a signature without text": ([{"thoughtSignature": "s"}], (Text("", SIGNED),)),
    "nothing": ([{"text": ""}, {}], ()),
    "empty text does not part": ([{"text": "a"}, {"text": ""}, {"text": "b"}], (Text("ab"),)),
}


@pytest.mark.parametrize("name", MERGING)
def test_merging(name):
    wire, expected = MERGING[name]
    assert parts(*wire) == expected


def test_ids_are_stable_and_differ():
    call = {"functionCall": {"name": "f", "args": {"a": 1}}}
    one, two = parts(call, call)
    assert one.id != two.id
    assert (one, two) == parts(call, call)
    assert len(one.id) == 29
    named = parts({"functionCall": {"name": "f", "id": "mine"}})
    assert named == (ToolCall("mine", "f", "{}"),)
    long = parts({"functionCall": {"name": "f", "id": "x" * 90}})
    assert len(long[0].id) <= 40
    same = {"functionCall": {"name": "f", "id": "same"}}
    assert len({part.id for part in parts(same, same)}) == 2


def test_ids_differ_between_candidates_and_answers():
    told = {"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}
    ids = set()
    for answer_id in ("r1", "r2"):
        body = {"candidates": [told, {**told, "index": 1}], "responseId": answer_id}
        response = CODEC.decode_response(json.dumps(body).encode())
        ids |= {part.id for candidate in response.candidates for part in candidate.parts}
    assert len(ids) == 4


FINISHES: list[tuple[object, FinishReason, str | None]] = [
    ("STOP", "stop", "STOP"),
    (1, "stop", "STOP"),
    ("stop", "stop", "STOP"),
    (2, "length", "MAX_TOKENS"),
    ("SAFETY", "content_filter", "SAFETY"),
    (8, "content_filter", "SPII"),
    ("MALFORMED_FUNCTION_CALL", "error", "MALFORMED_FUNCTION_CALL"),
    ("BRAND_NEW", "other", "BRAND_NEW"),
    (99, "other", "99"),
    (None, "other", None),
]


@pytest.mark.parametrize(("said", "reason", "raw"), FINISHES)
def test_finishes(said, reason, raw):
    finish = answer({"text": "a"}, finish=said).candidates[0].finish
    assert (finish.reason, finish.raw) == (reason, raw)


def test_stop_with_calls_is_tool_calls_and_length_stays():
    call = {"functionCall": {"name": "f"}}
    assert answer(call).candidates[0].finish.reason == "tool_calls"
    assert answer(call, finish="MAX_TOKENS").candidates[0].finish.reason == "length"


def test_a_finish_keeps_its_particulars():
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH"}]
    told = answer(finish="SAFETY", safetyRatings=ratings, finishMessage="no")
    detail = json.loads(told.candidates[0].finish.detail)
    assert detail == {"finishMessage": "no", "safetyRatings": ratings}


def test_no_parts_at_all():
    body = b'{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]}'
    assert CODEC.decode_response(body).candidates == (
        Candidate(0, (), Finish("length", "MAX_TOKENS")),
    )


def test_a_blocked_prompt_is_an_empty_candidate():
    body = b'{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"responseId":"r"}'
    response = CODEC.decode_response(body)
    (only,) = response.candidates
    assert only.parts == ()
    assert (only.finish.reason, only.finish.raw) == ("content_filter", "PROHIBITED_CONTENT")
    again = CODEC.encode_response(response, Reply("", 0, "x"))
    assert json.loads(again.body)["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert CODEC.decode_response(again.body) == response


@pytest.mark.parametrize("body", [b"{}", b'{"candidates":[]}', b'{"totalTokens":3}', b"[]", b"x"])
def test_an_answer_without_an_answer_is_the_vendors_fault(body):
    with pytest.raises(Failure) as caught:
        CODEC.decode_response(body)
    assert caught.value.problem.kind == "upstream"
    assert caught.value.problem.retryable


def usage(**counts) -> Usage | None:
    body = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": counts}
    return CODEC.decode_response(json.dumps(body).encode()).usage


def test_usage_is_put_in_buckets():
    told = usage(
        promptTokenCount=100,
        cachedContentTokenCount=40,
        candidatesTokenCount=30,
        thoughtsTokenCount=20,
        toolUsePromptTokenCount=7,
        totalTokenCount=157,
        promptTokensDetails=[
            {"modality": "TEXT", "tokenCount": 70},
            {"modality": 4, "tokenCount": 30},
        ],
        cacheTokensDetails=[{"modality": "AUDIO", "tokenCount": 10}],
        candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 5}],
        serviceTier="STANDARD",
    )
    assert told == Usage(
        input=40,
        input_audio=20,
        cache_read=30,
        cache_read_audio=10,
        tool_input=7,
        output=25,
        output_image=5,
        thinking=20,
        tier="standard",
    )
    assert told.total == 157


@pytest.mark.parametrize(
    ("traffic", "tier"),
    [
        ("ON_DEMAND", "standard"),
        (1, "standard"),
        ("ON_DEMAND_FLEX", "flex"),
        ("X", "x"),
        (None, None),
    ],
)
def test_traffic_tells_the_tier(traffic, tier):
    told = usage(promptTokenCount=1, totalTokenCount=1, trafficType=traffic)
    assert told is not None
    assert told.tier == tier


def test_no_counts_are_no_usage():
    assert usage(trafficType="ON_DEMAND") is None


GROUNDING = {
    "webSearchQueries": ["a", "b"],
    "groundingChunks": [{"web": {"uri": "https://e.com", "title": "E"}}],
}


def test_sources_become_citations():
    body = {
        "candidates": [
            {
                "content": {"parts": [{"text": "x"}]},
                "finishReason": "STOP",
                "groundingMetadata": GROUNDING,
            }
        ],
        "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1},
    }
    response = CODEC.decode_response(json.dumps(body).encode())
    (part,) = response.candidates[0].parts
    whole, source = part.citations
    assert json.loads(whole.raw) == {"groundingMetadata": GROUNDING}
    assert (source.url, source.title) == ("https://e.com", "E")
    assert response.usage.server_calls == (("web_search", 2),)


def test_sources_without_text_get_a_part_of_their_own():
    call = {"functionCall": {"name": "f", "id": "1"}}
    found = parts(call, groundingMetadata=GROUNDING)
    assert found[0] == ToolCall("1", "f", "{}")
    assert isinstance(found[1], Text)
    assert found[1].text == ""
    assert len(found[1].citations) == 2


def test_logprobs_are_one_list_of_steps():
    result = {
        "chosenCandidates": [{"token": "a", "logProbability": -0.1}],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -0.1}]}],
    }
    told = answer({"text": "a"}, logprobsResult=result).candidates[0].logprobs
    assert told is not None
    assert told[0] == "gemini"
    assert json.loads(told[1]) == [
        {
            "token": "a",
            "logProbability": -0.1,
            "topCandidates": [{"token": "a", "logProbability": -0.1}],
        }
    ]


def test_a_foreign_answer_is_said_with_its_losses():
    foreign = Response(
        id="m1",
        model="claude",
        candidates=(
            Candidate(
                0,
                (
                    Thinking("hm", Signature("anthropic", "x")),
                    Text("hi", citations=(Citation("anthropic", b"{}", "https://e.com"),)),
                    Refusal("no"),
                    ToolCall("t1", "f", '{"cut'),
                ),
                Finish("stop", "stop_sequence", sequence="END"),
            ),
        ),
        usage=Usage(input=5, cache_write_5m=3, output=2),
    )
    encoded = CODEC.encode_response(foreign, Reply("auto", 0, "r", extra=b'{"cost":"1"}'))
    told = json.loads(encoded.body)
    thought, *texts = told["candidates"][0]["content"]["parts"]
    assert thought == {"text": "hm", "thought": True}
    assert texts == [{"text": "hi"}, {"text": "no"}]
    assert told["candidates"][0]["finishReason"] == "STOP"
    assert told["usageMetadata"]["totalTokenCount"] == 10
    assert told["usageMetadata"]["fairlead"] == {"cost": "1"}
    assert {loss.what for loss in encoded.losses} == {
        "signature",
        "citation",
        "refusal",
        "arguments",
        "stop_sequence",
        "usage_cache_write",
    }


def test_a_foreign_stream_is_said_as_it_comes():
    encoder = CODEC.stream_encoder(Reply("auto", 0, "r"))
    events = [
        Start("m1", "claude"),
        PartStart(0, Text("")),
        Delta(0, "he"),
        Delta(0, "llo\n"),
        PartStop(0),
        PartStart(1, ToolCall("t", "f", "")),
        PartStart(2, ToolCall("u", "g", "")),
        Delta(2, '{"b":'),
        Delta(1, '{\n"a":1}'),
        Delta(2, "2}"),
        PartStop(1),
        PartStop(2),
        UsageUpdate(Usage(input=1, output=2)),
    ]
    chunks = [encoder.encode(event) for event in events]
    assert [bool(chunk) for chunk in chunks] == [False] * 2 + [True] * 2 + [False] * 6 + [
        True
    ] * 2 + [False]
    said = b"".join(chunks) + encoder.close(b'{"cost":"1"}')
    assert all(line.startswith(b"data: ") for line in said.split(b"\r\n\r\n") if line)
    decoder = CODEC.stream_decoder()
    got = fold(decoder.feed(said))
    assert got.candidates[0].parts == (
        Text("hello\n"),
        ToolCall("t", "f", '{"a":1}'),
        ToolCall("u", "g", '{"b":2}'),
    )
    assert b'"fairlead":{"cost":"1"}' in said


def test_pieces_of_arguments():
    call = PartialCall("f", "", None)
    for piece in (
        PartialArg("$.a", string_value="x"),
        PartialArg("$.a", string_value="y"),
        PartialArg("$.b.c[0]", number_value=1),
        PartialArg("$.b.c[1]['k.k']", bool_value=True),
        PartialArg("$.d"),
        PartialArg("$.b.c[7]", number_value=2),
        PartialArg("nonsense", number_value=2),
        PartialArg("$.a.b", number_value=2),
    ):
        call.add([piece])
    assert json.loads(call.arguments()) == {
        "a": "xy",
        "b": {"c": [1, {"k.k": True}]},
        "d": None,
    }


@pytest.mark.parametrize(
    ("named", "billed"),
    [(["a", "b"], 2), (["", "a", " ", "b"], 2), (["a", "a"], 1), (["", ""], 0), ([], 0)],
)
def test_each_different_search_is_billed_and_empty_ones_are_not(named, billed) -> None:
    assert queries(json.dumps({"webSearchQueries": named}).encode()) == billed
