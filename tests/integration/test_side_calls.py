"""Counting tokens and embeddings through the official SDKs, at the vendor's own and across."""

import json

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

FLASH, HAIKU, MINI = "gemini-2.5-flash", "claude-haiku-4-5", "gpt-5-mini"
SMALL, GEMINI_EMBEDDING = "text-embedding-3-small", "gemini-embedding-001"
TEXT = "How many boats lie in the harbour, and how many may still come in tonight? " * 8
TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


@pytest.fixture(scope="module")
def claude(gateway):
    with anthropic.Anthropic(base_url=gateway.url, api_key="x", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def gpt(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def gemini(gateway):
    options = types.HttpOptions(base_url=gateway.url)
    with genai.Client(api_key="x", http_options=options) as made:
        yield made


def about_right(tokens: int) -> None:
    """Some hundred tokens, whoever counts them."""
    assert 60 <= tokens <= 400


@pytest.mark.parametrize("model", [HAIKU, FLASH, MINI, "auto", "haiku"])
def test_anthropics_count(claude, gateway, model) -> None:
    tools = [{"name": "get_weather", "description": "The weather", "input_schema": TOOL}]
    ask = {"model": model, "messages": [{"role": "user", "content": TEXT}], "system": "Be short."}
    counted = claude.messages.with_raw_response.count_tokens(**ask)
    about_right(counted.parse().input_tokens)
    assert "x-fairlead-estimated" not in counted.headers
    more = claude.messages.count_tokens(**ask, tools=tools)
    assert more.input_tokens > counted.parse().input_tokens
    record = gateway.record(counted.headers["x-fairlead-request-id"])
    assert (record.op, record.outcome, record.cost_usd) == ("count_tokens", "ok", 0)
    assert (record.usage, record.emulated) == (None, True)


@pytest.mark.parametrize("model", [HAIKU, FLASH, MINI, "auto"])
def test_anthropics_beta_count(claude, model) -> None:
    counted = claude.beta.messages.count_tokens(
        model=model, messages=[{"role": "user", "content": TEXT}]
    )
    about_right(counted.input_tokens)


@pytest.mark.parametrize("model", [FLASH, HAIKU, MINI, "auto", "flash"])
def test_geminis_count(gemini, model) -> None:
    about_right(gemini.models.count_tokens(model=model, contents=TEXT).total_tokens)


@pytest.mark.parametrize("model", [FLASH, HAIKU, MINI])
def test_geminis_count_of_a_whole_request(gateway, model) -> None:
    request = {
        "contents": [{"role": "user", "parts": [{"text": TEXT}]}],
        "systemInstruction": {"parts": [{"text": "Be short."}]},
        "tools": [
            {"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": TOOL}]}
        ],
    }
    whole = {"generateContentRequest": {"model": f"models/{model}", **request}}
    path = f"/v1beta/models/{model}:countTokens"
    counted = gateway.request("POST", path, json.dumps(whole).encode())
    bare = gateway.request("POST", path, json.dumps({"contents": request["contents"]}).encode())
    assert counted.json()["totalTokens"] > bare.json()["totalTokens"] > 60


@pytest.mark.parametrize("model", [MINI, HAIKU, FLASH, "auto"])
def test_openais_count(gpt, model) -> None:
    counted = gpt.responses.input_tokens.count(model=model, input=TEXT, instructions="Be short.")
    assert counted.object == "response.input_tokens"
    about_right(counted.input_tokens)


def test_what_cannot_be_counted_is_told_as_a_request_would_be(claude, gemini) -> None:
    with pytest.raises(anthropic.NotFoundError, match="does not exist here"):
        claude.messages.count_tokens(model="nobody-1", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.count_tokens(
            model=FLASH,
            messages=[{"role": "user", "content": "x"}],
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
        )
    assert "web_search" in str(refused.value)
    with pytest.raises(genai.errors.ClientError) as wrong:
        gemini.models.count_tokens(model=HAIKU, contents=types.Content(role="user", parts=[]))
    assert wrong.value.code == 400


def test_a_vendor_that_does_not_count_leaves_an_estimate(claude, gateway) -> None:
    gateway.fault(path="*input_tokens", action="status", status=404)
    counted = claude.messages.with_raw_response.count_tokens(
        model=MINI, messages=[{"role": "user", "content": TEXT}]
    )
    assert counted.headers["x-fairlead-estimated"] == "true"
    about_right(counted.parse().input_tokens)


@pytest.mark.parametrize("model", [SMALL, GEMINI_EMBEDDING])
def test_openais_embeddings(gpt, gateway, model) -> None:
    ask = {"model": model, "input": ["a red shoe", "a red hat", "[]"], "dimensions": 256}
    raw = gpt.embeddings.with_raw_response.create(**ask)
    packed = raw.parse()
    plain = gpt.embeddings.create(**ask, encoding_format="float")
    assert [one.index for one in packed.data] == [0, 1, 2]
    for one, other in zip(packed.data, plain.data, strict=True):
        assert len(one.embedding) == len(other.embedding) == 256
        assert one.embedding == pytest.approx(other.embedding, rel=1e-6)
    assert packed.usage.prompt_tokens == packed.usage.total_tokens > 0
    record = gateway.record(raw.headers["x-fairlead-request-id"])
    assert (record.op, record.model, record.outcome) == ("embeddings", model, "ok")
    assert record.usage.input == packed.usage.prompt_tokens


@pytest.mark.parametrize("model", [GEMINI_EMBEDDING, SMALL])
def test_geminis_embeddings(gemini, model) -> None:
    config = types.EmbedContentConfig(output_dimensionality=256)
    made = gemini.models.embed_content(model=model, contents=["a shoe", "a hat"], config=config)
    assert [len(one.values) for one in made.embeddings] == [256, 256]


@pytest.mark.parametrize("model", [GEMINI_EMBEDDING, SMALL])
def test_geminis_single_embedding(gateway, model) -> None:
    body = json.dumps({"content": {"parts": [{"text": "a red shoe"}]}}).encode()
    made = gateway.request("POST", f"/v1beta/models/{model}:embedContent", body)
    assert made.status == 200
    assert len(made.json()["embedding"]["values"]) > 100


def test_more_texts_than_one_call_takes(gpt) -> None:
    texts = [f"text number {at}" for at in range(230)]
    made = gpt.embeddings.create(model=GEMINI_EMBEDDING, input=texts, dimensions=128)
    assert [one.index for one in made.data] == list(range(230))
    last = gpt.embeddings.create(model=GEMINI_EMBEDDING, input=texts[-1], dimensions=128)
    assert made.data[-1].embedding == pytest.approx(last.data[0].embedding)


def test_who_has_no_embeddings_says_who_has(gpt) -> None:
    with pytest.raises(openai.BadRequestError, match="google, openai"):
        gpt.embeddings.create(model=HAIKU, input="x")
    with pytest.raises(openai.BadRequestError, match="don't mix"):
        gpt.embeddings.create(model="auto", input="x")
    with pytest.raises(openai.BadRequestError, match="tokenizer"):
        gpt.embeddings.create(model=GEMINI_EMBEDDING, input=[[1, 2], [3]])
    with pytest.raises(openai.BadRequestError) as wrong:
        gpt.embeddings.create(model=GEMINI_EMBEDDING, input=["x", None])
    assert wrong.value.param == "input[1]"
