"""Vendors' counts correct the estimates of the requests that follow: a gateway process before the
emulator, which counts tokens in a way of its own that no fit knows.
"""

import json

TEXT = "How many boats lie in the harbour, and how many may still come in tonight? " * 8
TURNS = 40


def asked(number: int) -> bytes:
    said = [{"role": "user", "content": f"{TEXT} Question {number} of the evening."}]
    return json.dumps({"model": "auto", "max_tokens": 50, "messages": said}).encode()


def estimated(gateway, model: str) -> dict[str, object]:
    path = f"/v1/estimate?count=vendor&models={model}"
    reply = gateway.request("POST", path, asked(TURNS + 1))
    assert reply.status == 200, reply.body
    (candidate,) = reply.json()["candidates"]
    return candidate["prompt_tokens"]


def features(gateway, reply) -> tuple[int, int, int]:
    """Estimate, high estimate and true count of an answered request, from the ledger."""
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    found = json.loads(record.decision)["features"]
    return found["prompt_tokens"], found["prompt_tokens_high"], record.usage.prompt_total


def test_nothing_is_learned_where_nothing_was_answered(gateway) -> None:
    said = estimated(gateway, "haiku")
    again = estimated(gateway, "haiku")
    assert said == again
    assert "learned" not in said["how"]


def test_counts_correct_routing_and_estimates(gateway) -> None:
    replies = [
        gateway.request("POST", "/v1/chat/completions", asked(number)) for number in range(TURNS)
    ]
    assert {reply.status for reply in replies} == {200}
    model = replies[0].headers["x-fairlead-model"]
    first, last = features(gateway, replies[0]), features(gateway, replies[-1])
    assert first[2] == last[2]
    assert abs(last[0] - last[2]) < 0.4 * abs(first[0] - first[2])
    assert last[2] <= last[1]  # the guards' figure still holds the true count

    after = estimated(gateway, model)
    assert after["how"].endswith("+learned")
    assert after["low"] <= after["counted"] <= after["high"]
