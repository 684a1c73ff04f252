"""Message Batches and Files through the official Anthropic SDK."""

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from fairlead.emulator import EmulatorThread

HAIKU = "claude-haiku-4-5"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=emulator.url, api_key="one", max_retries=0) as made:
        yield made


def params(text: str, **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return {"model": HAIKU, "max_tokens": 100, "messages": messages, **more}


def test_a_batch_is_done_by_the_next_look(emulator: EmulatorThread, client: anthropic.Anthropic):
    emulator.reset()
    batch = client.messages.batches.create(
        requests=[
            {"custom_id": "good", "params": params("Hi")},
            {"custom_id": "bad", "params": params("Hi", max_tokens=10**6)},
        ]
    )
    assert batch.processing_status == "in_progress"
    assert batch.request_counts.processing == 2
    assert (batch.expires_at - batch.created_at).total_seconds() == 24 * 3600
    ended = client.messages.batches.retrieve(batch.id)
    assert ended.processing_status == "ended"
    assert (ended.request_counts.succeeded, ended.request_counts.errored) == (1, 1)
    results = {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}
    good, bad = results["good"], results["bad"]
    assert good.type == "succeeded"
    assert "no model was called" in good.message.content[0].text
    assert good.message.usage.service_tier == "batch"
    assert bad.type == "errored"
    assert "max_tokens: 1000000 > 64000" in bad.error.error.message
    (line,) = [one for one in emulator.bill()["lines"] if one["model"] == HAIKU]
    assert (line["requests"], line["errors"]) == (2, 1)
    assert client.messages.batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)


def test_a_batch_is_cancelled_before_the_first_look(client: anthropic.Anthropic):
    batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": params("Hi")}])
    assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
    assert client.messages.batches.retrieve(batch.id).processing_status == "canceling"
    ended = client.messages.batches.retrieve(batch.id)
    assert (ended.processing_status, ended.request_counts.canceled) == ("ended", 1)
    (line,) = client.messages.batches.results(batch.id)
    assert line.result.type == "canceled"


def test_lists_go_by_the_page_and_by_the_key(emulator: EmulatorThread, client: anthropic.Anthropic):
    emulator.reset()
    made = [
        client.messages.batches.create(requests=[{"custom_id": "a", "params": params("Hi")}]).id
        for _ in range(5)
    ]
    page = client.messages.batches.list(limit=2)
    assert [one.id for one in page.data] == made[:-3:-1]
    assert page.has_more
    assert [one.id for one in client.messages.batches.list(limit=2)] == made[::-1]
    before = client.messages.batches.list(limit=2, before_id=made[0])
    assert [one.id for one in before.data] == [made[2], made[1]]
    with anthropic.Anthropic(base_url=emulator.url, api_key="two", max_retries=0) as other:
        assert other.messages.batches.list().data == []
        with pytest.raises(anthropic.NotFoundError):
            other.messages.batches.retrieve(made[0])


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        ([], "requests: List should have at least 1 item"),
        ([{"custom_id": "a b", "params": {}}], "requests.0.custom_id: String should match pattern"),
        ([{"custom_id": "a", "params": {}}] * 2, "requests.1.custom_id: custom_id must be unique"),
        ([{"custom_id": "a", "params": []}], "requests.0.params: Input should be a valid"),
        ([{"custom_id": "a", "params": {"stream": True}}], "requests.0.params.stream"),
    ],
)
def test_a_bad_batch(client: anthropic.Anthropic, requests: Any, said: str):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.batches.create(requests=requests)
    assert said in str(caught.value)


def png(side: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def test_files_are_kept_and_named_in_requests(
    emulator: EmulatorThread, client: anthropic.Anthropic
):
    emulator.reset()
    text = client.files.upload(file=("notes.txt", b"The word is plum.", "text/plain"))
    picture = client.files.upload(file=("a.png", png(200), "image/png"))
    assert (text.filename, text.mime_type, text.size_bytes) == ("notes.txt", "text/plain", 17)
    assert text.downloadable is False
    assert client.files.retrieve_metadata(text.id) == text
    assert [one.id for one in client.files.list()] == [picture.id, text.id]
    asked = client.beta.messages.create(
        model=HAIKU,
        max_tokens=300,
        betas=["files-api-2025-04-14"],
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": {"type": "file", "file_id": text.id}},
                    {"type": "image", "source": {"type": "file", "file_id": picture.id}},
                    {"type": "text", "text": "What is it?"},
                ],
            }
        ],
    )
    assert f"image/png ({len(png(200))} bytes)" in asked.content[0].text
    assert "text/plain (17 bytes)" in asked.content[0].text
    inline = base64.b64encode(png(200)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": inline}
    same = client.messages.create(
        model=HAIKU,
        max_tokens=10,
        messages=[{"role": "user", "content": [{"type": "image", "source": source}]}],
    )
    assert asked.usage.input_tokens > same.usage.input_tokens
    with pytest.raises(anthropic.BadRequestError, match="is not downloadable"):
        client.files.download(text.id)
    assert client.files.delete(text.id).type == "file_deleted"
    for missing in (
        lambda: client.files.retrieve_metadata(text.id),
        lambda: client.files.delete(text.id),
        lambda: client.files.download(text.id),
    ):
        with pytest.raises(anthropic.NotFoundError, match=f"File not found: {text.id}"):
            missing()


def test_a_file_of_another_key_is_not_found(emulator: EmulatorThread, client: anthropic.Anthropic):
    picture = client.files.upload(file=("a.png", png(10), "image/png"))
    source = {"type": "file", "file_id": picture.id}
    with (
        anthropic.Anthropic(base_url=emulator.url, api_key="two", max_retries=0) as other,
        pytest.raises(anthropic.NotFoundError),
    ):
        other.beta.messages.create(
            model=HAIKU,
            max_tokens=10,
            messages=[{"role": "user", "content": [{"type": "image", "source": source}]}],
        )


def test_a_form_without_a_file(emulator: EmulatorThread, client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError, match="file: Field required"):
        client.post("/v1/files", cast_to=object, body={"a": 1})
