"""A translated stream is asked for its usage too; a request that names no model finds its vendor."""

import json

import pytest
from tests.acceptance.conformance.gateway import Gateway

from fairlead.upstream.fake import Answer

SSE = {"content-type": "text/event-stream"}
CHUNKS = (
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
    b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,'
    b'"total_tokens":9}}\n\ndata: [DONE]\n\n'
)
ASK = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


def test_an_anthropic_client_on_openai_gets_the_vendors_own_count(gateway):
    body = json.dumps({"model": "gpt-5-mini", **ASK}).encode()
    trip = gateway.ask("anthropic", "gpt-5-mini", body, answer=Answer(200, SSE, (CHUNKS,)))
    assert json.loads(trip.sent)["stream_options"] == {"include_usage": True}
    assert (trip.record.usage.prompt_total, trip.record.usage.completion_total) == (7, 2)
    assert not trip.record.usage.estimated
    assert b'"output_tokens":2' in trip.body


def test_a_prompt_that_the_vendor_keeps_needs_no_model(gateway):
    body = b'{"prompt": {"id": "pmpt_1"}, "input": "hi"}'
    trip = gateway.ask("openai_responses", "", body)
    assert trip.url.endswith("/v1/responses")
    assert trip.sent == body
