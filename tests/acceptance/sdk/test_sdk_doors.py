"""What the gateway itself refuses, as each official SDK tells it: keys, and bodies too large."""

import time

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors
from openai import OpenAI
from tests.acceptance.sdk.asked import HELLO, VENDORS

from fairlead.limits.keys import KeyStore

MOST = 20_000


def ask(gateway, front, model, key, text=HELLO):
    """A request through that front's SDK."""
    said = [{"role": "user", "content": text}]
    if front == "gemini":
        client = genai.Client(api_key=key, http_options={"base_url": gateway.url})
        try:
            return client.models.generate_content(model=model, contents=text)
        finally:
            client.close()
    if front == "anthropic":
        with Anthropic(base_url=gateway.url, api_key=key, max_retries=0) as client:
            return client.messages.create(model=model, max_tokens=2000, messages=said)
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0) as client:
        if front == "openai_responses":
            return client.responses.create(model=model, input=text)
        return client.chat.completions.create(model=model, messages=said)


REFUSED = {
    "openai_chat": openai.AuthenticationError,
    "openai_responses": openai.AuthenticationError,
    "anthropic": anthropic.AuthenticationError,
    "gemini": errors.ClientError,
}
TOO_LARGE = {
    "openai_chat": openai.APIStatusError,
    "openai_responses": openai.APIStatusError,
    "anthropic": anthropic.RequestTooLargeError,
    "gemini": errors.ClientError,
}


def status(error) -> int:
    return error.code if isinstance(error, errors.APIError) else error.status_code


def test_keys_and_large_bodies(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_MAX_BODY_BYTES": str(MOST)})
    for front, kind in TOO_LARGE.items():
        with pytest.raises(kind) as caught:
            ask(gateway, front, VENDORS[0], "any", "x" * (MOST + 1))
        assert status(caught.value) == 413
        assert str(MOST) in str(caught.value)
    _, secret = KeyStore(gateway.database).create("me")
    deadline = time.monotonic() + 60
    while gateway.request("GET", "/v1/models").status != 401:  # a new key is seen within a second
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for front, kind in REFUSED.items():
        with pytest.raises(kind) as caught:
            ask(gateway, front, VENDORS[0], "fl-wrong")
        assert status(caught.value) == 401
        for model in VENDORS:
            assert ask(gateway, front, model, secret)
