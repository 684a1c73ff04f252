"""The laws of the design, over generated requests, answers and streams."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from tests.unit.wire.openai_responses.strategies_responses import requests, responses

from fairlead.canon import StreamError, fold, unfold
from fairlead.catalog.model import Model
from fairlead.emulator.authority import check
from fairlead.wire.codec import Reply, Target
from fairlead.wire.openai_responses import CODEC

REPLY = Reply("m", 1_700_000_000, "resp_1")
LAW = settings(max_examples=120, deadline=None)
EVENT = TypeAdapter(ResponseStreamEvent)


def encoded(request):
    return CODEC.encode_request(request, Target(request.model, Model.unknown(request.model, "v")))


@LAW
@given(requests())
def test_what_a_request_says_survives_encoding(request):
    written = encoded(request)
    assert written.losses == ()
    assert CODEC.decode_request(written.body).without_paths() == request
    peek = CODEC.peek(written.body)
    assert (peek.model, peek.stream, peek.max_tokens) == (
        request.model,
        request.stream,
        request.max_tokens,
    )


@LAW
@given(requests())
def test_every_encoded_request_is_accepted_by_the_vendors_schema(request):
    assert check("openai", "responses", json.loads(encoded(request).body)) == []


@LAW
@given(requests())
def test_every_path_names_a_field_of_the_body(request):
    body = encoded(request).body
    again, told = CODEC.decode_request(body), json.loads(body)
    for turn in again.turns:
        for at in range(len(turn.parts)):
            path = CODEC.client_path(f"{turn.path}.content[{at}]", again)
            value = told
            for step in path.replace("[", ".[").split("."):
                if step.startswith("["):
                    if isinstance(value, str):  # one text is written as a string
                        assert step == "[0]"
                    else:
                        value = value[int(step[1:-1])]
                else:
                    value = value[step]


@LAW
@given(responses())
def test_what_an_answer_says_survives_encoding(response):
    written = CODEC.encode_response(response, REPLY)
    assert written.losses == ()
    Response.model_validate_json(written.body)
    assert CODEC.decode_response(written.body) == response


def streamed(response):
    encoder = CODEC.stream_encoder(REPLY)
    body = b"".join(encoder.encode(event) for event in unfold(response)) + encoder.close()
    assert encoder.losses == []
    return body, encoder.final


def told(pieces):
    decoder = CODEC.stream_decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


@LAW
@given(responses())
def test_what_an_answer_says_survives_streaming(response):
    body, final = streamed(response)
    assert fold(told([body])) == response
    assert CODEC.decode_response(final) == response
    tap = CODEC.usage_tap()
    tap.feed(body)
    assert (tap.usage, tap.final) == (response.usage, final)
    assert tap.finish == response.candidates[0].finish.raw
    events = [chunk.split(b"\ndata: ") for chunk in body.split(b"\n\n")[:-1]]
    for number, (name, data) in enumerate(events):
        event = EVENT.validate_json(data)
        assert event.sequence_number == number
        assert name == b"event: " + event.type.encode()


@LAW
@given(responses(), st.lists(st.integers(1, 80), min_size=1, max_size=40))
def test_cuts_change_nothing(response, sizes):
    body, _ = streamed(response)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(body[at : at + size])
        at += size
    pieces.append(body[at:])
    assert told(pieces) == told([body])
    tap = CODEC.usage_tap()
    for piece in pieces:
        tap.feed(piece)
    assert tap.usage == response.usage


@LAW
@given(responses(), st.data())
def test_a_stream_cut_short_is_an_error_and_no_exception(response, data):
    body, final = streamed(response)
    events = told([body[: data.draw(st.integers(0, len(body) - len(final) - 9))]])
    assert isinstance(events[-1], StreamError)


@LAW
@given(st.binary(max_size=200))
def test_rubbish_never_breaks_a_stream_or_a_tap(rubbish):
    assert isinstance(told([rubbish, b"\n\ndata: ", rubbish, b"\n\n"])[-1], StreamError)
    tap = CODEC.usage_tap()
    tap.feed(rubbish)
    assert tap.usage is None
    CODEC.left_behind(rubbish)
    CODEC.decode_error(500, {}, rubbish)
