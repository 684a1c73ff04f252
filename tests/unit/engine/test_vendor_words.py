"""What vendors say of the gateway's account is told, and none of what they quote."""

import json

import pytest
from tests.unit.server.side_house import HAIKU, SideHouse, whole

from fairlead.engine.vendor_words import MOST, vendor_words
from fairlead.server.deployments import deployments_json
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream

KEY = "sk-ant-api03-QWERTYuiopASDFghjk"
OURS = Upstream.build("anthropic", VENDORS_OWN["anthropic"], Secret(KEY), "http://a.test")

# What a vendor says, and what is told of it.
SAID = [
    ("invalid x-api-key", "invalid x-api-key"),
    (
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    ),
    (
        "Incorrect API key provided: sk-ab***yz. Look at https://vendor.test/account/api-keys.",
        "Incorrect API key provided: [...]. Look at https://vendor.test/account/api-keys.",
    ),
    (f"the key '{KEY}' is not known", "the key '[...]' is not known"),
    (f"no key begins with {KEY[:9]}", "no key begins with [...]"),
    ("no such key: Bearer sk-ant...hjk", "no such key: Bearer [...]"),
    (
        "Gemini API has not been used in project 123456789012 before or it is disabled.",
        "Gemini API has not been used in project [...] before or it is disabled.",
    ),
    (
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: bedrock:InvokeModel",
        "User: [...] is not authorized to perform: bedrock:InvokeModel",
    ),
    ("the token AKIAIOSFODNNEXAMPLEXY is old", "the token [...] is old"),
    ("bad sk-ant-123", "bad [...]"),
    ("an AIzaSy of another project", "an [...] of another project"),
    ("ask ann@example.org for access", "ask [...] for access"),
    ("a\nb\tc \x1b[31m", "a b c [31m"),
    (KEY, ""),
    ("", ""),
]


@pytest.mark.parametrize(("said", "told"), SAID)
def test_the_sentence_is_told_and_not_the_quote(said, told) -> None:
    assert vendor_words(said, OURS) == told


def test_it_is_short() -> None:
    told = vendor_words("no such account " * 100_000, OURS)
    assert len(told) == MOST
    assert told.endswith("...")


def refused(status: int, message: str):
    return whole({"type": "error", "error": {"type": "x", "message": message}}, status)


async def test_later_requests_are_told_the_vendors_words() -> None:
    side = SideHouse()
    body = {"model": HAIKU, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    said = "your organization has been disabled (operators-own-key-0000)"
    first = await side.ask("POST", "/v1/messages", body, refused(401, said))
    later = await side.ask("POST", "/v1/messages", body)
    assert (first.status, later.status, later.sent) == (502, 502, [])
    for reply in (first, later):
        message = reply.json()["error"]["message"]
        assert "your organization has been disabled" in message
        assert "status 401" in message
        assert "operators-own" not in message
        assert "operators-own" not in reply.record.error_message
    (told,) = json.loads(deployments_json(side.plane.engine.attempts))["deployments"]
    assert "has been disabled" in told["changes"][-1]["why"]
    ready = (await side.ask("GET", "/ready")).json()
    (one,) = ready["refused"]
    assert (ready["status"], one["deployment"]) == ("ready", f"{HAIKU} at anthropic")
    assert "has been disabled" in one["why"]
    assert "operators-own" not in json.dumps(ready)


async def test_ready_names_none_that_a_new_configuration_may_have_mended() -> None:
    side = SideHouse()
    body = {"model": HAIKU, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    await side.ask("POST", "/v1/messages", body, refused(401, "no"))
    plane = side.plane
    fresh = Upstream.build(
        "anthropic", VENDORS_OWN["anthropic"], Secret("new" * 9), "http://a.test"
    )
    plane.snapshot.upstreams["anthropic"] = fresh
    assert (await side.ask("GET", "/ready")).json() == {"status": "ready"}
