"""`AnthropicVertex` of Anthropic's SDK as a client of a real gateway, with any upstream behind."""

import json

import anthropic
import pytest

FLASH, HAIKU = "gemini-3.5-flash-lite", "claude-haiku-4-5@20251001"
ASK = [{"role": "user", "content": "What is a monad?"}]


@pytest.fixture(params=["", "/v1"])
def claude(gateway, request):
    with anthropic.AnthropicVertex(
        region="europe-west1",
        project_id="any-1",
        access_token="any",
        base_url=gateway.url + request.param,
        max_retries=0,
    ) as client:
        yield client


@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_messages_streams_and_counts(claude, gateway, model) -> None:
    told = claude.messages.create(model=model, max_tokens=200, messages=ASK)
    assert "emulated answer" in told.content[-1].text
    with claude.messages.stream(model=model, max_tokens=200, messages=ASK) as events:
        assert "emulated answer" in "".join(events.text_stream)
    counted = claude.messages.count_tokens(model=model, messages=ASK)
    assert counted.input_tokens > 3
    record = gateway.newest(op="generate", stream=True, model=model.replace("@", "-"))
    assert (record.dialect, record.outcome) == ("anthropic", "ok")
    beta = claude.beta.messages.create(
        model=model, max_tokens=200, messages=ASK, betas=["context-1m-2025-08-07"]
    )
    assert "emulated answer" in beta.content[-1].text


def test_refusals_are_anthropics(claude) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        claude.messages.create(model=HAIKU, max_tokens=-5, messages=ASK)
    with pytest.raises(anthropic.BadRequestError, match="is not a version"):
        claude.messages.create(
            model=HAIKU, max_tokens=5, messages=ASK, extra_body={"anthropic_version": "x"}
        )


def test_an_unreadable_body_is_refused_in_the_dialect(gateway) -> None:
    path = f"/v1/projects/p/locations/global/publishers/anthropic/models/{HAIKU}:rawPredict"
    for body in (b"{", b"[]", json.dumps({"messages": ASK}).encode()):
        refused = gateway.request("POST", path, body)
        assert refused.status == 400
        assert refused.json()["type"] == "error"
    assert gateway.request("POST", path.replace("rawPredict", "predict"), b"{}").status == 404
