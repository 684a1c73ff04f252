"""Vectors of Vertex AI through a real gateway process: both ways there, both dialects here."""

import json

import openai
import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

from fairlead.emulator import EmulatorThread

TEXTS = ["Where do the boats lie?", "In the harbour, of course."]
MODELS = ["text-embedding-005", "gemini-embedding-001"]
NO_KEYS = {"GEMINI_API_KEY": "unset", "ANTHROPIC_API_KEY": "unset", "OPENAI_API_KEY": "unset"}


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture
def house(start, emulator, tmp_path):
    file = tmp_path / "account.json"
    file.write_text(json.dumps(emulator.service_account("proj-1")))
    return start(
        NO_KEYS,
        f'[upstreams.vertex]\nbase_url = "{emulator.url}"\ncredentials_file = "{file}"\n',
    )


@pytest.fixture
def google(house):
    client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=house.url))
    yield client
    client.close()


def test_both_ways_serve_both_dialects_and_are_counted(house, google) -> None:
    for model in MODELS:
        with openai.OpenAI(base_url=f"{house.url}/v1", api_key="any") as gpt:
            made = gpt.embeddings.create(model=model, input=TEXTS, dimensions=64)
        assert [len(one.embedding) for one in made.data] == [64, 64]
        record = house.newest(op="embeddings", model=model)
        assert (record.upstream, record.outcome) == ("vertex", "ok")
        assert record.usage is not None
        assert not record.usage.estimated
        assert record.usage.input == made.usage.prompt_tokens
        billed = [one for one in house.emulator.requests if one.model == model][-1]
        assert billed.usage["input"] == record.usage.input
        config = types.EmbedContentConfig(output_dimensionality=64, task_type="CLUSTERING")
        same = google.models.embed_content(model=model, contents=TEXTS, config=config)
        for one, other in zip(same.embeddings, made.data, strict=True):
            assert one.values == pytest.approx(other.embedding, rel=1e-6)
        body = {"content": {"parts": [{"text": TEXTS[0]}]}, "outputDimensionality": 64}
        path = f"/v1beta/models/{model}:embedContent"
        lone = house.request("POST", path, json.dumps(body).encode()).json()
        assert lone["embedding"]["values"] == pytest.approx(same.embeddings[0].values)
    tails = {entry.path.partition("/publishers")[0] + ":" + entry.path.rpartition(":")[2]
             for entry in house.emulator.requests}  # fmt: skip
    root = "projects/proj-1/locations/global"
    assert {f"/v1/{root}:predict", f"/v1beta1/{root}:batchEmbedContents",
            f"/v1beta1/{root}:embedContent"} <= tails  # fmt: skip


def test_googles_sdk_in_its_vertex_mode(house) -> None:
    client = genai.Client(
        vertexai=True,
        project="any",
        location="us-central1",
        credentials=Credentials("any-token"),
        http_options=types.HttpOptions(base_url=house.url),
    )
    config = types.EmbedContentConfig(output_dimensionality=32)
    for contents in (TEXTS[:1], TEXTS):
        made = client.models.embed_content(model=MODELS[1], contents=contents, config=config)
        assert [len(one.values or ()) for one in made.embeddings or ()] == [32] * len(contents)
    client.close()


def test_refusals_come_in_the_clients_dialect(house) -> None:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key="any", max_retries=0) as gpt:
        with pytest.raises(openai.BadRequestError, match="output_dimensionality"):
            gpt.embeddings.create(model=MODELS[0], input="x", dimensions=4_000)
        with pytest.raises(openai.NotFoundError):
            gpt.embeddings.create(model="text-embedding-009", input="x")
    parts = [{"text": "a"}, {"text": "b"}]
    path = f"/v1beta/models/{MODELS[0]}:embedContent"
    ask = json.dumps({"content": {"parts": parts}}).encode()
    refused = house.request("POST", path, ask)
    assert refused.status == 400
    assert "joined" in refused.json()["error"]["message"]
    taken = house.request("POST", path, ask, {"x-fairlead-allow-loss": "true"})
    assert taken.status == 200
    assert "joined_texts" in taken.headers["x-fairlead-losses"]
