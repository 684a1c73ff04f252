"""The emulated Vertex AI's cached contents, by Google's own client and by plain HTTP."""

from contextlib import ExitStack

import pytest
import requests
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from fairlead.emulator import EmulatorSettings, EmulatorThread

FLASH = "gemini-2.5-flash"
LONG = "The handbook describes hygiene of cassettes and drift of formats. " * 300
WHERE = "projects/proj-1/locations/us-central1"


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread(EmulatorSettings(keys=frozenset({"good"}))) as running:
        yield running


@pytest.fixture
def client(emulator):
    with ExitStack() as stack:

        def _client(project: str = "proj-1", location: str = "us-central1") -> genai.Client:
            made = genai.Client(
                vertexai=True, project=project, location=location,
                credentials=Credentials("good"),
                http_options=types.HttpOptions(base_url=emulator.url),
            )  # fmt: skip
            stack.callback(made.close)
            return made

        yield _client


def _made(client: genai.Client, text: str = LONG, **more) -> types.CachedContent:
    config = types.CreateCachedContentConfig(contents=text, **{"ttl": "3600s", **more})
    return client.caches.create(model=FLASH, config=config)


def test_made_read_listed_used_moved_and_deleted(client, emulator) -> None:
    emulator.reset()
    google = client()
    page = _made(google, display_name="handbook")
    where, _, number = page.name.rpartition("/")
    assert where.endswith("/locations/us-central1/cachedContents")
    assert number.isdecimal()
    assert page.name.split("/")[1].isdecimal()  # the project's number
    assert page.model.endswith(f"/publishers/google/models/{FLASH}")
    held = page.usage_metadata.total_token_count
    assert google.caches.get(name=page.name) == page
    assert google.caches.get(name=number) == page  # by the project's id
    assert [one.name for one in google.caches.list()] == [page.name]
    said = google.models.generate_content(
        model=FLASH, contents="Why?", config={"cached_content": page.name}
    )
    assert said.usage_metadata.cached_content_token_count == held
    moved = google.caches.update(name=page.name, config={"ttl": "7200s"})
    assert moved.expire_time > page.expire_time
    google.caches.delete(name=page.name)
    with pytest.raises(errors.ClientError, match="Not found: cached content metadata"):
        google.caches.get(name=page.name)
    billed = emulator.bill()["total"]["usage"]
    assert billed["cache_read"] == held
    assert billed["cache_storage"] == pytest.approx(2 * held, abs=2)


def test_a_project_sees_its_own_and_a_region_its_own(client) -> None:
    page = _made(client())
    other = client("proj-2")
    assert list(other.caches.list()) == []
    with pytest.raises(errors.ClientError) as denied:
        other.models.generate_content(
            model=FLASH, contents="Why?", config={"cached_content": page.name}
        )
    assert denied.value.code == 403
    with pytest.raises(errors.ClientError, match="is in us-central1"):
        client(location="europe-west1").models.generate_content(
            model=FLASH, contents="Why?", config={"cached_content": page.name}
        )


def test_it_is_for_one_model_and_says_all_that_it_holds(client) -> None:
    google = client()
    page = _made(google)
    with pytest.raises(errors.ClientError, match="has to be the same"):
        google.models.generate_content(
            model="gemini-2.5-pro", contents="Why?", config={"cached_content": page.name}
        )
    with pytest.raises(errors.ClientError, match="should not be set"):
        google.models.generate_content(
            model=FLASH, contents="Why?",
            config={"cached_content": page.name, "system_instruction": "Be brief."},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("short", {}, "2048"),
        (LONG, {"ttl": "30s"}, "at least 60 seconds"),
        (LONG, {"ttl": "3600s", "expire_time": "2030-01-01T00:00:00Z"}, "Only one of"),
    ],
)
def test_a_bad_cache(client, text, more, words) -> None:
    with pytest.raises(errors.ClientError, match=words):
        _made(client(), text, **more)


@pytest.mark.parametrize(
    ("model", "status"),
    [
        (f"models/{FLASH}", 400),
        (f"publishers/google/models/{FLASH}", 400),
        (f"projects/proj-2/locations/us-central1/publishers/google/models/{FLASH}", 400),
        (f"projects/proj-1/locations/global/publishers/google/models/{FLASH}", 400),
        (f"{WHERE}/publishers/google/models/gemini-0", 404),
        (f"{WHERE}/publishers/google/models/{FLASH}", 200),
    ],
)
def test_its_model_is_called_by_the_whole_name(emulator, model, status) -> None:
    contents = [{"role": "user", "parts": [{"text": LONG}]}]
    reply = requests.post(
        f"{emulator.url}/v1/{WHERE}/cachedContents",
        json={"model": model, "contents": contents},
        headers={"authorization": "Bearer good"},
        timeout=60,
    )
    assert reply.status_code == status


def test_short_names_mean_nothing_and_express_mode_has_none(emulator, client) -> None:
    page = _made(client())
    asked = {"contents": [{"role": "user", "parts": [{"text": "Why?"}]}]}
    short = "cachedContents/" + page.name.rpartition("/")[2]
    at = f"{emulator.url}/v1/{WHERE}/publishers/google/models/{FLASH}:generateContent"
    bearer = {"authorization": "Bearer good"}
    reply = requests.post(at, json={**asked, "cachedContent": short}, headers=bearer, timeout=60)
    assert reply.status_code == 400
    express = {"x-goog-api-key": "good"}
    assert (
        requests.get(f"{emulator.url}/v1/cachedContents", headers=express, timeout=60).status_code
        == 404
    )
    at = f"{emulator.url}/v1/publishers/google/models/{FLASH}:generateContent"
    reply = requests.post(
        at, json={**asked, "cachedContent": page.name}, headers=express, timeout=60
    )
    assert reply.status_code == 400
