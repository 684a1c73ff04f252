"""Requests over several deployments, engine and all but the network."""

import asyncio
import json
from math import inf
from time import perf_counter

import pytest
from msgspec.structs import replace
from tests.unit.engine.attempts.attempt_house import (
    ANSWER,
    EVENTS,
    GONE,
    JSON,
    Client,
    House,
    decision_of,
    error,
    ok,
    streamed,
)

from fairlead.engine.attempts.delivery import BreakerRules, Delivery, RetryRules
from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.transport import ConnectFailed, ReadTimeout, Timeouts

ONCE = Delivery()
AUDIO = {"data": "UklGRgAAAABXQVZF", "format": "wav"}
AGAIN = Delivery(retry=RetryRules(retries=2, first_wait=0.01), after_break=True)


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_the_next_deployment_of_the_same_model_answers(dialect) -> None:
    house = House(ONCE, {"one": [error(529)], "two": [ok()]})
    client, record = await house.ask(dialect=dialect)
    assert (client.status, house.asked) == (200, ["one", "two"])
    assert (record.outcome, record.upstream) == ("ok", "two")
    assert client.headers["x-fairlead-attempts"] == "2"
    assert client.headers["x-fairlead-upstream"] == "two"
    assert "two after one failed (529)" in client.headers["x-fairlead-route"]
    tried = decision_of(record).tried
    assert [(each.upstream, each.outcome, each.status) for each in tried] == [
        ("one", "overloaded", 529),
        ("two", "ok", None),
    ]
    assert house.extra() is None, "a refusal is not billed"


async def test_the_same_deployment_again_after_a_wait() -> None:
    house = House(AGAIN, {"one": [error(503), error(500), ok()]})
    client, record = await house.ask()
    assert (client.status, len(house.asked)) == (200, 3)
    assert client.headers["x-fairlead-attempts"] == "3"
    assert len(decision_of(record).tried) == 3


async def test_no_more_than_it_was_told() -> None:
    house = House(AGAIN, {"one": [error(503)] * 9})
    client, record = await house.ask()
    assert (client.status, len(house.asked)) == (503, 3)
    assert record.outcome == "upstream_error"


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_what_is_the_requests_fault_is_asked_nowhere_else(status) -> None:
    house = House(AGAIN, {"one": [error(status)], "two": [ok()]})
    _, record = await house.ask()
    assert (house.asked, record.outcome) == (["one"], "client_error")


async def test_the_vendor_says_no() -> None:
    house = House(AGAIN, {"one": [error(529, x_should_retry="false"), ok()]})
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (503, 1)


async def test_a_wait_that_is_too_long_is_told_and_not_waited_for() -> None:
    house = House(AGAIN, {"one": [error(429, retry_after="60"), ok()]})
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (429, 1)
    assert client.headers["retry-after"] == "60"


async def test_the_deadline_of_the_client_is_held_over_all_attempts() -> None:
    rules = Delivery(retry=RetryRules(retries=9, first_wait=60.0, most_wait=60.0))
    house = House(rules, {"one": [error(503), ok()]})
    house.engine.attempts._draw = lambda: 1.0
    client, _ = await house.ask(headers=((b"x-fairlead-timeout", b"5"),))
    assert (client.status, len(house.asked)) == (503, 1), "60 s would be too late"
    house = House(rules, {"one": [Answer(200, JSON, (b"{}",), wait=30.0)]})
    client, _ = await house.ask(headers=((b"x-fairlead-timeout", b"0.5"),))
    assert client.status == 504
    assert house.fake.requests[0].timeouts.total <= 0.5


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
@pytest.mark.parametrize(
    ("deadline", "asked", "whose", "not_whose"),
    [
        (0.0, b"60.5", b"60.5 s, x-fairlead-timeout", b"delivery.deadline"),
        (90.0, b"60.5", b"60.5 s, x-fairlead-timeout", b"delivery.deadline"),
        (60.5, b"90", b"60.5 s, delivery.deadline", b"x-fairlead-timeout"),
        (60.5, b"", b"60.5 s, delivery.deadline", b"x-fairlead-timeout"),
    ],
)
async def test_a_stream_that_its_time_ends_is_told_whose_time(
    monkeypatch, dialect, deadline, asked, whose, not_whose
) -> None:
    monkeypatch.setattr("fairlead.engine.relay.perf_counter", lambda: perf_counter() + 61.0)
    silent = streamed(*EVENTS[:3], ReadTimeout("silent", sent=True))
    house = House(Delivery(deadline=deadline), {"one": [silent]})
    headers = ((b"x-fairlead-timeout", asked),) if asked else ()
    client, record = await house.ask(dialect=dialect, stream=True, headers=headers)
    assert record.outcome == "stream_broken"
    assert b"the time for this request is over" in client.body
    assert whose in client.body
    assert not_whose not in client.body
    assert b"the upstream's timeouts" not in client.body


