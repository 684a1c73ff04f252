"""Citations and grounding across dialects: sources on the web are told wherever there is a place."""

import json

import pytest
from anthropic.types import Message
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion
from tests.contract.translation import CODECS, HAIKU, answer, data_lines, say, send, stream
from tests.contract.trip import told, trip

A, B = ("https://a.example", "A"), ("https://b.example", "B")
GEMINI = {
    "candidates": [{
        "content": {"role": "model", "parts": [{"text": "Spain won."}]},
        "finishReason": "STOP", "index": 0,
        "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": [
            {"web": {"uri": url, "title": title}} for url, title in (A, B)]}}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}  # fmt: skip
CITED = [
    {"type": "web_search_result_location", "url": url, "title": title, "encrypted_index": "xx",
     "cited_text": "Spain"} for url, title in (A, B)
]  # fmt: skip
CLAUDE = {
    "id": "m", "type": "message", "role": "assistant", "model": "c",
    "content": [{"type": "text", "text": "Spain won.", "citations": CITED}],
    "stop_reason": "end_turn", "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
CHAT = {
    "id": "c", "model": "m", "created": 1, "choices": [
        {"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "Spain won.", "annotations": [
                {"type": "url_citation", "url_citation": {
                    "url": url, "title": title, "start_index": 0, "end_index": 5}}
                for url, title in (A, B)]}}],
}  # fmt: skip
TOLD = {"gemini": GEMINI, "anthropic": CLAUDE, "openai_chat": CHAT}


def sources(body, client):
    """Address and title of what a client's answer cites."""
    if client == "openai_chat":
        found = [a["url_citation"] for a in body["choices"][0]["message"]["annotations"]]
        return [(f["url"], f["title"]) for f in found]
    if client == "anthropic":
        return [(c["url"], c["title"]) for b in body["content"] for c in b.get("citations", ())]
    if client == "gemini":
        chunks = body["candidates"][0]["groundingMetadata"]["groundingChunks"]
        return [(c["web"]["uri"], c["web"]["title"]) for c in chunks]
    parts = [p for item in body["output"] for p in item.get("content", ())]
    return [(a["url"], a["title"]) for p in parts for a in p["annotations"]]


@pytest.mark.parametrize("client", CODECS)
@pytest.mark.parametrize("vendor", TOLD)
def test_a_source_on_the_web_is_told_in_every_dialect(vendor, client):
    got = answer(TOLD[vendor], vendor, client)
    assert sources(got.body, client) == [A, B]
    assert "semantic" not in got.losses.values()
    parse = {"openai_chat": ChatCompletion, "anthropic": Message, "gemini": GenerateContentResponse}
    if client in parse:
        parse[client].model_validate_json(json.dumps(got.body))


@pytest.mark.parametrize("cut", [1, None])
@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
def test_sources_are_told_in_streams(client, cut):
    line = b"data: " + json.dumps(GEMINI).encode() + b"\r\n\r\n"
    text = stream(line, "gemini", client, cut=cut)
    assert text.count(b"https://a.example") == text.count(b"https://b.example") == 1


def test_sources_are_told_in_geminis_stream():
    lines = [
        {"type": "message_start", "message": CLAUDE | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "text", "text": "", "citations": []}},
        *({"type": "content_block_delta", "index": 0,
           "delta": {"type": "citations_delta", "citation": c}} for c in CITED),
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": "Spain won."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
         "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]  # fmt: skip
    data = b"".join(b"data: " + json.dumps(line).encode() + b"\n\n" for line in lines)
    chunks = data_lines(stream(data, "anthropic", "gemini"))
    assert sources(chunks[-1], "gemini") == [A, B]


async def test_a_source_of_another_vendors_does_not_go_back_to_claude():
    """The client sends the answer again as it came; its empty index would prove nothing."""
    history = answer(GEMINI, "gemini", "anthropic").body["content"]
    body = say("Hi", "anthropic", model="claude-haiku-4-5")
    body["messages"] += [
        {"role": "assistant", "content": history}, {"role": "user", "content": "And?"},
    ]  # fmt: skip
    got = await trip(body, told(CLAUDE), client="anthropic")
    assert got.status == 200
    sent = json.loads(got.sent[0].body)["messages"]
    assert sent[1]["content"] == "Spain won."
    own = body["messages"]
    own[1] = {"role": "assistant", "content": CLAUDE["content"]}
    kept = send(body, HAIKU, client="anthropic").body["messages"]
    assert kept[1]["content"][0]["citations"] == CITED
