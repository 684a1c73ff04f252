"""The issue's list of what is tried again, one by one through the whole loop: which answers, and
after which wait.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.unit.engine.attempts.attempt_house import JSON, House, error, ok

from fairlead.engine.attempts.delivery import Delivery, RetryRules
from fairlead.engine.attempts.retry import AGAIN
from fairlead.upstream.fake import Answer

RULES = Delivery(retry=RetryRules(retries=2, first_wait=0.001), after_break=True)
NEVER = [400, 401, 403, 404, 413, 422]


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """What the loop waited, at once."""
    found: list[float] = []
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        found.append(seconds)
        await sleep(0)

    monkeypatch.setattr("fairlead.engine.attempts.loop.asyncio.sleep", at_once)
    return found


@pytest.mark.parametrize("status", sorted(AGAIN))
async def test_these_are_asked_again_at_the_same_place(status) -> None:
    house = House(RULES, {"one": [error(status), ok()]})
    client, _ = await house.ask()
    assert (client.status, house.asked) == (200, ["one", "one"])


@pytest.mark.parametrize("status", NEVER)
async def test_these_never_are(status) -> None:
    house = House(RULES, {"one": [error(status, x_should_retry="true"), ok()]})
    client, _ = await house.ask()
    assert (client.status >= 400, house.asked) == (True, ["one"])


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def used_up(seconds: float) -> dict[str, str]:
    return {
        "anthropic_ratelimit_tokens_remaining": "0",
        "anthropic_ratelimit_tokens_reset": in_seconds(seconds).isoformat(),
        "anthropic_ratelimit_requests_remaining": "7",
        "anthropic_ratelimit_requests_reset": in_seconds(500).isoformat(),
    }


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry_after": "12"}, 11.9, 12.1),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.4, 1.6),
        ({"retry_after": "date"}, 7.0, 15.1),
        ({"reset": "15"}, 7.0, 15.1),
    ],
)
async def test_a_vendors_word_is_waited_for(waits, headers, least, most) -> None:
    if headers.get("retry_after") == "date":
        headers = {"retry_after": format_datetime(in_seconds(15), usegmt=True)}
    elif "reset" in headers:
        headers = used_up(15)
    house = House(RULES, {"one": [error(429, **headers), ok()]})
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (200, 2)
    (waited,) = waits
    assert least <= waited <= most


async def test_googles_retry_info_is_waited_for(waits) -> None:
    """It stands in the body: Claude's door at Vertex AI answers so too."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "8.5s"}
    told = {"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}}
    told["error"]["details"] = [info]
    refused = Answer(429, JSON, (json.dumps(told).encode(),))
    answer = {
        "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    }
    good = Answer(200, JSON, (json.dumps(answer).encode(),))
    house = House(RULES, {"one": [refused, good]}, vendor="gemini")
    client, _ = await house.ask(model="gemini-2.5-flash")
    assert (client.status, len(house.asked)) == (200, 2)
    (waited,) = waits
    assert 8.4 <= waited <= 8.6


async def test_waits_without_a_word_are_drawn_below_a_bound_that_doubles(waits) -> None:
    retry = RetryRules(retries=3, first_wait=0.5, most_wait=1.5)
    house = House(Delivery(retry=retry), {"one": [error(503)] * 4})
    house.engine.attempts._draw = lambda: 0.99
    await house.ask()
    assert waits == pytest.approx([0.495, 0.99, 1.485])
    waits.clear()
    house = House(Delivery(retry=retry), {"one": [error(503)] * 4})
    house.engine.attempts._draw = lambda: 0.01
    await house.ask()
    assert waits == pytest.approx([0.005, 0.01, 0.015]), "a part of it, from nothing on"


async def test_a_wait_that_ends_after_the_deadline_is_not_begun(waits) -> None:
    house = House(RULES, {"one": [error(429, retry_after="12"), ok()]})
    client, _ = await house.ask(headers=[(b"x-fairlead-timeout", b"10")])
    assert (client.status, house.asked, waits) == (429, ["one"], [])
    assert client.headers["retry-after"] == "12"
