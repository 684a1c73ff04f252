import collections
import json

import pytest
from msgspec.structs import replace
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.unit.wire.openai_chat.recordings_chat import answers, request_body, rows

from fairlead.canon import Failure, StreamError, fold, unfold
from fairlead.catalog.model import Model
from fairlead.wire.codec import Reply, Target
from fairlead.wire.openai_chat import CODEC

REPLY = Reply("m", 1_700_000_000, "req-1", include_usage=True)

REFUSED = {
    # An image that the vendor refused too: the "image" is a web server's complaint.
    "3f192e57fe54b853": "is not an image",
    # Azure names the model in its address; here a model is required.
    "655ad40a86487fdb": "Invalid type for 'model'",
}
BROKEN = {
    # The vendors themselves report an error in mid-stream.
    "01d610bac510441f": "Tool call validation failed",
    "bc126775055e42e3": "Token limit reached",
}


def test_every_recorded_request_decodes():
    refused = {}
    for row in rows():
        body = request_body(row)
        if body is None:
            continue
        try:
            request = CODEC.decode_request(body)
        except Failure as failure:
            refused[row["id"]] = failure.problem.message
            continue
        assert CODEC.peek(body).model == request.model
    assert refused.keys() == REFUSED.keys()
    for row_id, message in refused.items():
        assert REFUSED[row_id] in message


def test_recorded_requests_survive_encoding():
    kept = 0
    for row in rows():
        body = request_body(row)
        if body is None or row["id"] in REFUSED:
            continue
        request = CODEC.decode_request(body)
        encoded = CODEC.encode_request(
            request, Target(request.model, Model.unknown(request.model, "someone"))
        )
        if not encoded.losses:
            kept += 1
            # `functions` go on as `tools`; only an answer to their client is another one.
            request = replace(request.without_paths(), legacy_functions=False)
            assert CODEC.decode_request(encoded.body).without_paths() == request
    assert kept > 650


def adds_up(usage, told):
    """Canon's buckets add up to what the vendor told, by the rules in `usage`."""
    prompt, completion, total = (
        told.get(name) or 0 for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if usage.estimated:  # more cached tokens than prompt tokens: they cannot be part of them
        return usage.completion_total == completion and usage.prompt_total > prompt
    return usage.total == total and usage.prompt_total >= prompt


def test_every_recorded_answer_decodes_and_adds_up():
    odd = collections.Counter()
    for row, body in answers(stream=False):
        response = CODEC.decode_response(body)
        told = json.loads(body)
        assert response.candidates
        # Snowflake writes out every field, empty, the finish reason too.
        ended = all(candidate.finish for candidate in response.candidates)
        assert ended or row["provider"] == "compat:snowflake"
        assert response.usage is not None
        assert adds_up(response.usage, told["usage"]), row["id"]
        odd[row["provider"]] += response.usage.estimated
        tap = CODEC.usage_tap()
        for at in range(0, len(body), 997):
            tap.feed(body[at : at + 997])
        assert tap.usage == response.usage
        again = CODEC.encode_response(response, REPLY)
        ChatCompletion.model_validate_json(again.body)
    # Grok on Azure alone contradicts itself.
    assert {provider for provider, count in odd.items() if count} == {"azure_openai"}


@pytest.mark.parametrize("size", [1 << 30, 4096, 61])
def test_every_recorded_stream_folds_however_it_is_cut(size):
    broken = {}
    for row, body in answers(stream=True):
        decoder, tap = CODEC.stream_decoder(), CODEC.usage_tap()
        events = []
        for at in range(0, len(body), size):
            events += decoder.feed(body[at : at + size])
            tap.feed(body[at : at + size])
        events += decoder.close()
        if isinstance(events[-1], StreamError):
            broken[row["id"]] = events[-1].problem.message
            continue
        response = fold(events)
        assert response.candidates, row["id"]
        assert tap.usage == response.usage
        first = CODEC.stream_decoder()
        assert fold(first.feed(body) + first.close()) == response
    assert broken.keys() == BROKEN.keys()
    for row_id, message in broken.items():
        assert BROKEN[row_id] in message


def test_recorded_streams_pass_through_the_encoder():
    count = 0
    for row, body in answers(stream=True):
        if row["id"] in BROKEN:
            continue
        decoder, encoder = CODEC.stream_decoder(), CODEC.stream_encoder(REPLY)
        events = decoder.feed(body) + decoder.close()
        out = b"".join(encoder.encode(event) for event in events) + encoder.close()
        again = CODEC.stream_decoder()
        before, after = fold(events), fold(again.feed(out) + again.close())
        assert [text(c) for c in after.candidates] == [text(c) for c in before.candidates]
        if before.usage is not None and not before.usage.estimated:
            assert untiered(after.usage) == untiered(before.usage)
        for line in out.split(b"\n\n")[:-2]:
            count += 1
            if count % 7 == 0:  # every one would take its time
                ChatCompletionChunk.model_validate_json(line.removeprefix(b"data: "))
    assert count > 10_000


def untiered(usage):
    return replace(usage, tier=None)  # other vendors' tiers become "default"


def text(candidate):
    """What a candidate says, by kind, without its division into parts."""
    said = collections.defaultdict(str)
    for part in candidate.parts:
        kind = type(part).__name__
        said[kind] += getattr(part, "text", "") or getattr(part, "arguments", "")
    return {kind: value for kind, value in said.items() if value}


def test_recorded_answers_survive_as_events():
    for _, body in answers(stream=False):
        response = CODEC.decode_response(body)
        assert fold(unfold(response)) == response


def test_recorded_errors_have_their_kind():
    kinds = {}
    for row in rows():
        status = row["response"]["status"]
        if status >= 400:
            body = row["response"]["body_text"].encode()
            problem = CODEC.decode_error(status, {}, body)
            kinds.setdefault((row["provider"], status), set()).add(problem.kind)
            assert problem.message
            assert not problem.message.startswith("{")
    assert kinds == {
        ("openai", 404): {"model_not_found"},
        ("openai", 400): {"invalid_request"},
        ("openai", 401): {"upstream_auth"},
        ("azure_openai", 401): {"upstream_auth"},
        ("azure_openai", 429): {"rate_limited"},
        ("compat:groq", 404): {"model_not_found"},
        ("compat:groq", 400): {"invalid_request"},
        ("compat:mistral", 401): {"upstream_auth"},
        ("compat:openrouter", 401): {"upstream_auth"},
        ("compat:deepseek", 400): {"context_length_exceeded"},
        ("compat:ollama", 400): {"context_length_exceeded"},
        ("compat:perplexity", 400): {"context_length_exceeded"},
    }
