"""Vertex AI behind a real gateway process: both model families, tokens from the emulator's token
endpoint, real clients.
"""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

from fairlead.canon import Usage
from fairlead.emulator import EmulatorThread
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import load

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-3.5-flash-lite"
PROJECT = "proj-1"
ASK = [{"role": "user", "content": "What is a monad?"}]


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


def vertex(emulator: EmulatorThread, folder: Path, more: str = "", project: str = PROJECT) -> str:
    """A configuration with Vertex AI as its only upstream."""
    file = folder / "account.json"
    file.write_text(json.dumps(emulator.service_account(project)))
    return (
        f'[upstreams.vertex]\nbase_url = "{emulator.url}"\ncredentials_file = "{file}"\n'
        f'region = "europe-west1"\n{more}'
    )


@pytest.fixture
def opened():
    """Clients, closed at the end."""
    with ExitStack() as stack:
        yield stack


NO_KEYS = {"GEMINI_API_KEY": "unset", "ANTHROPIC_API_KEY": "unset", "OPENAI_API_KEY": "unset"}


@pytest.fixture
def house(start, emulator, tmp_path):
    return start(NO_KEYS, vertex(emulator, tmp_path))


def test_both_families_answer_every_dialect_and_are_priced_by_their_door(house, opened) -> None:
    chat = opened.enter_context(openai.OpenAI(base_url=f"{house.url}/v1", api_key="any"))
    claude = opened.enter_context(anthropic.Anthropic(base_url=house.url, api_key="any"))
    gemini = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=house.url))
    opened.callback(gemini.close)
    for model in (HAIKU, FLASH):
        whole = chat.chat.completions.create(model=model, messages=ASK)
        assert "emulated answer" in (whole.choices[0].message.content or "")
        stream = chat.chat.completions.create(model=model, messages=ASK, stream=True)
        assert "emulated answer" in "".join(c.choices[0].delta.content or "" for c in stream)
        told = claude.messages.create(model=model, max_tokens=200, messages=ASK)
        assert "emulated answer" in told.content[-1].text
        with claude.messages.stream(model=model, max_tokens=200, messages=ASK) as events:
            assert "emulated answer" in "".join(events.text_stream)
        said = gemini.models.generate_content(model=model, contents="What is a monad?")
        assert "emulated answer" in (said.text or "")
        parts = gemini.models.generate_content_stream(model=model, contents="What is a monad?")
        assert "emulated answer" in "".join(part.text or "" for part in parts)
        record = house.newest(model=model)
        assert record.upstream == ("vertex-claude" if model == HAIKU else "vertex")
        assert record.usage is not None
        assert not record.usage.estimated
    paths = {entry.path for entry in house.emulator.requests if entry.vendor == "vertex"}
    root = f"/v1/projects/{PROJECT}/locations/europe-west1/publishers"
    assert f"{root}/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict" in paths
    assert f"{root}/google/models/{FLASH}:streamGenerateContent" in paths
    assert claude.messages.count_tokens(model=HAIKU, messages=ASK).input_tokens > 3
    counted = gemini.models.count_tokens(model=FLASH, contents="What is a monad?")
    assert (counted.total_tokens or 0) > 2
    ops = [entry.op for entry in house.emulator.requests if entry.vendor == "vertex"]
    assert ops.count("count_tokens") == 2
    assert not [entry for entry in house.emulator.requests if entry.outcome == "error"]


def test_googles_client_in_its_vertex_mode_is_a_client_too(house, opened) -> None:
    client = genai.Client(
        vertexai=True,
        project="any",
        location="us-central1",
        credentials=Credentials("any-token"),
        http_options=types.HttpOptions(base_url=house.url),
    )
    opened.callback(client.close)
    said = client.models.generate_content(model=FLASH, contents="What is a monad?")
    assert "emulated answer" in (said.text or "")
    streamed = client.models.generate_content_stream(model=HAIKU, contents="What is a monad?")
    assert "emulated answer" in "".join(part.text or "" for part in streamed)


def test_a_region_is_dearer_than_the_global_endpoint(emulator, tmp_path) -> None:
    costs, today = [], datetime.now(UTC).date()
    for region in ("europe-west1", "global"):
        config = vertex(emulator, tmp_path).replace("europe-west1", region)
        (tmp_path / "f.toml").write_text(config)
        snapshot = compile_snapshot(load(tmp_path / "f.toml", {}), {})
        model, upstream = snapshot.ways(snapshot.model(HAIKU, today))[0]
        assert f"/locations/{region}" in upstream.base_url
        where = Usage(input=1_000_000, region=model.region or None)
        costs.append(snapshot.prices(model, today).total(where))
    regional, everywhere = costs
    assert regional == everywhere * Decimal("1.1")


def test_the_project_that_is_not_the_accounts_is_told_to_the_operator(
    start, emulator, tmp_path
) -> None:
    house = start(NO_KEYS, vertex(emulator, tmp_path, 'project = "another-1"\n'))
    reply = house.chat({"model": FLASH, "messages": ASK})
    assert reply.status == 502
    text = reply.body.decode()
    assert "refuses the gateway's own account" in text
    assert "roles/aiplatform.user" in text
    assert "another-1" not in text


def test_a_deleted_account_is_told_in_the_log_and_never_with_its_key(
    start, emulator, tmp_path
) -> None:
    config = vertex(emulator, tmp_path)
    file = tmp_path / "account.json"
    account = json.loads(file.read_text())
    account["client_email"] = "gone@proj-1.iam.gserviceaccount.com"
    file.write_text(json.dumps(account))
    house = start(NO_KEYS, config)
    reply = house.chat({"model": FLASH, "messages": ASK})
    assert reply.status == 502
    assert "has no credentials now" in reply.body.decode()
    log = house.log.read_text()
    assert "the service account was deleted" in log
    assert account["private_key"][40:80] not in log
    assert "Traceback" not in log
