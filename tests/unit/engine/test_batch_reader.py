"""The gateway's own look at a batch: when it has ended, where its results are, whose key is used."""

import json

import pytest
from msgspec.structs import replace
from tests.unit.server.side_house import DAY, HAIKU, OPERATORS_KEY, SideHouse, whole

from fairlead.canon import Failure
from fairlead.engine.batch_reader import BY_GATEWAY, BatchReader
from fairlead.server.batch_watch import GIVE_UP, LOOKS, BatchWatch
from fairlead.upstream.fake import Answer
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import UpstreamReset
from fairlead.upstream.vendors import Upstream
from fairlead.vault.unbooked import Batch
from fairlead.vault.vault import LOOPBACK

MINI = "gpt-5-mini"
RUNNING = {"id": "msgbatch_1", "processing_status": "in_progress", "results_url": None}
ENDED = {**RUNNING, "processing_status": "ended"}
RESULT = {
    "custom_id": "a",
    "result": {"type": "succeeded", "message": {
        "id": "m", "type": "message", "role": "assistant", "model": HAIKU, "content": [],
        "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 5}}},
}  # fmt: skip
CHAT = {
    "custom_id": "a", "error": None,
    "response": {"status_code": 200, "body": {
        "id": "c", "object": "chat.completion", "created": 1, "model": MINI,
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"},
                     "finish_reason": "stop"}]}},
}  # fmt: skip


def made(upstream: str, id_: str, key: str = OPERATORS_KEY, scope: str = LOOPBACK) -> Batch:
    return Batch(upstream, id_, scope, Secret(key).mark(), DAY, looks=1)


class Looks:
    """A reader on a fake network; `read` gives what was said, and what was asked by then."""

    def __init__(self) -> None:
        self.house = SideHouse()
        self.reader = BatchReader(self.house.plane.engine, lambda: "fl-1")
        self.passed = 0

    async def read(self, batch: Batch, *script) -> tuple[bool, list[str]]:
        self.house.fake.add(*script)
        before = len(self.house.fake.requests)
        snapshot = self.house.plane.snapshot
        done = await self.reader.read(batch, snapshot, self.house.now, self._passed)
        assert self.house.fake.unfinished == 0
        return done, [one.url for one in self.house.fake.requests[before:]]

    async def _passed(self) -> None:
        self.passed += 1


async def test_one_that_goes_on_is_looked_at_again() -> None:
    looks = Looks()
    done, asked = await looks.read(made("anthropic", "msgbatch_1"), whole(RUNNING))
    assert (done, len(asked)) == (False, 1)
    assert looks.house.ledger.tail(9) == []  # and the look itself leaves nothing


async def test_one_that_ended_is_read_and_booked_to_who_made_it() -> None:
    looks = Looks()
    batch = made("anthropic", "msgbatch_1", scope="ann")
    done, asked = await looks.read(batch, whole(ENDED), whole(RESULT))
    assert done
    assert [url.rpartition("/v1/")[2] for url in asked] == [
        "messages/batches/msgbatch_1",
        "messages/batches/msgbatch_1/results",
    ]
    (record,) = looks.house.ledger.tail(9)
    assert (record.id, record.key_id, record.route, record.op) == (
        "anthropic.msgbatch_1", "ann", BY_GATEWAY, "batches",
    )  # fmt: skip
    assert (record.usage.input, record.usage.output, record.usage.tier) == (10, 5, "batch")
    assert looks.passed > 0
    assert await looks.read(batch) == (True, [])  # it is known to be booked: nobody is asked


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
async def test_what_openai_did_until_the_end_is_booked(status: str) -> None:
    looks = Looks()
    page = {"id": "batch_1", "status": status, "output_file_id": "file-1", "error_file_id": "f-2"}
    done, asked = await looks.read(made("openai", "batch_1"), whole(page), whole(CHAT))
    assert done
    assert asked[1].endswith("/v1/files/file-1/content")
    (record,) = looks.house.ledger.tail(9)
    assert (record.id, record.usage.input, record.usage.output) == ("openai.file-1", 7, 3)


