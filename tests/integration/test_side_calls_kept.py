"""Files, batches and cached contents through the official SDKs: each virtual key sees its own."""

import io
import json
import time

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.integration.conftest import meant

from fairlead.limits.keys import KeyStore

FLASH, HAIKU, MINI = meant("flash"), "claude-haiku-4-5", "gpt-5-mini"
LONG = "The handbook describes hygiene of cassettes and drift of formats. " * 300
PATIENCE = 20.0


@pytest.fixture
def keyed(start, tmp_path):
    """A gateway with two virtual keys, and their secrets."""
    store = KeyStore(tmp_path / "fairlead.db")
    secrets = [store.create(name)[1] for name in ("ann", "ben")]
    return start(), secrets


def gpt(gateway, key="x") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0)


def claude(gateway, key="x") -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=gateway.url, api_key=key, max_retries=0)


def gemini(gateway, key="x") -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=gateway.url))


def settled(look, done):
    """Look until it is done."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if done(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"never done: {found}")


# --- without virtual keys there is one user, who sees everything ----------------------------------


def test_openais_files_and_batches(gateway) -> None:
    with gpt(gateway) as client:
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}
        line["body"] = {"model": MINI, "messages": [{"role": "user", "content": "Hi"}]}
        data = json.dumps(line).encode()
        raw = client.files.with_raw_response.create(file=("b.jsonl", data), purpose="batch")
        file = raw.parse()
        assert client.files.retrieve(file.id).bytes == len(data)
        assert client.files.content(file.id).content == data
        assert file.id in [one.id for one in client.files.list()]
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        ended = settled(
            lambda: client.batches.retrieve(batch.id), lambda b: b.status == "completed"
        )
        answer = json.loads(client.files.content(ended.output_file_id).content)
        assert answer["custom_id"] == "a"
        assert client.files.delete(file.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(file.id)
    record = gateway.record(raw.headers["x-fairlead-request-id"])
    assert (record.op, record.outcome, record.status) == ("files", "ok", 200)
    assert (record.usage, record.cost_usd, record.emulated) == (None, None, True)


def test_anthropics_batches_and_files(gateway) -> None:
    with claude(gateway) as client:
        params = {"model": "haiku", "max_tokens": 50}
        params["messages"] = [{"role": "user", "content": "Hi"}]
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
        ended = settled(
            lambda: client.messages.batches.retrieve(batch.id),
            lambda b: b.processing_status == "ended",
        )
        assert ended.results_url.startswith(gateway.url)
        (result,) = list(client.messages.batches.results(batch.id))
        assert result.result.message.model.startswith("claude-haiku-4-5")
        assert batch.id in [one.id for one in client.messages.batches.list()]
        client.messages.batches.delete(batch.id)
        file = client.beta.files.upload(
            file=("a.txt", b"The harbour has nine boats.", "text/plain")
        )
        assert client.beta.files.retrieve_metadata(file.id).filename == "a.txt"
        assert file.id in [one.id for one in client.beta.files.list()]
        assert client.beta.files.delete(file.id).id == file.id


def test_geminis_caches_files_and_batches(gateway) -> None:
    with gemini(gateway) as client:
        config = types.CreateCachedContentConfig(contents=LONG, ttl="300s")
        cache = client.caches.create(model="flash", config=config)
        assert cache.model == f"models/{FLASH}"
        answer = client.models.generate_content(
            model=FLASH,
            contents="What does it describe?",
            config=types.GenerateContentConfig(cached_content=cache.name),
        )
        assert answer.usage_metadata.cached_content_token_count > 0
        longer = types.UpdateCachedContentConfig(ttl="600s")
        assert client.caches.update(name=cache.name, config=longer).name == cache.name
        assert cache.name in [one.name for one in client.caches.list()]
        client.caches.delete(name=cache.name)
        with pytest.raises(genai.errors.ClientError) as gone:
            client.caches.get(name=cache.name)
        assert gone.value.code in (403, 404)
        file = client.files.upload(
            file=io.BytesIO(b"The harbour has nine boats."),
            config=types.UploadFileConfig(mime_type="text/plain", display_name="harbour"),
        )
        assert client.files.get(name=file.name).display_name == "harbour"
        job = client.batches.create(
            model="flash",
            src=[
                types.InlinedRequest(
                    contents=[types.Content(role="user", parts=[types.Part(text="Hi")])]
                )
            ],
        )
        ended = settled(
            lambda: client.batches.get(name=job.name),
            lambda b: b.state.name == "JOB_STATE_SUCCEEDED",
        )
        assert ended.dest.inlined_responses[0].response.text


def test_a_cached_content_is_only_googles(gateway) -> None:
    body = {"contents": [{"parts": [{"text": "x"}]}], "cachedContent": "cachedContents/abc"}
    path = f"/v1beta/models/{HAIKU}:generateContent"
    refused = gateway.request("POST", path, json.dumps(body).encode())
    assert refused.status == 400
    assert "cachedContent" in refused.body.decode()
    made = {"model": f"models/{HAIKU}", **body}
    refused = gateway.request("POST", "/v1beta/cachedContents", json.dumps(made).encode())
    assert (refused.status, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    made["model"] = "models/auto"
    refused = gateway.request("POST", "/v1beta/cachedContents", json.dumps(made).encode())
    assert "auto" in refused.json()["error"]["message"]


# --- with virtual keys ----------------------------------------------------------------------------


def test_a_key_sees_its_own_files_and_batches_at_openai(keyed) -> None:
    gateway, (ann, ben) = keyed
    with gpt(gateway, ann) as first, gpt(gateway, ben) as second:
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}
        line["body"] = {"model": MINI, "messages": [{"role": "user", "content": "Hi"}]}
        data = json.dumps(line).encode()
        mine = first.files.create(file=("a.jsonl", data), purpose="batch")
        other = second.files.create(file=("b.jsonl", data), purpose="batch")
        assert [one.id for one in first.files.list()] == [mine.id]
        assert [one.id for one in second.files.list()] == [other.id]
        for refused in (
            lambda: second.files.retrieve(mine.id),
            lambda: second.files.content(mine.id),
            lambda: second.files.delete(mine.id),
            lambda: second.files.retrieve("file-nobody"),
            lambda: second.batches.create(
                input_file_id=mine.id, endpoint="/v1/chat/completions", completion_window="24h"
            ),
        ):
            with pytest.raises(openai.NotFoundError):
                refused()
        batch = first.batches.create(
            input_file_id=mine.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        with pytest.raises(openai.NotFoundError):
            second.batches.retrieve(batch.id)
        assert second.batches.list().data == []
        ended = settled(lambda: first.batches.retrieve(batch.id), lambda b: b.status == "completed")
        assert first.files.content(ended.output_file_id).content
        with pytest.raises(openai.NotFoundError):
            second.files.content(ended.output_file_id)
        first.files.delete(mine.id)
        with pytest.raises(openai.NotFoundError):
            first.files.retrieve(mine.id)


def test_a_key_sees_its_own_batches_and_files_at_anthropic(keyed) -> None:
    gateway, (ann, ben) = keyed
    with claude(gateway, ann) as first, claude(gateway, ben) as second:
        params = {"model": HAIKU, "max_tokens": 50}
        params["messages"] = [{"role": "user", "content": "Hi"}]
        requests = [{"custom_id": "a", "params": params}]
        mine = [first.messages.batches.create(requests=requests).id for _ in range(3)]
        theirs = [second.messages.batches.create(requests=requests).id for _ in range(3)]
        assert {one.id for one in first.messages.batches.list(limit=1)} == set(mine)
        assert {one.id for one in second.messages.batches.list(limit=2)} == set(theirs)
        with pytest.raises(anthropic.NotFoundError):
            second.messages.batches.retrieve(mine[0])
        settled(
            lambda: first.messages.batches.retrieve(mine[0]),
            lambda b: b.processing_status == "ended",
        )
        assert [one.custom_id for one in first.messages.batches.results(mine[0])] == ["a"]
        file = first.beta.files.upload(file=("a.txt", b"nine boats", "text/plain"))
        assert [one.id for one in first.beta.files.list()] == [file.id]
        assert list(second.beta.files.list()) == []
        with pytest.raises(anthropic.NotFoundError):
            second.beta.files.delete(file.id)


def test_a_key_sees_its_own_caches_and_files_at_google(keyed) -> None:
    gateway, (ann, ben) = keyed
    with gemini(gateway, ann) as first, gemini(gateway, ben) as second:
        config = types.CreateCachedContentConfig(contents=LONG, ttl="300s")
        cache = first.caches.create(model=FLASH, config=config)
        assert [one.name for one in first.caches.list()] == [cache.name]
        assert list(second.caches.list()) == []
        with pytest.raises(genai.errors.ClientError) as refused:
            second.caches.get(name=cache.name)
        assert refused.value.code == 404
        file = first.files.upload(
            file=io.BytesIO(b"The harbour has nine boats."),
            config=types.UploadFileConfig(mime_type="text/plain"),
        )
        assert [one.name for one in first.files.list()] == [file.name]
        assert list(second.files.list()) == []
        with pytest.raises(genai.errors.ClientError) as refused:
            second.files.delete(name=file.name)
        assert refused.value.code == 404


def test_an_upload_goes_on_at_the_gateway_and_only_with_its_seal(keyed) -> None:
    gateway, (ann, _) = keyed
    begun = gateway.request(
        "POST",
        "/upload/v1beta/files",
        b'{"file":{"displayName":"x"}}',
        {
            "x-goog-api-key": ann,
            "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start",
            "x-goog-upload-header-content-length": "4",
            "x-goog-upload-header-content-type": "text/plain",
        },
    )
    headers = {name.lower(): value for name, value in begun.headers.items()}
    address = headers["x-goog-upload-url"]
    assert address.startswith(gateway.url + "/upload/v1beta/files?")
    assert "emulated-gemini-key" not in str(begun)
    command = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    path = address.removeprefix(gateway.url)
    bare, _, seal = path.rpartition("&fairlead_upload=")
    for wrong in (
        bare,
        f"{bare}&fairlead_upload=",
        f"{path[:-1]}{'0' if seal[-1] != '0' else '1'}",
    ):
        assert gateway.request("POST", wrong, b"boat", command).status == 404
        assert (
            gateway.request("POST", wrong, b"boat", {**command, "x-goog-api-key": ann}).status
            == 404
        )
    done = gateway.request("POST", path, b"boat", command)
    assert done.status == 200, done
    name = done.json()["file"]["name"]
    assert gateway.request("GET", f"/v1beta/{name}", None, {"x-goog-api-key": ann}).status == 200


def test_no_file_of_a_vendor_that_is_not_configured(start) -> None:
    gateway = start({"OPENAI_API_KEY": "unset"})
    refused = gateway.request("GET", "/v1/files")
    assert refused.status == 404
    assert "openai_chat" in refused.json()["error"]["message"]


def test_a_download_that_breaks_off_does_not_look_whole(gateway) -> None:
    with gpt(gateway) as client:
        data = b"nine boats\n" * 20_000
        file = client.files.create(file=("a.txt", data), purpose="user_data")
        assert client.files.content(file.id).content == data
        gateway.fault(path="*/content", action="close", after=1)
        with pytest.raises(openai.APIConnectionError):
            client.files.content(file.id)
    assert gateway.newest(op="files", outcome="stream_broken").status == 200
