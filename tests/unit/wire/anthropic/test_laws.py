"""The laws of the design, over generated requests, answers and streams."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.wire.anthropic.models import PERMISSIVE
from tests.unit.wire.anthropic.strategies import requests, responses

from fairlead.canon import Response, StreamError, fold, unfold
from fairlead.emulator.authority import check
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Reply, Target

LAW = settings(max_examples=120, deadline=None)


@LAW
@given(requests())
def test_a_request_survives_the_round_trip(request):
    encoded = CODEC.encode_request(request, Target(request.model, PERMISSIVE))
    assert encoded.losses == ()
    assert CODEC.decode_request(encoded.body).without_paths() == request


@LAW
@given(requests())
def test_every_encoded_request_is_accepted(request):
    encoded = CODEC.encode_request(request, Target(request.model, PERMISSIVE))
    assert check("anthropic", "messages", json.loads(encoded.body)) == []


@LAW
@given(responses())
def test_an_answer_survives_the_round_trip(response):
    encoded = CODEC.encode_response(response, Reply(response.model, 0, "r"))
    assert encoded.losses == ()
    assert CODEC.decode_response(encoded.body) == response


def _streamed(response: Response) -> bytes:
    encoder = CODEC.stream_encoder(Reply(response.model, 0, "r"))
    data = b"".join([encoder.encode(event) for event in unfold(response)]) + encoder.close()
    assert encoder.losses == []
    return data


@LAW
@given(responses(), st.data())
def test_a_stream_folds_to_the_answer_however_it_is_cut(response, data):
    stream = _streamed(response)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = CODEC.stream_decoder()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += decoder.feed(stream[start:end])
    events += decoder.close()
    assert fold(events) == response


@LAW
@given(responses(), st.data())
def test_a_stream_cut_short_is_an_error_and_no_exception(response, data):
    stream = _streamed(response)
    end = data.draw(st.integers(0, len(stream) - len(b"message_stop\n\n") - 30))
    decoder = CODEC.stream_decoder()
    events = decoder.feed(stream[:end]) + decoder.close()
    assert isinstance(events[-1], StreamError)


@LAW
@given(st.binary(max_size=200))
def test_rubbish_never_raises_in_a_stream(rubbish):
    decoder = CODEC.stream_decoder()
    events = decoder.feed(rubbish) + decoder.feed(b"\n\ndata: " + rubbish + b"\n\n")
    events += decoder.close()
    assert isinstance(events[-1], StreamError)
    tap = CODEC.usage_tap()
    tap.feed(rubbish)
    assert tap.usage is None
