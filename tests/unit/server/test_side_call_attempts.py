"""Calls beside the main one are tried as requests are: retries, breakers, deadlines, quotas."""

import json

import pytest
from msgspec.structs import replace
from tests.unit.server.side_house import HAIKU, SideHouse, whole

from fairlead.engine.attempts.delivery import BreakerRules, Delivery, RetryRules
from fairlead.server.deployments import deployments_json
from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import ConnectFailed, UpstreamReset
from fairlead.upstream.vendors import Upstream

COUNT = "/v1/messages/count_tokens"
HI = {"model": HAIKU, "messages": [{"role": "user", "content": "hi"}]}
TOKENS = whole({"input_tokens": 9})
BATCHES = "/v1/batches"
GOOGLES, SMALL = "gemini-embedding-001", "text-embedding-3-small"
QUICK = RetryRules(retries=2, first_wait=0.001)
REFUSED = ConnectFailed("refused", sent=False)
BROKE = UpstreamReset("gone", sent=True)


def busy(status: int = 503, **headers: str):
    return whole({"error": {"message": "busy", "type": "server_error"}}, status, **headers)


def hundred(*numbers: int, tokens: int = 10):
    values = [{"values": [number]} for number in numbers]
    return whole({"embeddings": values, "usageMetadata": {"promptTokenCount": tokens}})


def house(retry: RetryRules = QUICK, **changes) -> SideHouse:
    return SideHouse(delivery=Delivery(retry=retry, after_break=True), **changes)


def deployments(side: SideHouse) -> dict[tuple[str, str], dict]:
    told = json.loads(deployments_json(side.plane.engine.attempts))["deployments"]
    return {(each["call"], each["model"]): each for each in told}


# Method and path, what goes wrong first, and whether the call is made again.
AGAIN = [
    ("GET", "/v1/files/f", REFUSED, True),
    ("GET", "/v1/files/f", BROKE, True),
    ("GET", "/v1/files/f", busy(503), True),
    ("GET", "/v1/files/f", busy(429), True),
    ("GET", "/v1/files/f", busy(503, **{"x-should-retry": "false"}), False),
    ("GET", "/v1/files/f", busy(404), False),
    ("GET", "/v1/files/f", busy(400), False),
    ("DELETE", "/v1/files/f", REFUSED, True),
    ("DELETE", "/v1/files/f", busy(503), True),
    ("DELETE", "/v1/files/f", BROKE, False),
    ("POST", BATCHES, REFUSED, True),
    ("POST", BATCHES, BROKE, False),
    ("POST", BATCHES, busy(503), False),
    ("POST", BATCHES, busy(429), False),
    ("POST", BATCHES, busy(503, **{"x-should-retry": "true"}), False),
    ("POST", COUNT, REFUSED, True),
    ("POST", COUNT, BROKE, True),
    ("POST", COUNT, busy(529), True),
    ("POST", COUNT, busy(413), False),
    ("POST", "/v1/embeddings", REFUSED, True),
    ("POST", "/v1/embeddings", busy(500), True),
    ("POST", "/v1/embeddings", BROKE, False),
]


@pytest.mark.parametrize(("method", "path", "fault", "again"), AGAIN)
async def test_what_is_asked_again(method, path, fault, again) -> None:
    good = {"input_tokens": 9, "data": [{"index": 0, "embedding": [1]}], "id": "batch_1"}
    body = {COUNT: HI, BATCHES: {"input_file_id": "f"}}.get(path, {"model": SMALL, "input": "x"})
    side = house()
    reply = await side.ask(method, path, body if method == "POST" else b"", fault, whole(good))
    assert len(reply.sent) == (2 if again else 1)
    assert (reply.status == 200) is again
    assert reply.record.outcome == ("ok" if again else reply.record.outcome)
    assert side.plane.engine.attempts.whole.in_flight == 0


async def test_a_file_whose_content_has_begun_is_not_begun_again() -> None:
    half = Answer(200, {"content-length": "9"}, (b"half", BROKE))
    reply = await house().ask("GET", "/v1/files/f/content", b"", half)
    assert (len(reply.sent), reply.record.outcome) == (1, "stream_broken")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/files/f", b""),
        ("POST", COUNT, HI),
        ("POST", "/v1/embeddings", {"model": SMALL, "input": "x"}),
    ],
)
async def test_a_call_has_no_more_time_than_its_client_gives_it(method, path, body) -> None:
    late = Answer(200, {"content-type": "application/json"}, (Pause(30.0), b"{}"))
    side = house()
    reply = await side.ask(method, path, body, late, late, late, x_fairlead_timeout="0.05")
    assert reply.status == 504
    assert all(sent.timeouts.total <= 0.05 for sent in reply.sent)
    wrong = await side.ask(method, path, body, x_fairlead_timeout="soon")
    assert (wrong.status, wrong.sent) == (400, [])


async def test_the_operators_deadline_holds_for_them_too() -> None:
    side = SideHouse(delivery=Delivery(deadline=7.0))
    reply = await side.ask("GET", "/v1/files/f", b"", whole({"id": "f"}))
    assert reply.sent[0].timeouts.total <= 7.0


