"""Counting tokens on a fake transport: who is asked what, and what the client is told."""

import json
import time
from decimal import Decimal

import pytest
from tests.unit.server.side_house import FLASH, HAIKU, JSON, SideHouse, whole

from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.transport import ConnectFailed

MESSAGES = "/v1/messages/count_tokens"
INPUT = "/v1/responses/input_tokens"
HI = [{"role": "user", "content": "hi"}]
TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object"}}


def gemini(model: str) -> str:
    return f"/v1beta/models/{model}:countTokens"


# Path, body, where it goes, and the answer there: one dialect on both sides.
SAME = [
    (MESSAGES, {"model": HAIKU, "messages": HI, "tools": [TOOL]}, "http://anthropic.test" + MESSAGES),
    (INPUT, {"model": "gpt-5", "input": "hi", "truncation": "auto"}, "http://openai.test" + INPUT),
    (gemini(FLASH), {"contents": [{"parts": [{"text": "x"}]}]}, "http://gemini.test" + gemini(FLASH)),
    (
        gemini(FLASH),
        {"generateContentRequest": {"model": f"models/{FLASH}", "contents": []}},
        "http://gemini.test" + gemini(FLASH),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "url"), SAME)
async def test_one_dialect_is_identical_to_the_byte_both_ways(path, body, url) -> None:
    said = json.dumps(body, indent=3).encode()
    answer = b'{ "input_tokens" : 9, "totalTokens":9.0, "new": [1.50] }'
    reply = await SideHouse().ask("POST", path, said, whole(answer))
    assert (reply.status, reply.body) == (200, answer)
    assert [(r.method, r.url, r.body) for r in reply.sent] == [("POST", url, said)]
    assert "x-fairlead-estimated" not in reply.headers
    assert reply.headers["x-fairlead-cost-usd"] == "0"
    record = reply.record
    assert (record.op, record.outcome, record.usage) == ("count_tokens", "ok", None)
    assert record.cost_usd == Decimal(0)


@pytest.mark.parametrize(
    ("path", "body", "sent"),
    [
        (MESSAGES, b'{"model":"haiku", "messages":[1e2]}',
         b'{"model":"claude-haiku-4-5-20251001","messages":[1e2]}'),
        (MESSAGES, b'{"fairlead":{"allow_loss":true},"model":"claude-haiku-4-5", "messages":[ 1 ]}',
         b'{"model":"claude-haiku-4-5-20251001","messages":[ 1 ]}'),
        (gemini("flash"), b'{"contents":[ {"parts":[]} ]}', b'{"contents":[ {"parts":[]} ]}'),
        (gemini("flash"), b'{"generateContentRequest":{"model":"models/flash","x":[ 1 ]}}',
         b'{"generateContentRequest":{"model":"models/gemini-2.5-flash","x":[ 1 ]}}'),
        (gemini("flash"), b'{"generateContentRequest":{"model":"models/other","x":[ 1 ]}}',
         b'{"generateContentRequest":{"model":"models/other","x":[ 1 ]}}'),
    ],
)  # fmt: skip
async def test_only_the_name_is_replaced(path, body, sent) -> None:
    reply = await SideHouse().ask("POST", path, body, whole({"input_tokens": 1}))
    assert [r.body for r in reply.sent] == [sent]


