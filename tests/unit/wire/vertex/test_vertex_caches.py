"""Names of cached contents: whole ones for Vertex AI, short ones for clients."""

import json

import pytest

from fairlead.canon import Failure
from fairlead.wire.vertex.caches import made_body, parent_of, short_answer
from fairlead.wire.vertex.gemini import adapted

HOST = "https://europe-west1-aiplatform.googleapis.com/v1"
PARENT = "projects/proj-1/locations/europe-west1"
LONG = "projects/123/locations/europe-west1/cachedContents/456"
URL = f"{HOST}/{PARENT}/publishers/google/models/gemini-2.5-flash:generateContent"
ASK = [{"role": "user", "parts": [{"text": "Hi"}]}]


def said(body: object) -> bytes:
    return json.dumps(body).encode()


def test_one_is_made_for_a_model_by_its_whole_name() -> None:
    body = {"model": "models/gemini-2.5-flash", "contents": [{"parts": ASK[0]["parts"]}],
            "ttl": "300s", "displayName": "d"}  # fmt: skip
    found = made_body(said(body), PARENT)
    model = f"{PARENT}/publishers/google/models/gemini-2.5-flash"
    assert json.loads(found.body) == {**body, "model": model, "contents": ASK}
    assert not found.losses


@pytest.mark.parametrize("model", [None, 7, ""])
def test_a_model_that_is_none_is_the_vendors_to_refuse(model) -> None:
    assert "model" not in json.loads(made_body(said({"model": model}), PARENT).body)


def test_what_vertex_does_not_have_is_named() -> None:
    body = {"model": "models/m", "tools": [{"fileSearch": {}}]}
    assert [loss.what for loss in made_body(said(body), PARENT).losses] == [
        "server_tool:fileSearch"
    ]
    part = {"fileData": {"fileUri": "files/abc"}}
    made = made_body(said({"model": "models/m", "contents": [{"parts": [part]}]}), PARENT)
    assert [loss.what for loss in made.losses] == ["file_uri"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
def test_a_body_that_is_no_object_is_told(body) -> None:
    with pytest.raises(Failure, match="no JSON object"):
        made_body(body, PARENT)


def test_a_page_and_a_list_have_short_names() -> None:
    model = "projects/123/locations/europe-west1/publishers/google/models/gemini-2.5-flash"
    page = {"name": LONG, "model": model, "usageMetadata": {"totalTokenCount": 3}}
    short = {**page, "name": "cachedContents/456", "model": "models/gemini-2.5-flash"}
    assert json.loads(short_answer(said(page))) == short
    listed = {"cachedContents": [page, page], "nextPageToken": "t"}
    assert json.loads(short_answer(said(listed))) == {**listed, "cachedContents": [short, short]}
    express = {"model": "publishers/google/models/m"}
    assert json.loads(short_answer(said(express))) == {"model": "models/m"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"name": 7}', b'{"cachedContents": 7}', b'{"name":"x/y"}']
)
def test_what_is_neither_stays_as_it_is(body) -> None:
    assert short_answer(body) == body


@pytest.mark.parametrize("field", ["cachedContent", "cached_content"])
@pytest.mark.parametrize("name", ["cachedContents/456", LONG])
def test_a_request_names_vertexs_own_by_the_whole_name(field, name) -> None:
    """Below the upstream's project, whatever project a client speaks of."""
    found = adapted(said({"contents": ASK, field: name}), URL).encoded
    assert json.loads(found.body)[field] == f"{PARENT}/cachedContents/456"
    assert not found.losses


def test_a_name_that_is_whole_already_goes_on_as_it_came() -> None:
    whole = said({"contents": ASK, "cachedContent": f"{PARENT}/cachedContents/456"})
    assert adapted(whole, URL).encoded.body == whole
    strange = said({"contents": ASK, "cachedContent": "projects/p/cachedContents/456"})
    assert adapted(strange, URL).encoded.body == strange


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("cachedContents/abc", URL),
        ("cachedContents/45a", URL),
        ("cachedContents/" + "4" * 21, URL),
        ("456", URL),
        ("cachedContents/456", f"{HOST}/publishers/google/models/m:generateContent"),  # express
    ],
)
def test_the_gemini_apis_are_a_loss(name, url) -> None:
    found = adapted(said({"contents": ASK, "cachedContent": name}), url).encoded
    assert [(loss.kind, loss.what) for loss in found.losses] == [("semantic", "cached_content")]


def test_express_mode_has_none() -> None:
    assert parent_of(f"{HOST}/{PARENT}/cachedContents/456") == PARENT
    assert parent_of(f"{HOST}/{PARENT}/cachedContents") == PARENT
    with pytest.raises(Failure, match="want a project"):
        parent_of("https://aiplatform.googleapis.com/v1/cachedContents")