async def test_what_openais_page_tells_is_not_read_again() -> None:
    looks = Looks()
    page = {
        "id": "batch_1", "status": "completed", "output_file_id": "file-1", "model": MINI,
        "endpoint": "/v1/chat/completions", "usage": {"input_tokens": 7, "output_tokens": 3},
    }  # fmt: skip
    done, asked = await looks.read(made("openai", "batch_1"), whole(page))
    assert (done, len(asked)) == (True, 1)
    (record,) = looks.house.ledger.tail(9)
    assert (record.id, record.route) == ("openai.file-1", BY_GATEWAY)


@pytest.mark.parametrize(
    ("upstream", "id_", "page"),
    [
        ("openai", "batch_1", {"id": "batch_1", "status": "failed", "output_file_id": None}),
        ("openai", "batch_1", {"id": "batch_1", "status": "cancelled", "output_file_id": None}),
        ("gemini", "batches/1", {
            "name": "batches/1", "done": True, "error": {"code": 1},
            "metadata": {"state": "BATCH_STATE_CANCELLED"}}),
    ],
)  # fmt: skip
async def test_without_answers_there_is_nothing_to_book(upstream, id_, page) -> None:
    looks = Looks()
    done, asked = await looks.read(made(upstream, id_), whole(page))
    assert (done, len(asked)) == (True, 1)
    assert looks.house.ledger.tail(9) == []


async def test_the_key_that_made_it_asks() -> None:
    looks = Looks()
    snapshot = looks.house.plane.snapshot
    first = snapshot.upstreams["anthropic"]
    second = Upstream.build("anthropic", first.kind, Secret("second"), first.base_url, number=2)
    upstreams = {**snapshot.upstreams, "anthropic#2": second}
    looks.house.plane.snapshot = replace(snapshot, upstreams=upstreams)
    for key, used in (("second", "second"), (OPERATORS_KEY, OPERATORS_KEY), ("x", OPERATORS_KEY)):
        await looks.read(made("anthropic", "msgbatch_1", key), whole(RUNNING))
        assert dict(looks.house.fake.requests[-1].headers)["x-api-key"] == used


async def test_results_that_break_off_book_nothing() -> None:
    looks = Looks()
    half = json.dumps(RESULT).encode() + b"\n"
    broken = Answer(200, {}, (half, UpstreamReset("gone", sent=True)))
    with pytest.raises(Failure):
        await looks.read(made("anthropic", "msgbatch_1"), whole(ENDED), broken)
    assert looks.house.ledger.tail(9) == []


class Listed:
    """What becomes of a batch on the list."""

    def __init__(self) -> None:
        self.gone: list[str] = []

    async def done(self, batch: Batch) -> None:
        self.gone.append(batch.id)

    async def hold(self, batch: Batch, seconds: float) -> None: ...


@pytest.mark.parametrize(
    ("looked", "later", "unread"), [(1, 0.0, False), (LOOKS, 0.0, True), (1, GIVE_UP + 1, True)]
)
async def test_what_cannot_be_read_any_more_is_told(looked, later, unread) -> None:
    house, listed = SideHouse(), Listed()
    watch = BatchWatch(
        house.plane.engine, lambda: house.plane.snapshot, 60.0, lambda: house.now + later
    )
    watch._unbooked = listed
    error = {"type": "error", "error": {"type": "not_found_error", "message": "no such batch"}}
    house.fake.add(whole(error, status=404))
    await watch.look(replace(made("anthropic", "msgbatch_1"), looks=looked))
    found = house.ledger.show("anthropic.msgbatch_1.unread")
    assert (found is not None, listed.gone) == (unread, ["msgbatch_1"] if unread else [])
    if found is not None:
        assert (found.cost_usd, found.usage.estimated, found.op) == (None, True, "batches")
