"""Streams that break in the middle, or are left there, as each official SDK tells it."""

import contextlib
import json
import time

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors
from openai import OpenAI
from tests.acceptance.sdk.asked import FLASH, HAIKU, MINI, VENDORS

from fairlead.emulator import EmulatorSettings, EmulatorThread

STORY = "[emulate: words=3000] Tell me a story of a harbour."
# Long enough that a slow client leaves before its end: some six seconds.
LONG = "[emulate: words=12000] Tell me a story of a harbour."


@pytest.fixture(scope="module")
def emulator():
    """One that speaks at a pace, so that a stream is on its way when something happens to it."""
    with EmulatorThread(EmulatorSettings(port=0, tps={"*": 2500})) as running_emulator:
        yield running_emulator


@contextlib.contextmanager
def chat(gateway, model, story=STORY):
    """Pieces of text, streamed to `chat.completions`."""
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        ask = [{"role": "user", "content": story}]
        with client.chat.completions.create(model=model, messages=ask, stream=True) as stream:
            yield (c.choices[0].delta.content for c in stream if c.choices[0].delta.content)


@contextlib.contextmanager
def responses(gateway, model, story=STORY):
    """The same of `responses`."""
    with (
        OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client,
        client.responses.create(model=model, input=story, stream=True) as stream,
    ):
        yield (event.delta for event in stream if event.type == "response.output_text.delta")


@contextlib.contextmanager
def messages(gateway, model, story=STORY):
    """The same of `messages`."""
    with Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as client:
        ask = [{"role": "user", "content": story}]
        with client.messages.stream(model=model, max_tokens=40000, messages=ask) as stream:
            yield stream.text_stream


@contextlib.contextmanager
def generate(gateway, model, story=STORY):
    """The same of `generate_content_stream`."""
    client = genai.Client(api_key="any", http_options={"base_url": gateway.url})
    stream = client.models.generate_content_stream(model=model, contents=story)
    try:
        yield (chunk.text for chunk in stream if chunk.text)
    finally:
        stream.close()
        client.close()


FRONTS = {
    "openai_chat": (chat, openai.APIError, MINI),
    "openai_responses": (responses, openai.APIError, MINI),
    "anthropic": (messages, anthropic.APIError, HAIKU),
    "gemini": (generate, errors.APIError, FLASH),
}


def _status(error: BaseException) -> int | None:
    """The HTTP status that an SDK's error tells; None where the answer had begun."""
    return getattr(error, "status_code", None) or getattr(error, "code", None)


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("action", ["close", "reset", "stream_error", "malformed_event"])
def test_a_stream_that_breaks_raises(gateway, front, model, action) -> None:
    stream, kind, own = FRONTS[front]
    outcomes = {"stream_broken"}
    if model == own and action == "malformed_event":
        kind = (json.JSONDecodeError, errors.UnknownApiResponseError)  # bytes go on as they came,
        outcomes |= {"client_gone", "ok"}  # the client leaves, and may do so before the end or not
    gateway.fault(action=action, after=4000)
    told, since = [], time.time()
    with pytest.raises(kind) as caught, stream(gateway, model) as pieces:  # noqa: PT012
        for piece in pieces:
            told.append(piece)  # noqa: PERF402 - kept when it breaks
    assert str(caught.value)
    record = gateway.newest(asked_model=model, dialect=front, since=since)
    if told:
        assert record.outcome in outcomes
    else:  # a slow machine: the break came in one read with the beginning, so nothing had begun
        assert _status(caught.value) == 502
        assert record.outcome == "upstream_error"


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("front", FRONTS)
def test_a_stream_that_is_left(gateway, emulator, front, model) -> None:
    with FRONTS[front][0](gateway, model, LONG) as pieces:
        assert next(iter(pieces))
    record = gateway.newest(asked_model=model, dialect=front, outcome="client_gone")
    assert record.usage.output > 1
    deadline = time.monotonic() + 60
    while emulator.requests[-1].outcome != "abandoned":
        assert time.monotonic() < deadline, "the upstream request was not cancelled"
        time.sleep(0.02)
