"""The emulated Vertex AI with Google's and Anthropic's own clients."""

from contextlib import ExitStack

import anthropic
import pytest
import requests
from google import genai
from google.auth.transport.requests import Request
from google.genai import errors, types
from google.oauth2 import service_account

from fairlead.emulator import EmulatorThread

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
HAIKU = "claude-haiku-4-5@20251001"
ASK = [{"role": "user", "content": "What is a monad?"}]


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture(scope="module")
def credentials(emulator):
    info = emulator.service_account("proj-1")
    found = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    with requests.Session() as session:
        found.refresh(Request(session))
    return found


@pytest.fixture
def claude(emulator, credentials):
    with anthropic.AnthropicVertex(
        region="global", project_id="proj-1", credentials=credentials, base_url=f"{emulator.url}/v1"
    ) as client:
        yield client


@pytest.fixture
def gemini(emulator, credentials):
    """Makes clients of a project, closed at the end."""
    with ExitStack() as stack:

        def _client(project: str = "proj-1") -> genai.Client:
            client = genai.Client(
                vertexai=True,
                project=project,
                location="us-central1",
                credentials=credentials,
                http_options=types.HttpOptions(base_url=emulator.url),
            )
            stack.callback(client.close)
            return client

        yield _client


def test_claude_by_anthropics_client(claude) -> None:
    told = claude.messages.create(model=HAIKU, max_tokens=99, messages=ASK)
    assert told.id.startswith("msg_vrtx_")
    assert "emulated" in told.content[0].text
    with claude.messages.stream(model=HAIKU, max_tokens=99, messages=ASK) as events:
        assert "".join(events.text_stream) == told.content[0].text
    assert claude.messages.count_tokens(model=HAIKU, messages=ASK).input_tokens > 3


def test_gemini_by_googles_client(gemini) -> None:
    client = gemini()
    told = client.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    assert told.usage_metadata is not None
    assert told.usage_metadata.traffic_type == types.TrafficType.ON_DEMAND
    parts = client.models.generate_content_stream(model="gemini-2.5-flash", contents="Hi")
    assert "".join(part.text or "" for part in parts) == told.text
    assert client.models.count_tokens(model="gemini-2.5-flash", contents="Hi").total_tokens


def test_refusals_come_from_the_side_that_refuses(emulator, gemini, claude) -> None:
    for name in ("claude-haiku-4-5-20251001", "claude-nonsense"):
        with pytest.raises(anthropic.NotFoundError, match="Publisher Model"):
            claude.messages.create(model=name, max_tokens=9, messages=ASK)
    empty = [{"role": "user", "content": ""}]
    with pytest.raises(anthropic.BadRequestError, match="req_vrtx_"):
        claude.messages.create(model=HAIKU, max_tokens=9, messages=empty)
    other = gemini("proj-2")
    with pytest.raises(errors.ClientError, match=r"aiplatform\.endpoints\.predict"):
        other.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    silent = [{"parts": [{"text": "Hi"}]}]
    own = gemini()
    with pytest.raises(errors.ClientError, match="valid role"):
        own.models.generate_content(model="gemini-2.5-flash", contents=silent)
    emulator.faults.add("status status=429 vendor=vertex times=1")
    quick = claude.with_options(max_retries=0)
    with pytest.raises(anthropic.RateLimitError, match="base model: anthropic-claude-haiku-4-5"):
        quick.messages.create(model=HAIKU, max_tokens=9, messages=ASK)


def test_another_token_opens_nothing(emulator) -> None:
    stranger = anthropic.AnthropicVertex(
        region="global",
        project_id="proj-1",
        access_token="ya29.real",
        base_url=f"{emulator.url}/v1",
        max_retries=0,
    )
    with stranger, pytest.raises(anthropic.AuthenticationError, match="OAuth 2 access token"):
        stranger.messages.create(model=HAIKU, max_tokens=9, messages=ASK)
