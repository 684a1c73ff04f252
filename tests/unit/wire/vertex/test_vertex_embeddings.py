"""Embeddings as Vertex AI takes and tells them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.wire.vertex.embeddings import embed_body, embedded, predict_body, takes_contents


def said(body: dict) -> bytes:
    return json.dumps(body).encode()


NAMES = st.sampled_from(
    ["requests", "content", "parts", "text", "model", "taskType", "embedContentConfig", "role",
     "predictions", "embeddings", "statistics", "token_count", "values"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def text(*words: str, **more) -> dict:
    return {"content": {"parts": [{"text": word} for word in words]}, **more}


@pytest.mark.parametrize(
    ("model", "contents"),
    [("gemini-embedding-001", True), ("e5-large-maas", True), ("text-embedding-005", False)],
)
def test_which_models_take_contents(model, contents) -> None:
    assert takes_contents(model) is contents


def test_texts_become_instances() -> None:
    one = text("x", taskType="RETRIEVAL_DOCUMENT", title="t", outputDimensionality=256, model="m")
    two = text("y", embedContentConfig={"task_type": "CLUSTERING", "output_dimensionality": 256})
    found = predict_body(said({"requests": [one, two]}))
    assert json.loads(found.body) == {
        "instances": [
            {"content": "x", "task_type": "RETRIEVAL_DOCUMENT", "title": "t"},
            {"content": "y", "task_type": "CLUSTERING"},
        ],
        "parameters": {"outputDimensionality": 256},
    }
    assert not found.losses
    lone = predict_body(said({**text("x"), "autoTruncate": False, "title": None}))
    assert json.loads(lone.body) == {
        "instances": [{"content": "x"}],
        "parameters": {"autoTruncate": False},
    }


def test_what_predict_cannot_say_is_named() -> None:
    found = predict_body(said({"requests": [text("x", "y", newField=1)], "other": 2}))
    assert json.loads(found.body) == {"instances": [{"content": "x\ny"}]}
    assert [(loss.kind, loss.path, loss.what) for loss in found.losses] == [
        ("semantic", "other", "other"),
        ("semantic", "requests[0].content.parts", "joined_texts"),
        ("semantic", "requests[0].newField", "newField"),
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"requests": [text("x", outputDimensionality=1), text("y")]}, "different sizes"),
        ({"content": {"parts": [{"inlineData": {}}]}}, "inlineData cannot be embedded"),
        ({"content": {"parts": []}}, "holds no text"),
        ({"content": 7}, "no content"),
        ({"requests": []}, "is empty"),
        ({"requests": 7}, "no request for embeddings"),
        ({}, "is required"),
        ({**text("x"), "embedContentConfig": 7}, "no object"),
    ],
)
def test_what_is_no_request_is_refused(body, words) -> None:
    with pytest.raises(Failure, match=words):
        predict_body(said(body))


def test_geminis_requests_lose_their_model_and_steer_by_a_config() -> None:
    one = text("x", model="models/m", taskType="CLUSTERING", output_dimensionality=9)
    user = {"role": "user", "parts": [{"text": "x"}]}
    config = {"taskType": "CLUSTERING", "outputDimensionality": 9}
    wanted = {"content": user, "embedContentConfig": config}
    assert json.loads(embed_body(said(one)).body) == wanted
    many = embed_body(said({"requests": [one, {"content": user}]})).body
    assert json.loads(many) == {"requests": [wanted, {"content": user}]}
    image = {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}
    assert json.loads(embed_body(said({"content": image})).body) == {"content": image}


PREDICTED = (
    b'{"predictions":[{"embeddings":{"values":[0.10,1E-3],"statistics":{"token_count":4.0}}},'
    b'{"embeddings":{"statistics":{"truncated":false,"token_count":3},"values":[-2]}}],'
    b'"metadata":{"billableCharacterCount":11}}'
)


def test_predictions_become_embeddings_with_every_digit() -> None:
    found = embedded(PREDICTED, lone=False)
    assert b'"values":[0.10,1E-3]' in found
    assert json.loads(found)["usageMetadata"] == {"promptTokenCount": 7}
    lone = b'{"predictions":[{"embeddings":{"values":[1.50]}}]}'
    assert embedded(lone, lone=True) == b'{"embedding":{"values":[1.50]}}', "no count, none told"


@pytest.mark.parametrize(
    "body", [b'{"embedding":{}}', b'{"predictions":7}', b'"predictions"', b"{"]
)
def test_other_answers_stay_as_they_are(body) -> None:
    assert embedded(body, lone=True) == body


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4), st.binary(max_size=20), st.booleans())
def test_whatever_comes_is_a_body_or_a_failure(value, noise, lone) -> None:
    for body in (said(value), noise):
        for made in (predict_body, embed_body):
            with suppress(Failure):
                json.loads(made(body).body)
        told = embedded(body, lone)
        assert told == body or json.loads(told)
