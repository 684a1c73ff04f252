"""The laws of the design, over generated requests, answers and streams."""

import json

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.wire.anthropic.models import HAIKU_45, HAIKU_55, PERMISSIVE, names
from tests.unit.wire.anthropic.strategies import foreign_requests, requests, responses

from fairlead.canon import Failure, Response, StreamError, fold, unfold
from fairlead.emulator import rules
from fairlead.emulator.authority import check
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Reply, Target

LAW = settings(max_examples=100, deadline=None)


@LAW
@given(requests())
def test_a_request_survives_the_round_trip(request):
    encoded = CODEC.encode_request(request, Target(request.model, PERMISSIVE))
    assert set(names(encoded.losses)) <= {"cache_control", "cache_ttl"}
    assume(not encoded.losses)
    assert CODEC.decode_request(encoded.body).without_paths() == request


@LAW
@given(requests())
def test_every_encoded_request_is_accepted(request):
    encoded = CODEC.encode_request(request, Target(request.model, PERMISSIVE))
    assert check("anthropic", "messages", json.loads(encoded.body)) == []


@settings(max_examples=150, deadline=None)
@given(foreign_requests(), st.sampled_from([HAIKU_45, HAIKU_55]))
def test_whatever_is_asked_the_vendor_takes_what_is_sent(request, facts):
    try:
        encoded = CODEC.encode_request(request, Target(facts.id, facts))
    except Failure as refused:
        failure = refused
    else:
        failure = None
    if failure is not None:
        assert (failure.problem.kind, bool(failure.problem.param)) == ("invalid_request", True)
        return
    body = json.loads(encoded.body)
    refusal = rules.check(
        "anthropic",
        "messages",
        facts.id,
        body,
        tokens=lambda: 100,
        issued=lambda _, __: True,
        headers={"anthropic-version": "2023-06-01"},
    )
    assert refusal is None


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