@pytest.mark.parametrize("wrong", [b"0", b"-1", b"soon", b"1e9", b"nan"])
async def test_a_timeout_that_makes_no_sense_is_told(wrong) -> None:
    house = House(ONCE, {"one": [ok()]})
    client, _ = await house.ask(headers=((b"x-fairlead-timeout", wrong),))
    assert (client.status, house.asked) == (400, [])
    assert "timeout" in client.body.decode()


async def test_a_broken_connection_goes_elsewhere_and_both_are_in_the_ledger() -> None:
    house = House(AGAIN, {"one": [GONE], "two": [ok()]})
    client, record = await house.ask()
    assert (client.status, record.upstream) == (200, "two")
    lost = house.extra()
    assert (lost.op, lost.upstream, lost.outcome) == ("attempt", "one", "upstream_error")
    assert lost.usage.estimated
    assert lost.cost_usd > 0
    assert not record.usage.estimated
    assert client.headers["x-fairlead-cost-usd"] != str(record.cost_usd), "what all cost together"


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_an_answer_that_is_no_json_goes_elsewhere_instead_of_to_the_client(dialect) -> None:
    garbled = Answer(200, JSON, (b'{"id": "msg_1", "content": [{"ty',))
    house = House(AGAIN, {"one": [garbled], "two": [ok()]})
    client, record = await house.ask(dialect=dialect)
    assert (client.status, record.upstream) == (200, "two")
    assert json.loads(client.body)["id"]
    assert house.extra().usage.estimated
    house = House(AGAIN, {"one": [garbled]})
    client, record = await house.ask(dialect=dialect)
    assert (client.status, record.outcome) == (502, "upstream_error")
    assert record.usage.estimated
    assert json.loads(client.body)["error"]


async def test_a_broken_connection_is_never_tried_again_at_the_same_place() -> None:
    house = House(AGAIN, {"one": [GONE, ok()]})
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (502, 1)


async def test_after_the_first_byte_there_is_no_second_model() -> None:
    house = House(AGAIN, {"one": [streamed(*EVENTS[:3], GONE)], "two": [ok()]})
    client, record = await house.ask(stream=True)
    assert (house.asked, record.outcome) == (["one"], "stream_broken")
    assert b'"error"' in client.body
    assert record.usage is not None


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_what_breaks_while_it_is_held_back_is_mended_unseen(dialect) -> None:
    house = House(
        Delivery(hold_back=5.0), {"one": [streamed(*EVENTS[:3], GONE)], "two": [streamed()]}
    )
    client, record = await house.ask(dialect=dialect, stream=True)
    assert house.asked == ["one", "two"]
    assert (record.outcome, record.upstream) == ("ok", "two")
    assert client.body.count(b"Hello.") == 1
    assert b'"error"' not in client.body
    assert [each.outcome for each in decision_of(record).tried] == ["upstream", "ok"]
    lost = house.extra()
    assert (lost.op, lost.upstream, lost.cost_usd > 0) == ("attempt", "one", True)


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
@pytest.mark.parametrize("pieces", [1, 2, 3])
async def test_what_breaks_at_the_last_piece_that_is_held_is_mended_unseen(dialect, pieces) -> None:
    delivery = Delivery(hold_back=5.0, hold_back_pieces=pieces)
    house = House(delivery, {"one": [streamed(*EVENTS[:pieces], GONE)], "two": [streamed()]})
    client, _ = await house.ask(dialect=dialect, stream=True)
    assert house.asked == ["one", "two"]
    assert client.body.count(b"Hello.") == 1
    assert b'"error"' not in client.body


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_a_held_stream_that_ends_before_its_answer_is_mended_unseen(dialect) -> None:
    house = House(Delivery(hold_back=5.0), {"one": [streamed(*EVENTS[:3])], "two": [streamed()]})
    client, record = await house.ask(dialect=dialect, stream=True)
    assert (house.asked, record.outcome) == (["one", "two"], "ok")
    assert client.body.count(b"Hello.") == 1


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_a_held_stream_without_an_end_goes_out_where_there_is_no_other(dialect) -> None:
    house = House(Delivery(hold_back=5.0), {"one": [streamed(*EVENTS[:3])]})
    client, record = await house.ask(dialect=dialect, stream=True)
    assert (client.status, record.outcome) == (200, "stream_broken")
    assert client.body.count(b"Hello.") == 1
    assert record.error_kind == "upstream"


