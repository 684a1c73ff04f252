"""A 200 that is no answer, errors that cannot be read, comments before a stream."""

import json

import pytest
from tests.unit.engine.attempts.attempt_house import (
    EVENTS,
    GONE,
    HAIKU,
    JSON,
    SSE,
    House,
    decision_of,
    error,
    ok,
    streamed,
)

from fairlead.engine.attempts.delivery import Delivery, RetryRules
from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.transport import Timeouts

HTML = {"content-type": "text/html"}
PAGE = b"<!doctype html><html><body>Sign in to the network</body></html>"
PATIENT = Delivery(after_break=True, retry=RetryRules(retries=1, first_wait=0.001))
DIALECTS = ("openai_chat", "anthropic")
COMMENT = b": PROCESSING\n\n"


def refused(code: object, status: int = 200) -> Answer:
    told = {"error": {"type": "overloaded_error", "message": "Provider is busy", "code": code}}
    return Answer(status, JSON, (json.dumps(told).encode(),))


# --- a 200 that is no answer ----------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("headers", [HTML, SSE])
async def test_a_page_is_no_stream(dialect, headers) -> None:
    at = House(PATIENT, {"one": [Answer(200, headers, (PAGE,))], "two": [streamed()]})
    client, record = await at.ask(dialect=dialect, stream=True)
    assert (client.status, record.upstream) == (200, "two")
    assert b"Sign in" not in client.body


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_page_alone_is_an_error_in_the_clients_dialect(dialect) -> None:
    at = House(PATIENT, {"one": [Answer(200, HTML, (PAGE,))]})
    client, record = await at.ask(dialect=dialect, stream=True)
    assert (client.status, record.outcome) == (502, "upstream_error")
    assert client.headers["content-type"] == "application/json"
    assert json.loads(client.body)["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_that_came_with_200_is_one(dialect, stream) -> None:
    answers = [refused(503)], [streamed() if stream else ok()]
    at = House(PATIENT, {"one": answers[0], "two": answers[1]})
    client, record = await at.ask(dialect=dialect, stream=stream)
    assert (client.status, record.upstream, record.outcome) == (200, "two", "ok")
    if not (stream and dialect == "openai_chat"):  # there its decoder reads it
        assert decision_of(record).tried[0].status == 503
        assert at.extra() is None  # no error is billed


async def test_an_error_with_200_that_is_the_last_word() -> None:
    at = House(Delivery(retry=RetryRules(retries=0)), {"one": [refused("busy")]})
    client, record = await at.ask(dialect="anthropic")
    assert client.status >= 500
    assert (record.outcome, record.usage) == ("upstream_error", None)
    assert json.loads(client.body)["type"] == "error"


async def test_an_answer_that_has_an_empty_error_is_one() -> None:
    told = {**json.loads(ok().steps[0]), "error": None, "usage": None}
    at = House(PATIENT, {"one": [Answer(200, JSON, (json.dumps(told).encode(),))]})
    client, record = await at.ask(dialect="anthropic")
    assert (client.status, record.outcome) == (200, "ok")


async def test_a_whole_answer_to_a_stream_is_told_and_billed() -> None:
    at = House(PATIENT, {"one": [ok()], "two": [streamed()]})
    client, record = await at.ask(dialect="anthropic", stream=True)
    assert (client.status, record.outcome) == (502, "upstream_error")
    assert "answered whole" in record.error_message
    assert (record.usage.input, record.usage.output, record.usage.estimated) == (10, 3, False)
    assert record.cost_usd > 0


# --- errors that cannot be read -------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [(b"x" * 1_100_000,), (b'{"type"', GONE)], ids=["long", "cut"])
async def test_an_error_whose_body_cannot_be_read_is_still_its_status(dialect, body) -> None:
    at = House(PATIENT, {"one": [Answer(503, HTML, body), ok()]})
    client, record = await at.ask(dialect=dialect)
    assert (at.asked, client.status, record.outcome) == (["one", "one"], 200, "ok")
    assert decision_of(record).tried[0].status == 503
    assert at.extra() is None  # no error is billed


async def test_an_error_whose_body_does_not_come_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr("fairlead.engine.unanswered.ERROR_SECONDS", 0.01)
    answer = Answer(503, JSON, (b'{"type"', Pause(250.0), b"}"))
    at = House(PATIENT, {"one": [answer], "two": [ok()]})
    client, record = await at.ask()
    assert (client.status, record.upstream, at.extra()) == (200, "two", None)


async def test_an_error_without_json_is_told_in_the_clients_dialect() -> None:
    none = Delivery(retry=RetryRules(retries=0))
    at = House(none, {"one": [Answer(502, HTML, (b"<html>bad gateway</html>",))]})
    client, record = await at.ask(dialect="anthropic")
    assert (client.status, record.usage) == (502, None)
    assert json.loads(client.body)["type"] == "error"


async def test_an_error_in_json_is_passed_on_as_it_came() -> None:
    at = House(Delivery(retry=RetryRules(retries=0)), {"one": [error(503)]})
    client, _ = await at.ask(dialect="anthropic")
    assert client.body == error(503).steps[0]


# --- comments before a stream ---------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_break_behind_comments_is_mended(dialect) -> None:
    at = House(PATIENT, {"one": [streamed(COMMENT, COMMENT, GONE)], "two": [streamed()]})
    client, record = await at.ask(dialect=dialect, stream=True)
    assert (client.status, record.outcome, record.upstream) == (200, "ok", "two")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_comments_are_no_token(dialect) -> None:
    late = streamed(COMMENT, Pause(250.0), *EVENTS)
    script = {"one": [late], "two": [streamed()]}
    at = House(PATIENT, script, timeouts=Timeouts(first_token=0.5))
    client, record = await at.ask(dialect=dialect, stream=True)
    assert (client.status, record.upstream) == (200, "two")


async def test_comments_before_a_stream_are_passed_on() -> None:
    at = House(PATIENT, {"one": [streamed(COMMENT, *EVENTS)]})
    client, record = await at.ask(dialect="anthropic", stream=True)
    assert client.body == COMMENT + b"".join(EVENTS)
    assert (record.outcome, record.usage.output) == ("ok", 3)
    assert record.model == HAIKU


async def test_many_comments_are_not_held_for_ever() -> None:
    at = House(PATIENT, {"one": [streamed(COMMENT * 2000, GONE)], "two": [streamed()]})
    client, record = await at.ask(dialect="anthropic", stream=True)
    assert (client.status, record.outcome, record.upstream) == (200, "stream_broken", "one")
    assert client.body.startswith(COMMENT * 2000)
