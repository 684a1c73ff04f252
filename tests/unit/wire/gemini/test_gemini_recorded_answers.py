"""Every recorded answer: decoded, folded however it is cut, and said again."""

import json
from random import Random

import pytest
from tests.unit.wire.gemini.recorded import calls, rows

from fairlead.canon import Failure, StreamError, Text, ToolCall, fold, unfold
from fairlead.wire.codec import Reply
from fairlead.wire.gemini import CODEC

ANSWERS = [row for row in calls() if row["response"]["status"] == 200]
TEXTS = {row["id"]: row["response"]["body_text"].encode() for row in ANSWERS}


def is_whole(text: bytes) -> bool:
    return text.lstrip().startswith(b"{")


WHOLE = [row["id"] for row in ANSWERS if is_whole(TEXTS[row["id"]])]
STREAMED = [row["id"] for row in ANSWERS if not is_whole(TEXTS[row["id"]])]


def decode(data: bytes, cuts: list[int] = []):  # noqa: B006  # never changed
    decoder = CODEC.stream_decoder()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += decoder.feed(data[start:end])
    return events + decoder.close()


def encode(events, model: str) -> bytes:
    encoder = CODEC.stream_encoder(Reply(model, 0, "request-1"))
    said = b"".join(encoder.encode(event) for event in events) + encoder.close()
    assert encoder.losses == []
    return said


def answer(id_: str):
    data = TEXTS[id_]
    return CODEC.decode_response(data) if is_whole(data) else fold(decode(data))


def usage_of(data: bytes) -> dict[str, int]:
    if is_whole(data):
        return json.loads(data).get("usageMetadata", {})
    if data.lstrip().startswith(b"["):
        return json.loads(data)[-1].get("usageMetadata", {})
    lines = [line for line in data.splitlines() if line.startswith(b"data:")]
    return json.loads(lines[-1][5:]).get("usageMetadata", {})


def test_there_are_enough_of_them():
    assert len(WHOLE) >= 327
    assert len(STREAMED) >= 35


@pytest.mark.parametrize("id_", WHOLE + STREAMED)
def test_usage_adds_up(id_):
    told = usage_of(TEXTS[id_])
    usage = answer(id_).usage
    if "totalTokenCount" not in told:
        assert usage is None
        return
    assert usage.total == told["totalTokenCount"]
    assert usage.prompt_total - usage.tool_input == told.get("promptTokenCount", 0)
    cached = told.get("cachedContentTokenCount", 0)
    assert usage.cache_read + usage.cache_read_audio == cached
    assert usage.thinking == told.get("thoughtsTokenCount", 0)
    assert min(usage.input, usage.input_audio, usage.output) >= 0


@pytest.mark.parametrize("id_", WHOLE + STREAMED)
def test_every_candidate_finishes_and_calls_have_ids_of_their_own(id_):
    response = answer(id_)
    assert response.id
    assert response.candidates
    for candidate in response.candidates:
        assert candidate.finish is not None
        ids = [part.id for part in candidate.parts if isinstance(part, ToolCall)]
        assert len(set(ids)) == len(ids)
        assert all(0 < len(call) <= 40 for call in ids)
        if ids and candidate.finish.raw == "STOP":
            assert candidate.finish.reason == "tool_calls"


@pytest.mark.parametrize("id_", STREAMED)
def test_a_stream_is_the_same_however_it_is_cut(id_):
    data = TEXTS[id_]
    events = decode(data)
    assert not any(isinstance(event, StreamError) for event in events)
    random = Random(id_)
    for count in (1, 7, 40):
        cuts = sorted(random.sample(range(1, len(data)), min(count, len(data) - 1)))
        assert decode(data, cuts) == events
    if len(data) < 5000:
        assert decode(data, list(range(1, len(data)))) == events


@pytest.mark.parametrize("id_", WHOLE)
def test_a_whole_answer_is_a_stream_of_one_chunk(id_):
    assert fold(decode(TEXTS[id_])) == CODEC.decode_response(TEXTS[id_])


@pytest.mark.parametrize("id_", WHOLE + STREAMED)
def test_is_said_again_whole(id_):
    response = answer(id_)
    encoded = CODEC.encode_response(response, Reply(response.model, 0, "request-1"))
    assert encoded.losses == ()
    assert CODEC.decode_response(encoded.body) == response