async def test_what_the_model_in_an_ended_ones_place_rejects_stays_here() -> None:
    house, lite = SideHouse(), "gemini-3.5-flash-lite"
    house.now = 1_796_083_200.0  # 2026-12-01: Flash has ended
    inner = {"model": f"models/{FLASH}", "contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    asked = {"generateContentRequest": inner}
    reply = await house.ask("POST", gemini(FLASH), asked, whole({"totalTokens": 1}))
    kept = {"generateContentRequest": {**inner, "model": f"models/{lite}"}}
    assert [json.loads(r.body) for r in reply.sent] == [kept]
    inner["generationConfig"] = {"thinkingConfig": {"thinkingBudget": 0}}
    reply = await house.ask("POST", gemini(FLASH), asked, whole({"totalTokens": 1}))
    (sent,) = reply.sent
    assert sent.url == "http://gemini.test" + gemini(lite)
    config = json.loads(sent.body)["generateContentRequest"]["generationConfig"]
    assert config == {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}
    assert reply.headers["x-fairlead-losses"] == "thinking_not_off"


# A client's body for another vendor's model, the address and body there.
ACROSS = [
    (
        MESSAGES, {"model": FLASH, "messages": HI, "system": "s"},
        "http://gemini.test" + gemini(FLASH), {"generateContentRequest"},
    ),
    (MESSAGES, {"model": "gpt-5", "messages": HI}, "http://openai.test" + INPUT, {"model", "input"}),
    (
        gemini(HAIKU), {"contents": [{"parts": [{"text": "x"}]}]},
        "http://anthropic.test" + MESSAGES, {"model", "messages"},
    ),
    (
        gemini("gpt-5"), {"generateContentRequest": {"contents": [{"parts": [{"text": "x"}]}],
         "generationConfig": {"maxOutputTokens": 5, "temperature": 1}}},
        "http://openai.test" + INPUT, {"model", "input"},
    ),
    (INPUT, {"model": HAIKU, "input": "x"}, "http://anthropic.test" + MESSAGES, {"model", "messages"}),
    (INPUT, {"model": FLASH, "input": "x"}, "http://gemini.test" + gemini(FLASH),
     {"generateContentRequest"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "url", "fields"), ACROSS)
async def test_another_vendor_counts_in_its_own_words(path, body, url, fields) -> None:
    reply = await SideHouse().ask("POST", path, body, whole({"input_tokens": 9, "totalTokens": 9}))
    assert reply.status == 200, reply.body
    said = {MESSAGES: {"input_tokens": 9}, INPUT: {"input_tokens": 9,
            "object": "response.input_tokens"}}.get(path, {"totalTokens": 9})  # fmt: skip
    assert reply.json() == said
    (sent,) = reply.sent
    assert sent.url == url
    # What only an answer needs (max_tokens, stream, sampling) is refused by counting endpoints.
    assert json.loads(sent.body).keys() == fields


async def test_auto_counts_for_the_model_that_the_request_would_get() -> None:
    house = SideHouse()
    body = {"model": "auto", "messages": HI}
    reply = await house.ask("POST", MESSAGES, body, whole({"input_tokens": 9, "totalTokens": 9}))
    chosen = reply.record.model
    assert reply.headers["x-fairlead-model"] == chosen
    assert reply.record.route == reply.headers["x-fairlead-route"] != ""
    hinted = {**body, "fairlead": {"policy": "no-such"}}
    refused = await house.ask("POST", MESSAGES, hinted)
    assert (refused.status, refused.sent) == (400, [])


async def test_auto_takes_the_next_model_where_one_cannot_be_reached() -> None:
    body = {"model": "auto", "messages": HI}
    down = ConnectFailed("refused", sent=False)
    answer = whole({"input_tokens": 9, "totalTokens": 9})
    reply = await SideHouse().ask("POST", MESSAGES, body, down, answer)
    assert (reply.status, len(reply.sent)) == (200, 2)
    assert "after" in reply.record.route


@pytest.mark.parametrize(
    "refusal",
    [
        whole({"error": {"message": "Invalid URL (POST /v1/responses/input_tokens)"}}, 404),
        Answer(405, {"content-type": "text/html"}, (b"<h1>Not allowed</h1>",)),
        Answer(501),
    ],
)
@pytest.mark.parametrize("path", [MESSAGES, INPUT, gemini("gpt-5")])
async def test_a_vendor_without_counting_leaves_an_estimate(refusal, path) -> None:
    body = {"model": "gpt-5", "messages": HI, "input": "hi"}
    body = {"contents": [{"parts": [{"text": "hi"}]}]} if "gpt-5" in path else body
    body.pop("input" if path == MESSAGES else "messages", None)
    reply = await SideHouse().ask("POST", path, body, refusal)
    assert (reply.status, reply.headers["x-fairlead-estimated"]) == (200, "true")
    (tokens,) = (value for value in reply.json().values() if isinstance(value, int))
    assert 4 <= tokens <= 20


async def test_a_model_that_is_not_there_is_no_estimate() -> None:
    gone = {"error": {"message": "The model `gpt-9` does not exist", "code": "model_not_found"}}
    body = {"model": "gpt-9", "messages": HI}
    reply = await SideHouse().ask("POST", MESSAGES, body, whole(gone, 404))
    assert (reply.status, reply.json()["error"]["type"]) == (404, "not_found_error")
    gone = {
        "error": {"code": 404, "status": "NOT_FOUND", "message": "models/gemini-9 is not found"}
    }
    reply = await SideHouse().ask("POST", gemini("gemini-9"), {"contents": []}, whole(gone, 404))
    assert (reply.status, reply.json()) == (404, gone)


async def test_an_error_says_where_in_the_clients_own_body() -> None:
    body = {"generateContentRequest": {"contents": [{"parts": [{"text": 1}]}]}}
    reply = await SideHouse().ask("POST", gemini(HAIKU), body)
    assert reply.status == 400
    assert "generateContentRequest.contents[0].parts[0].text" in reply.body.decode()
    both = {"contents": [], "generateContentRequest": {}}
    reply = await SideHouse().ask("POST", gemini(FLASH), both)
    assert (reply.status, reply.record.outcome) == (400, "client_error")
    reply = await SideHouse().ask("POST", MESSAGES, b'{"messages":[]}')
    assert (reply.status, reply.record.op) == (400, "count_tokens")
    reply = await SideHouse().ask("POST", gemini(FLASH), b"[1]")
    assert reply.status == 400


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"totalTokens":"x"}', b"<p>"])
async def test_an_unreadable_answer_is_the_vendors_fault(answer) -> None:
    reply = await SideHouse().ask("POST", MESSAGES, {"model": FLASH, "messages": HI}, whole(answer))
    assert (reply.status, reply.record.outcome) == (502, "upstream_error")


async def test_who_leaves_is_billed_nothing() -> None:
    slow = Answer(200, JSON, (b"{}",), wait=30.0)
    reply = await SideHouse().ask(
        "POST", MESSAGES, {"model": HAIKU, "messages": HI}, slow, leave=True
    )
    assert (reply.record.outcome, reply.record.usage) == ("client_gone", None)
    cut = Answer(200, JSON, (b"{", Pause(30.0)))
    reply = await SideHouse().ask(
        "POST", MESSAGES, {"model": HAIKU, "messages": HI}, cut, leave=True
    )
    assert (reply.record.outcome, reply.record.cost_usd) == ("client_gone", None)


async def test_versions_and_betas_go_along() -> None:
    reply = await SideHouse().ask(
        "POST", MESSAGES + "?beta=true", {"model": HAIKU, "messages": HI},
        whole({"input_tokens": 1}, **{"request-id": "req_1"}),
        anthropic_version="2026-10-21", anthropic_beta="b",
    )  # fmt: skip
    (sent,) = reply.sent
    assert sent.url.endswith("count_tokens?beta=true")
    assert {"anthropic-version": "2026-10-21", "anthropic-beta": "b"}.items() <= dict(
        sent.headers
    ).items()
    assert reply.headers["request-id"] == "req_1"


async def test_a_history_of_another_model_is_counted_as_it_would_be_sent() -> None:
    """A thought that nobody signed is refused by the vendor, in a count as in a request."""
    thought = {"type": "thinking", "thinking": "well", "signature": ""}
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "hello"}]},
        {"role": "user", "content": "and now?"},
    ]
    body = {"model": HAIKU, "messages": history, "max_tokens": 5}
    reply = await SideHouse().ask("POST", MESSAGES, body, whole({"input_tokens": 1}))
    (sent,) = reply.sent
    assert b"thinking" not in sent.body
    assert json.loads(sent.body).keys() == {"model", "messages"}


async def test_a_stored_conversation_is_counted_whole() -> None:
    house = SideHouse()
    house.now = time.time()  # by which stored answers age
    made = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": "completed",
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Nine boats.", "annotations": []}]}],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    }  # fmt: skip
    first = await house.ask(
        "POST", "/v1/responses", {"model": "gpt-5", "input": "How many?"}, whole(made)
    )
    assert first.status == 200
    again = {"model": HAIKU, "input": "And tonight?", "previous_response_id": "resp_1"}
    reply = await house.ask("POST", INPUT, again, whole({"input_tokens": 9}))
    assert reply.json() == {"input_tokens": 9, "object": "response.input_tokens"}
    assert "Nine boats." in reply.sent[0].body.decode()
    same = await house.ask("POST", INPUT, {**again, "model": "gpt-5"}, whole({"input_tokens": 9}))
    assert json.loads(same.sent[0].body) == {**again, "model": "gpt-5"}
