"""Blocks of Anthropic's that another vendor is told in words."""

import json

import pytest

from fairlead.canon import Text
from fairlead.catalog.model import Model
from fairlead.wire import anthropic, gemini, openai_chat
from fairlead.wire.codec import Target
from fairlead.wire.in_words import in_words

TARGET = Target("m", Model.unknown("m", "someone"))
FOUND = {
    "type": "search_result",
    "title": "Ruby",
    "source": "https://e.com/ruby",
    "content": [{"type": "text", "text": "Made in 1993."}],
}
SEARCH = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}


def request(*results, tools=()):
    function = {"name": "f", "input_schema": {"type": "object"}, "defer_loading": True}
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": list(results)}
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
        "tools": [function, *tools],
    }
    return anthropic.CODEC.decode_request(json.dumps(body).encode())


@pytest.mark.parametrize("codec", [gemini.CODEC, openai_chat.CODEC])
def test_a_search_result_of_the_clients_is_told_with_its_source(codec):
    encoded = codec.encode_request(request(FOUND), TARGET)
    assert all(word in encoded.body.decode() for word in ("Ruby", "e.com/ruby", "Made in 1993."))
    assert not [loss for loss in encoded.losses if loss.kind == "semantic"]
    assert "in_words:search_result" in {loss.what for loss in encoded.losses}


@pytest.mark.parametrize("codec", [gemini.CODEC, openai_chat.CODEC])
def test_a_tool_that_was_found_is_named_and_the_search_is_not_missed(codec):
    reference = {"type": "tool_reference", "tool_name": "f"}
    encoded = codec.encode_request(request(reference, tools=(SEARCH,)), TARGET)
    assert not [loss for loss in encoded.losses if loss.kind == "semantic"]
    named = {loss.what for loss in encoded.losses}
    assert {"in_words:tool_reference", f"server_tool:{SEARCH['type']}"} <= named


def test_a_tool_that_does_more_than_find_tools_is_missed():
    search = {"type": "web_search_20250305", "name": "web_search"}
    encoded = gemini.CODEC.encode_request(request(tools=(search,)), TARGET)
    assert ("semantic", f"server_tool:{search['type']}") in {
        (loss.kind, loss.what) for loss in encoded.losses
    }


def test_in_its_own_dialect_everything_stays_as_it_is():
    asked = request(FOUND)
    assert in_words(asked, "anthropic") == (asked, [])
    told, losses = in_words(asked, "gemini")
    assert told.turns[2].parts[0].content == (Text("Ruby\nhttps://e.com/ruby\nMade in 1993."),)
    assert [loss.path for loss in losses] == ["messages[2].content[0]"]