async def test_each_kind_of_call_has_a_breaker_of_its_own() -> None:
    side = SideHouse(delivery=Delivery(breaker=BreakerRules(in_a_row=2)))
    for _ in range(2):
        await side.ask("POST", COUNT, HI, busy(500))
    shut = await side.ask("POST", COUNT, HI)
    assert (shut.status, shut.sent) == (503, [])
    assert int(shut.headers["retry-after"]) >= 1
    answer = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": HAIKU, "content": [],
        "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    asked = await side.ask("POST", "/v1/messages", {**HI, "max_tokens": 9}, whole(answer))
    assert asked.status == 200, "models answer though nobody counts"
    for _ in range(2):
        await side.ask("GET", "/v1/files/f", b"", REFUSED)
    assert (await side.ask("GET", "/v1/files/g")).sent == []
    assert (await side.ask("GET", "/v1/batches/b", b"", whole({"id": "b"}))).status == 200
    found = deployments(side)
    states = {key: each["breaker"] for key, each in found.items()}
    assert states == {
        ("", HAIKU): "closed",
        ("count_tokens", HAIKU): "open",
        ("objects", "batches"): "closed",
        ("objects", "files"): "open",
    }


async def test_a_key_that_is_refused_is_not_asked_for_files_again() -> None:
    side = house()
    for _ in range(2):
        refused = await side.ask("GET", "/v1/files/f", b"", busy(401))
    assert refused.sent == []
    assert refused.record.model is None, "no model was asked"


async def test_the_bound_of_all_requests_counts_them_and_sheds() -> None:
    side = SideHouse(delivery=Delivery(in_flight=1, queue=0))
    whole_ = side.plane.engine.attempts.whole
    whole_.resize(1, 0)
    assert whole_.enter()
    for method, path, body in (("GET", "/v1/files/f", b""), ("POST", COUNT, HI)):
        reply = await side.ask(method, path, body)
        assert (reply.status, reply.sent) == (503, [])
        assert int(reply.headers["retry-after"]) >= 1
    whole_.leave()


async def test_embeddings_take_of_their_keys_quota_and_counts_do_not() -> None:
    kind = VENDORS_OWN["openai"]
    side = SideHouse(delivery=Delivery(queue_seconds=0.01))
    limited = Upstream.build(
        "openai", kind, Secret("k" * 20), "http://openai.test", requests_per_minute=1
    )
    upstreams = {**side.plane.snapshot.upstreams, "openai": limited}
    side.plane.snapshot = replace(side.plane.snapshot, upstreams=upstreams, days=[], lanes={})
    answer = whole({"data": [{"index": 0, "embedding": [1]}], "usage": {"prompt_tokens": 1}})
    ask = {"model": SMALL, "input": "x"}
    count = {"model": "gpt-5", "input": "hi"}
    for _ in range(3):
        counted = await side.ask("POST", "/v1/responses/input_tokens", count, TOKENS)
        assert counted.status == 200
    assert (await side.ask("POST", "/v1/embeddings", ask, answer)).status == 200
    over = await side.ask("POST", "/v1/embeddings", ask)
    assert (over.status, over.sent) == (429, [])


async def test_texts_that_have_their_vectors_are_not_embedded_again() -> None:
    body = {"model": GOOGLES, "input": [f"t{at}" for at in range(150)]}
    first, second = hundred(*range(100)), hundred(*range(100, 150), tokens=5)
    side = house()
    reply = await side.ask("POST", "/v1/embeddings", body, first, busy(503), second)
    assert reply.status == 200
    asked = [len(json.loads(sent.body)["requests"]) for sent in reply.sent]
    assert asked == [100, 50, 50], "the first hundred are billed once"
    assert [one["embedding"] for one in reply.json()["data"]] == [[n] for n in range(150)]
    assert reply.json()["usage"]["prompt_tokens"] == 15
    record = reply.record
    extra = side.ledger.show(f"{record.id}.1")
    assert (record.usage.input, extra.usage.input) == (5, 10)
    assert (extra.op, extra.outcome, extra.status) == ("attempt", "upstream_error", 503)
    assert reply.headers["x-fairlead-attempts"] == "2"


async def test_what_was_embedded_before_a_break_is_on_the_record() -> None:
    body = {"model": GOOGLES, "input": [f"t{at}" for at in range(150)]}
    reply = await house().ask("POST", "/v1/embeddings", body, hundred(*range(100)), BROKE)
    assert reply.status == 502
    assert len(reply.sent) == 2, "what broke off may be billed"
    usage = reply.record.usage
    assert usage.estimated
    assert usage.input > 10, "the hundred and what the call that broke may have cost"


async def test_embeddings_go_to_another_deployment() -> None:
    kind = VENDORS_OWN["openai"]
    side = house()
    upstreams = {
        name: Upstream.build(name, kind, Secret("k" * 20), f"http://{name}.test", weight=weight)
        for name, weight in (("first", 1e9), ("second", 1e-9))
    }
    side.plane.snapshot = replace(side.plane.snapshot, upstreams=upstreams, days=[], lanes={})
    answer = whole({"data": [{"index": 0, "embedding": [1]}], "usage": {"prompt_tokens": 1}})
    ask = {"model": SMALL, "input": "x"}
    reply = await side.ask("POST", "/v1/embeddings", ask, busy(503), answer)
    assert reply.status == 200
    assert [sent.url.split("/")[2] for sent in reply.sent] == ["first.test", "second.test"]
    assert (reply.record.upstream, reply.headers["x-fairlead-upstream"]) == ("second", "second")
