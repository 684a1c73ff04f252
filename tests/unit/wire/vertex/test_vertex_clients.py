"""Requests of clients that speak as to Vertex AI, as the Messages API's."""

import json

import pytest

from fairlead.canon import Failure
from fairlead.wire.vertex.claude import predict_body
from fairlead.wire.vertex.client import anthropics_name, as_message

VERTEX = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "messages": []}


def said(body: object) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("claude-opus-4-6@default", "claude-opus-4-6"),
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("auto", "auto"),
        ("x@y", "x@y"),
    ],
)
def test_names(theirs, ours) -> None:
    assert anthropics_name(theirs) == ours


def test_the_model_goes_into_the_body_and_the_version_into_the_header() -> None:
    headers, body = as_message(
        [(b"anthropic-version", b"2026-10-21"), (b"x", b"y")],
        said({**VERTEX, "stream": True}),
        "claude-haiku-4-5@20251001",
        True,
    )
    assert headers == [(b"x", b"y"), (b"anthropic-version", b"2023-06-01")]
    assert json.loads(body) == {
        "max_tokens": 5,
        "messages": [],
        "model": "claude-haiku-4-5-20251001",
        "stream": True,
    }


def test_the_paths_verb_says_whether_it_streams() -> None:
    for stream in (True, False):
        _, body = as_message([], said({**VERTEX, "stream": not stream}), "m", stream)
        assert json.loads(body).get("stream", False) is stream


def test_there_and_back_is_the_same_request() -> None:
    original = said({**VERTEX, "temperature": 1.0})
    headers, body = as_message([], original, "m", False)
    again = predict_body(body, {str(n, "ascii"): str(v, "ascii") for n, v in headers})
    assert json.loads(again.body) == json.loads(original)


def test_a_counts_model_is_in_the_body() -> None:
    version = [(b"anthropic-version", b"2023-06-01")]
    _, body = as_message(version, said({"model": "m@20250101", "messages": []}), None, None)
    assert json.loads(body) == {"model": "m-20250101", "messages": []}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**VERTEX, "anthropic_version": "bedrock-2023-05-31"}, "is not a version"),
        ({"messages": []}, "is required"),
        ({**VERTEX, "model": "m"}, "is in the path"),
        ({**VERTEX, "anthropic_version": 7}, "cannot be read"),
        ([], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(body, words) -> None:
    with pytest.raises(Failure, match=words):
        as_message([], said(body), "m", False)
