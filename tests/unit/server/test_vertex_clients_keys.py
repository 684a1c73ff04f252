"""Clients of Claude on Vertex AI bring their virtual key as their access token."""

import json

from tests.unit.server.side_house import HAIKU, SideHouse, whole

PATH = "/v1/projects/p/locations/global/publishers/anthropic/models/claude-haiku-4-5@20251001"
ASK = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "Hi"}],
}
ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": HAIKU,
    "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 8, "output_tokens": 3},
}  # fmt: skip


async def test_a_key_is_wanted_and_the_vendor_gets_a_message_as_its_own() -> None:
    house = SideHouse(keys=True)
    refused = await house.ask("POST", f"{PATH}:rawPredict", ASK, key="eve")
    assert (refused.status, refused.sent) == (401, [])
    reply = await house.ask("POST", f"{PATH}:rawPredict", ASK, whole(ANSWER), key="ann")
    assert (reply.status, reply.json()) == (200, ANSWER)
    (sent,) = reply.sent
    assert sent.url == "http://anthropic.test/v1/messages"
    wanted = {name: value for name, value in ASK.items() if name != "anthropic_version"}
    assert json.loads(sent.body) == {**wanted, "model": HAIKU}
    assert dict(sent.headers)["anthropic-version"] == "2023-06-01"
    assert (reply.record.key_id, reply.record.usage.input) == ("ann", 8)


async def test_a_count_too() -> None:
    path = PATH.rpartition("/")[0] + "/count-tokens:rawPredict"
    body = {**ASK, "model": "claude-haiku-4-5@20251001"}
    del body["max_tokens"]
    reply = await SideHouse().ask("POST", path, body, whole({"input_tokens": 9}))
    assert (reply.status, reply.json()) == (200, {"input_tokens": 9})
    (sent,) = reply.sent
    assert sent.url == "http://anthropic.test/v1/messages/count_tokens"
    assert json.loads(sent.body) == {"model": HAIKU, "messages": ASK["messages"]}
    assert reply.record.op == "count_tokens"