async def test_a_stream_of_nothing_is_asked_for_elsewhere() -> None:
    house = House(Delivery(after_break=True), {"one": [streamed(b"")], "two": [streamed()]})
    client, record = await house.ask(dialect="anthropic", stream=True)
    assert (client.status, house.asked, record.outcome) == (200, ["one", "two"], "ok")


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_nothing_goes_out_while_the_next_attempt_is_waited_for(dialect) -> None:
    """What goes out in a back-off is glued to the next answer."""
    retry = RetryRules(retries=1, first_wait=0.3)
    rules = Delivery(hold_back=0.1, retry=retry)
    script = {"one": [error(529), streamed()], "two": [streamed(*EVENTS[:3], GONE)]}
    house = House(rules, script)
    draws = iter([0.0])
    house.engine.attempts._draw = lambda: next(draws, 1.0)
    client, record = await house.ask(dialect=dialect, stream=True)
    assert (house.asked, record.outcome) == (["one", "two", "one"], "ok")
    assert client.body.count(b"Hello.") == 1
    assert b'"error"' not in client.body


async def test_what_was_held_back_goes_out_in_time() -> None:
    house = House(
        Delivery(hold_back=0.02), {"one": [streamed(*EVENTS[:3], Pause(1.5), *EVENTS[3:])]}
    )
    client = Client()
    task = asyncio.create_task(house.ask(client, stream=True))
    while not client.started:
        await asyncio.sleep(0.005)
        assert not task.done()
    await task
    assert client.body.count(b"Hello.") == 1


async def test_held_back_to_the_end_and_broken_everywhere() -> None:
    broken = streamed(*EVENTS[:3], GONE)
    house = House(Delivery(hold_back=5.0), {"one": [broken], "two": [broken]})
    client, record = await house.ask(stream=True)
    assert (client.status, record.outcome) == (200, "stream_broken")
    assert client.body.count(b"Hello.") == 1
    assert client.body.count(b'"error"') == 1


async def test_a_first_token_that_is_late_goes_elsewhere() -> None:
    late = streamed(Pause(20.0), *EVENTS)
    times = Timeouts(first_token=0.5)
    house = House(AGAIN, {"one": [late], "two": [streamed()]}, timeouts=times)
    client, record = await house.ask(stream=True)
    assert (client.status, record.upstream) == (200, "two")
    assert house.extra().usage.estimated


async def test_each_deployment_is_asked_again_when_its_own_vendor_wants_it() -> None:
    rules = Delivery(retry=RetryRules(retries=1, first_wait=0.01))
    script = {"one": [error(529, retry_after="15"), ok()], "two": [error(529), ok()]}
    client, _ = await (house := House(rules, script)).ask()
    assert (client.status, house.asked) == (200, ["one", "two", "two"])


async def test_a_client_that_leaves_in_a_back_off_owes_nothing() -> None:
    rules = Delivery(retry=RetryRules(retries=1, first_wait=60.0))
    house = House(rules, {"one": [error(529), ok()]})
    house.engine.attempts._draw = lambda: 1.0
    client = Client()
    task = asyncio.create_task(house.ask(client))
    while not house.asked or house.fake.unfinished:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    client.gone = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    record = house.ledger.show("fl-1")
    assert (record.outcome, record.usage, record.cost_usd) == ("client_gone", None, None)
    assert house.in_flight() == 0


