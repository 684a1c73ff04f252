"""OpenAI's embeddings, models, files and batches, through the official SDK."""

import json
from collections.abc import Iterator

import openai
import pytest

from fairlead.emulator import EmulatorThread

SMALL = "text-embedding-3-small"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[openai.OpenAI]:
    url = emulator.url + "/v1"
    with openai.OpenAI(base_url=url, api_key="key", max_retries=0, timeout=30) as made:
        yield made


def test_embeddings(client: openai.OpenAI):
    made = client.embeddings.create(model=SMALL, input=["a red shoe", "a red hat", "[]"])
    assert [one.index for one in made.data] == [0, 1, 2]
    shoe, hat, other = (one.embedding for one in made.data)
    assert len(shoe) == 1536
    assert sum(x * x for x in shoe) == pytest.approx(1, abs=1e-4)
    near, far = (sum(x * y for x, y in zip(shoe, b, strict=True)) for b in (hat, other))
    assert near > far
    assert made.usage.prompt_tokens == made.usage.total_tokens > 0


def test_both_encodings_say_the_same(client: openai.OpenAI):
    request = {"model": SMALL, "input": "Hello", "dimensions": 64}
    packed = client.embeddings.create(**request)
    plain = client.embeddings.create(**request, encoding_format="float")
    assert len(plain.data[0].embedding) == 64
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    tokens = client.embeddings.create(model=SMALL, input=[[1, 2, 3], [4]])
    assert tokens.usage.total_tokens == 4


def test_models(client: openai.OpenAI):
    names = [model.id for model in client.models.list()]
    assert {"gpt-5-mini", "gpt-5.6", "gpt-4.1", SMALL} <= set(names)
    assert client.models.retrieve("gpt-5.6").id == "gpt-5.6"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-0")
    assert caught.value.code == "model_not_found"


def test_files(client: openai.OpenAI):
    content = b"%PDF-1.4\r\nbytes \x00\xff\r\n--more"
    kept = client.files.create(file=("a.pdf", content, "application/pdf"), purpose="user_data")
    assert (kept.filename, kept.bytes, kept.purpose) == ("a.pdf", len(content), "user_data")
    assert client.files.content(kept.id).content == content
    assert kept.id in [one.id for one in client.files.list()]
    assert client.files.retrieve(kept.id) == kept
    part = {"type": "input_file", "file_id": kept.id}
    request = {"model": "gpt-5-mini", "input": [{"role": "user", "content": [part]}]}
    assert client.responses.create(**request).status == "completed"
    assert client.files.delete(kept.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(kept.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(**request)
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=b"x", purpose="other")


def line(ident: str, **body: object) -> str:
    asked = {"model": "gpt-5-mini", "input": "Hello"} | body
    return json.dumps({"custom_id": ident, "method": "POST", "url": "/v1/responses", "body": asked})


def batch_of(client: openai.OpenAI, text: str) -> openai.types.Batch:
    kept = client.files.create(file=("in.jsonl", text.encode()), purpose="batch")
    return client.batches.create(
        input_file_id=kept.id, endpoint="/v1/responses", completion_window="24h"
    )


def test_batches(emulator: EmulatorThread, client: openai.OpenAI):
    made = batch_of(client, line("a") + "\n" + line("b", model="no-such") + "\n")
    states = [made.status, *(client.batches.retrieve(made.id).status for _ in range(3))]
    assert states == ["validating", "in_progress", "completed", "completed"]
    done = client.batches.retrieve(made.id)
    counts = done.request_counts
    assert (counts.total, counts.completed, counts.failed) == (2, 1, 1)
    answer = json.loads(client.files.content(done.output_file_id).text)
    assert answer["custom_id"] == "a"
    assert answer["response"]["body"]["object"] == "response"
    failed = json.loads(client.files.content(done.error_file_id).text)
    assert failed["response"]["status_code"] == 400
    assert made.id in [one.id for one in client.batches.list()]
    assert emulator.requests[-1].path.startswith("/v1/batches")


def test_batches_that_fail_or_are_cancelled(client: openai.OpenAI):
    broken = batch_of(client, "no json\n")
    failed = client.batches.retrieve(broken.id)
    assert failed.status == "failed"
    assert failed.errors.data[0].line == 1
    made = batch_of(client, line("a"))
    assert client.batches.cancel(made.id).status == "cancelling"
    assert client.batches.retrieve(made.id).status == "cancelled"
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(made.id)
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_0")
    with pytest.raises(openai.BadRequestError, match="No such File"):
        client.batches.create(
            input_file_id="file-0", endpoint="/v1/responses", completion_window="24h"
        )