@pytest.mark.parametrize("id_", WHOLE + STREAMED)
def test_is_said_again_as_a_stream(id_):
    response = answer(id_)
    assert fold(decode(encode(unfold(response), response.model))) == response
    own = decode(TEXTS[id_])
    assert fold(decode(encode(own, response.model))) == response


@pytest.mark.parametrize("id_", WHOLE + STREAMED)
def test_the_tap_reads_usage_and_finish(id_):
    tap = CODEC.usage_tap()
    data = TEXTS[id_]
    for at in range(0, len(data), 700):
        tap.feed(data[at : at + 700])
    expected = answer(id_).usage
    if expected is None:
        assert tap.usage is None
        return
    assert tap.usage is not None
    assert tap.usage.total == expected.total
    assert tap.finish is not None


def test_text_is_all_there():
    for id_ in STREAMED:
        data = TEXTS[id_]
        if not data.startswith(b"data:"):
            continue
        chunks = [json.loads(x[5:]) for x in data.splitlines() if x.startswith(b"data:")]
        said = "".join(
            part.get("text", "")
            for chunk in chunks
            for candidate in chunk.get("candidates", [])
            for part in candidate["content"].get("parts", [])
            if not part.get("thought")
        )
        parts = answer(id_).candidates[0].parts
        assert "".join(part.text for part in parts if isinstance(part, Text)) == said


FIXTURES = {
    "google-429-retry-info.json": ("rate_limited", 34.4),
    "unary-failure-api-key.txt": ("upstream_auth", None),
    "unary-failure-unknown-model.txt": ("model_not_found", None),
    "unary-failure-context-cache-not-found.json": ("not_found", None),
    "unary-failure-iam-permission-denied.json": ("upstream_auth", None),
    "unary-failure-image-rejected.json": ("invalid_request", None),
    "unary-success-no-billable-characters.json": ("upstream", None),
    "streaming-failure-image-rejected.txt": ("invalid_request", None),
    "streaming-failure-api-key.txt": ("upstream_auth", None),
    "streaming-failure-invalid-json.txt": ("upstream", None),
}
FINISHES = {
    "streaming-failure-prompt-blocked-safety.txt": ("content_filter", "SAFETY"),
    "streaming-failure-recitation-no-content.txt": ("content_filter", "RECITATION"),
    "streaming-failure-unknown-finish-enum.txt": ("other", "FAKE_ENUM"),
    "streaming-success-basic-reply-long.txt": ("stop", "STOP"),
    "unary-failure-finish-reason-safety.txt": ("content_filter", "SAFETY"),
    "unary-failure-finish-reason-safety-no-content.json": ("content_filter", "SAFETY"),
    "unary-failure-only-prompt-feedback.json": ("content_filter", None),
    "unary-failure-unknown-enum-prompt-blocked.json": ("content_filter", "FAKE_NEW_BLOCK_REASON"),
    "unary-success-function-call-parallel-calls.json": ("tool_calls", "STOP"),
    "google-stream-tool-call-arguments.chunks.txt": ("tool_calls", "STOP"),
}


def fixture(name: str):
    found = [r for r in rows("responses_only.jsonl.gz") if r["file"].endswith("/" + name)]
    row = found[0]
    data = row["body_text"].encode()
    if row["format"].startswith("one JSON"):
        data = b"".join(b"data: %b\r\n\r\n" % x for x in data.splitlines() if x.strip())
    return row, data


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_of_failure(name):
    row, data = fixture(name)
    if row["stream"]:
        problem = next(e.problem for e in decode(data) if isinstance(e, StreamError))
    else:
        with pytest.raises(Failure) as caught:
            CODEC.decode_response(data)
        problem = caught.value.problem
    assert (problem.kind, problem.retry_after) == FIXTURES[name]


@pytest.mark.parametrize("name", FINISHES)
def test_a_fixture_of_finishing(name):
    row, data = fixture(name)
    response = fold(decode(data)) if row["stream"] else CODEC.decode_response(data)
    finish = response.candidates[0].finish
    assert (finish.reason, finish.raw) == FINISHES[name]


def test_arguments_that_came_in_pieces_are_whole():
    _, data = fixture("google-stream-tool-call-arguments.chunks.txt")
    parts = fold(decode(data)).candidates[0].parts
    told = [(part.name, json.loads(part.arguments)) for part in parts]
    assert told == [
        ("getWeather", {"location": "Boston"}),
        ("getWeather", {"location": "San Francisco"}),
    ]
    assert parts[0].signature is not None