async def test_an_open_breaker_is_not_asked() -> None:
    rules = Delivery(breaker=BreakerRules(in_a_row=2))
    house = House(rules, {"one": [error(500)] * 2, "two": [ok()] * 5})
    for _ in range(5):
        client, record = await house.ask()
        assert (client.status, record.upstream) == (200, "two")
    assert house.asked.count("one") == 2
    house = House(rules, {"one": [error(500)] * 2})
    for _ in range(2):
        await house.ask()
    client, _ = await house.ask()
    assert client.status == 503
    assert int(client.headers["retry-after"]) > 0
    assert "not asked for now" in client.body.decode()
    assert len(house.asked) == 2


async def test_a_refused_key_is_not_asked_until_the_configuration_changes(caplog) -> None:
    house = House(ONCE, {"one": [error(401)], "two": [ok()] * 3})
    for _ in range(3):
        client, _ = await house.ask()
        assert client.status == 200
    assert house.asked.count("one") == 1
    assert any("refused" in line.message for line in caplog.records)
    assert not any("kkkk" in line.message for line in caplog.records)


def _googles(status: int, word: str, message: str, reason: str = "") -> Answer:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    told = {"code": status, "status": word, "message": message, "details": [info]}
    return Answer(status, JSON, (json.dumps({"error": told}).encode(),))


@pytest.mark.parametrize("reason", ["API_KEY_INVALID", ""])
async def test_a_revoked_key_of_gemini_is_refused_though_it_is_a_400(reason) -> None:
    message = "API key not valid. Please pass a valid API key."
    revoked = _googles(400, "INVALID_ARGUMENT", message, reason)
    house = House(Delivery(), {"one": [revoked]}, vendor="gemini")
    client, _ = await house.ask(model="gemini-2.5-flash")
    assert client.status == 502
    (at,) = house.engine.attempts.deployments
    assert at.breaker.state == "refused"
    client, _ = await house.ask(model="gemini-2.5-flash")
    assert (client.status, house.asked) == (502, ["one"])
    assert "API key not valid" in client.body.decode()


async def test_an_account_without_credit_is_left_alone_for_a_time_and_not_asked_again() -> None:
    empty = _googles(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.")
    house = House(Delivery(), {"one": [empty]}, vendor="gemini")
    client, _ = await house.ask(model="gemini-2.5-flash")
    assert (client.status, house.asked) == (502, ["one"])
    assert "credit" in client.body.decode()
    (at,) = house.engine.attempts.deployments
    assert at.breaker.state == "open"


@pytest.mark.parametrize(("due", "state"), [(60.0, "open"), (inf, "refused")])
async def test_credentials_that_never_change_are_refused_like_a_key(due, state) -> None:
    class Signer:
        def sign(self, request):
            return request

        def due(self) -> float:
            return due

        def doubt(self) -> None:
            pass

    house = House(ONCE, {"one": [error(401)]})
    one = replace(house.snapshot.upstreams["one"], signer=Signer())
    house.snapshot = replace(house.snapshot, upstreams={"one": one})
    await house.ask()
    (at,) = house.engine.attempts.deployments
    assert at.breaker.state == state


async def test_a_key_s_quota_holds_for_those_that_waited_for_room() -> None:
    """Each saw room in the minute before it waited for a place."""
    slow = Answer(200, JSON, (Pause(0.05), *ok().steps))
    rules = Delivery(queue_seconds=2.0)
    house = House(rules, {"one": [slow] * 4}, requests_per_minute=2, in_flight=1)
    answers = await asyncio.gather(*(house.ask() for _ in range(4)))
    assert sorted(client.status for client, _ in answers) == [200, 200, 429, 429]
    assert (len(house.asked), house.in_flight()) == (2, 0)


async def test_what_was_never_sent_takes_nothing_of_a_quota() -> None:
    house = House(ONCE, {"one": [ok()]}, requests_per_minute=1)
    client, _ = await house.ask(
        messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": AUDIO}]}]
    )
    assert (client.status, house.asked) == (400, []), "the model hears nothing"
    client, _ = await house.ask()
    assert client.status == 200


async def test_a_key_s_quota_is_kept() -> None:
    house = House(
        Delivery(queue_seconds=0.01), {"one": [ok()] * 2, "two": [ok()] * 2}, requests_per_minute=2
    )
    for _ in range(4):
        client, _ = await house.ask()
        assert client.status == 200
    client, _ = await house.ask()
    assert client.status == 429
    assert 50 < int(client.headers["retry-after"]) <= 60
    assert len(house.asked) == 4


async def test_beyond_the_room_and_the_queue_it_is_shed() -> None:
    slow = Answer(200, JSON, (json.dumps(ANSWER).encode(),), wait=0.2)
    house = House(Delivery(queue=1, queue_seconds=5.0), {"one": [slow] * 2}, in_flight=1)
    tasks = [asyncio.create_task(house.ask()) for _ in range(3)]
    done = await asyncio.gather(*tasks)
    statuses = sorted(client.status for client, _ in done)
    assert statuses == [200, 200, 503]
    shed = next(client for client, _ in done if client.status == 503)
    assert "retry-after" in shed.headers
    assert max(record.queue_ms or 0 for _, record in done) > 100


async def test_in_all_no_more_than_the_gateway_may() -> None:
    slow = Answer(200, JSON, (json.dumps(ANSWER).encode(),), wait=0.2)
    house = House(Delivery(in_flight=1, queue=0), {"one": [slow]})
    done = await asyncio.gather(house.ask(), house.ask())
    assert sorted(client.status for client, _ in done) == [200, 503]


async def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind() -> None:
    rules = Delivery(retry=RetryRules(retries=1, first_wait=30.0))
    house = House(rules, {"one": [error(503), ok()]})
    house.engine.attempts._draw = lambda: 1.0
    client = Client()
    task = asyncio.create_task(house.ask(client))
    while not house.asked:  # noqa: ASYNC110 - the script has no event to wait for
        await asyncio.sleep(0.005)
    client.gone = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    attempts = house.engine.attempts
    assert attempts.whole.in_flight == 0
    assert all(each.bulkhead.in_flight == 0 for each in attempts.deployments)
    assert len(house.asked) == 1


async def test_what_names_a_file_goes_to_where_the_file_is() -> None:
    content = [
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "text", "text": "What is it?"},
    ]
    house = House(AGAIN, {"one": [error(529)] * 3, "two": []})
    client, _ = await house.ask(
        dialect="anthropic", messages=[{"role": "user", "content": content}]
    )
    assert house.asked == ["one"] * 3
    assert client.status == 529


