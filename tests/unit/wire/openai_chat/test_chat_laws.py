import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.unit.wire.openai_chat.strategies_chat import requests, responses

from fairlead.canon import fold, unfold
from fairlead.catalog.model import Model
from fairlead.wire.codec import Reply, Target
from fairlead.wire.openai_chat import CODEC

REPLY = Reply("m", 1_700_000_000, "1", include_usage=True)

FEATURES = ("cache_breakpoints", "tool_result_media")
KINDS = ("text", "image", "audio", "video", "document")


def target(request):
    facts = Model.unknown(request.model, "someone")
    return Target(request.model, replace(facts, features=FEATURES, modalities_in=KINDS))


@settings(max_examples=200, deadline=None)
@given(requests())
def test_what_a_request_says_survives_encoding(request):
    encoded = CODEC.encode_request(request, target(request))
    assert encoded.losses == ()
    again = CODEC.decode_request(encoded.body)
    assert again.without_paths() == request
    peek = CODEC.peek(encoded.body)
    assert (peek.model, peek.stream, peek.max_tokens) == (
        request.model,
        request.stream,
        request.max_tokens,
    )


@settings(max_examples=150, deadline=None)
@given(responses())
def test_what_an_answer_says_survives_encoding(response):
    encoded = CODEC.encode_response(response, REPLY)
    assert encoded.losses == ()
    ChatCompletion.model_validate_json(encoded.body)
    assert CODEC.decode_response(encoded.body) == response


def streamed(response, reply=REPLY):
    encoder = CODEC.stream_encoder(reply)
    body = b"".join(encoder.encode(event) for event in unfold(response)) + encoder.close()
    assert encoder.losses == []
    return body


def told(pieces):
    decoder = CODEC.stream_decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


@settings(max_examples=150, deadline=None)
@given(responses())
def test_what_an_answer_says_survives_streaming(response):
    body = streamed(response)
    assert fold(told([body])) == response
    for line in body.split(b"\n\n")[:-2]:
        ChatCompletionChunk.model_validate_json(line.removeprefix(b"data: "))
    tap = CODEC.usage_tap()
    tap.feed(body)
    assert tap.usage == response.usage
    assert tap.finish == response.candidates[-1].finish.raw


@settings(max_examples=100, deadline=None)
@given(responses(), st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_cuts_change_nothing(response, sizes):
    body = streamed(response)
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


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_rubbish_never_breaks_a_stream_or_a_tap(rubbish):
    told([rubbish])
    told([b"data: ", rubbish, b"\n\n"])
    CODEC.usage_tap().feed(rubbish)
    CODEC.decode_error(500, {}, rubbish)


def test_a_loss_is_the_exception():
    # The laws above would hold for an encoder that says nothing: it must say something.
    example = msgspec.json.decode(CODEC.encode_response(fold([]), REPLY).body)
    assert example["object"] == "chat.completion"
