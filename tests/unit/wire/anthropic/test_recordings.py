"""Every recorded exchange of the Messages API, both ways."""

import json
import random

import pytest
from tests.unit.wire.anthropic.models import encode
from tests.unit.wire.anthropic.plain import plain
from tests.unit.wire.anthropic.recorded import answers, body, exchanges, lone_answers

from fairlead.canon import StreamError, Usage, fold, unfold
from fairlead.emulator.authority import check
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Reply

# A JPEG sent as image/png: the label is put right on the way out.
MISLABELLED = {"e727a1b1f2816a59"}


def decode(data: bytes, cuts=()):
    decoder = CODEC.stream_decoder()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += decoder.feed(data[start:end])
    return events + decoder.close()


def accepted(sent: dict) -> bool:
    return any(check("anthropic", op, sent) == [] for op in ("messages", "messages_beta"))


def test_every_request_passes_unchanged_and_is_accepted():
    rows = exchanges()
    lossless = taken = 0
    for row in rows:
        asked = row["request"]["body"]
        canon = CODEC.decode_request(body(row))
        sent, losses = encode(canon)
        assert losses == (), row["id"]
        if row["id"] not in MISLABELLED:
            assert plain(sent) == plain(asked), row["id"]
            lossless += 1
        again = CODEC.decode_request(json.dumps(sent).encode())
        assert plain(encode(again)[0]) == plain(sent), row["id"]
        if accepted(asked):
            assert accepted(sent), row["id"]
            taken += 1
    assert lossless >= len(rows) - len(MISLABELLED)
    assert taken / len(rows) > 0.98


def test_every_whole_answer_decodes_and_comes_back():
    for name, data in answers(stream=False):
        answer = CODEC.decode_response(data)
        told = json.loads(data)
        assert len(answer.candidates[0].parts) == len(told["content"]), name
        encoded = CODEC.encode_response(answer, Reply(answer.model, 0, "r"))
        assert encoded.losses == (), name
        again = CODEC.decode_response(encoded.body)
        assert again.candidates == answer.candidates, name


def test_every_answer_streamed_folds_to_itself():
    for name, data in answers(stream=False):
        answer = CODEC.decode_response(data)
        encoder = CODEC.stream_encoder(Reply(answer.model, 0, "r"))
        stream = b"".join([encoder.encode(event) for event in unfold(answer)]) + encoder.close()
        assert encoder.losses == [], name
        if b"\n" not in data:  # blocks printed over lines are told on one
            assert fold(decode(stream)).candidates == answer.candidates, name


def test_every_stream_folds_however_it_is_cut():
    chance = random.Random(7)
    streams = answers(stream=True)
    assert streams
    for name, data in streams:
        whole = decode(data)
        assert not any(isinstance(event, StreamError) for event in whole), name
        small = len(data) < 3_000
        cuts = range(1, len(data)) if small else [chance.randrange(len(data)) for _ in range(30)]
        for cut in cuts:
            assert decode(data, [cut]) == whole, (name, cut)
        many = sorted(chance.randrange(len(data)) for _ in range(200))
        assert decode(data, many) == whole, name


def _counted(usage: dict) -> tuple[int, int]:
    """Input and output as the vendor's own arithmetic has them."""
    kinds = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    spent = [usage, *(i for i in usage.get("iterations") or () if i["type"] == "compaction")]
    total = sum(part.get(kind) or 0 for part in spent for kind in kinds)
    return total, sum(part["output_tokens"] for part in spent)


def _adds_up(usage: Usage | None, told: dict) -> None:
    assert usage is not None
    assert (usage.prompt_total, usage.completion_total) == _counted(told)
    details = told.get("output_tokens_details")
    assert usage.thinking_known is (details is not None)
    if details:
        assert usage.thinking == details["thinking_tokens"]


def test_usage_of_every_answer_adds_up():
    for _, data in answers(stream=False):
        _adds_up(CODEC.decode_response(data).usage, json.loads(data)["usage"])
    for name, data in answers(stream=True):
        told: dict = {}
        for line in data.decode().splitlines():
            if line.startswith("data:"):
                event = json.loads(line[5:])
                usage = event.get("usage") or event.get("message", {}).get("usage") or {}
                told |= {key: value for key, value in usage.items() if value is not None}
        usage = fold(decode(data)).usage
        _adds_up(usage, told)
        tap = CODEC.usage_tap()
        tap.feed(data)
        assert tap.usage == usage, name


def test_every_recorded_error_is_understood():
    kinds = {}
    for row in exchanges():
        status = row["response"]["status"]
        if status != 200:
            found = CODEC.decode_error(status, {}, row["response"]["body_text"].encode())
            kinds.setdefault(found.kind, []).append(status)
    assert {kind: sorted(set(found)) for kind, found in kinds.items()} == {
        "model_not_found": [404],
        "invalid_request": [400],
        "context_length_exceeded": [400],
        "upstream_auth": [401],
    }


def test_lone_answers_decode():
    seen = 0
    for row in lone_answers():
        text = row["body_text"]
        if row["stream"]:
            lines = [f"data: {line}\n\n" for line in text.splitlines() if line.strip()]
            events = decode("".join(lines).encode())
            assert not any(isinstance(event, StreamError) for event in events), row["file"]
        elif '"type": "message"' in text:
            assert CODEC.decode_response(text.encode()).candidates, row["file"]
        else:
            continue
        seen += 1
    assert seen >= 25


@pytest.mark.parametrize("op", ["count_tokens"])
def test_bodies_of_token_counting_decode_too(op):
    for row in exchanges(op=op):
        asked = row["request"]["body"]
        if isinstance(asked, dict) and "messages" in asked:
            assert CODEC.decode_request(body(row)).turns