async def test_what_was_never_sent_is_tried_again() -> None:
    house = House(AGAIN, {"one": [ConnectFailed("refused", sent=False), ok()]})
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (200, 2)


async def test_a_timeout_is_a_fault_of_the_deployment_unless_the_client_was_in_a_hurry() -> None:
    rules = Delivery(breaker=BreakerRules(in_a_row=1))
    silent = Answer(200, JSON, (b"{}",), wait=30.0)
    house = House(rules, {"one": [silent, ok()]})
    await house.ask(headers=((b"x-fairlead-timeout", b"0.5"),))
    client, _ = await house.ask()
    assert client.status == 200
    house = House(rules, {"one": [ReadTimeout("silent", sent=True), ok()]})
    await house.ask()
    client, _ = await house.ask()
    assert client.status == 503


async def test_a_refused_token_is_no_refused_key(caplog) -> None:
    class Signer:
        doubted = 0

        def sign(self, request):
            return request

        def due(self) -> float:
            return 60.0

        def doubt(self) -> None:
            self.doubted += 1

    house = House(ONCE, {"one": [error(401), ok()], "two": [ok()] * 3})
    signer = Signer()
    upstreams = dict(house.snapshot.upstreams)
    upstreams["one"] = replace(upstreams["one"], signer=signer)
    house.snapshot = replace(house.snapshot, upstreams=upstreams)
    client, _ = await house.ask()
    assert (client.status, house.asked) == (200, ["one", "two"])
    assert signer.doubted == 1
    told = [line.message for line in caplog.records]
    assert any("open" in line for line in told)
    assert not any("refused ->" in line or "-> refused" in line for line in told)


async def test_a_new_bound_of_the_gateways_queue_counts_from_the_next_request() -> None:
    at = House(Delivery(in_flight=3, queue=50), {"one": [ok(), ok()]})
    await at.ask()
    at.snapshot_with(Delivery(in_flight=3, queue=0))
    await at.ask()
    assert at.engine.attempts.whole.queue == 0
