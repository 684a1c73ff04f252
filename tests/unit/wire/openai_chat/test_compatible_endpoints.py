"""What an endpoint lacks is said otherwise, left out and named, or refused."""

import json

import pytest

from fairlead.canon import Failure
from fairlead.wire.openai_chat.compatible import SPECIAL, without

ASK = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def left(body: dict, *lacks: str) -> tuple[dict, list[tuple[str, str]]]:
    found = without(json.dumps(body).encode(), lacks)
    return json.loads(found.body), [(loss.kind, loss.what) for loss in found.losses]


def test_an_endpoint_that_lacks_what_nobody_asked_for_gets_the_bytes_as_they_came() -> None:
    body = b'{"model": "m",  "messages": [{"role":"user","content":"Hi"}]}'
    found = without(body, (*SPECIAL, "seed"))
    assert found.body is body
    assert not found.losses


@pytest.mark.parametrize(
    ("lack", "more", "expected", "losses"),
    [
        ("max_completion_tokens", {"max_completion_tokens": 5}, {"max_tokens": 5}, []),
        ("stream_options", {"stream_options": {"include_usage": True}}, {}, []),
        ("seed", {"seed": 7}, {}, [("cosmetic", "seed")]),
        ("seed", {"seed": None}, {}, []),
        ("json_schema", {"response_format": {"type": "json_schema", "json_schema": {}}},
         {"response_format": {"type": "json_object"}}, [("semantic", "json_schema")]),
        ("json_schema", {"response_format": {"type": "json_object"}},
         {"response_format": {"type": "json_object"}}, []),
        ("response_format", {"response_format": {"type": "json_object"}}, {},
         [("semantic", "response_format")]),
        ("response_format", {"response_format": {"type": "text"}}, {}, []),
        ("tools", {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}, {},
         [("semantic", "tools")]),
    ],
)  # fmt: skip
def test_each_gap(lack, more, expected, losses) -> None:
    assert left({"model": "m", **more}, lack) == ({"model": "m", **expected}, losses)


def test_a_developers_words_are_the_systems() -> None:
    body, losses = left({"model": "m", "messages": ASK}, "developer")
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert losses == []


def test_what_cannot_be_read_is_the_vendors_to_refuse_or_the_clients_fault() -> None:
    assert left({"messages": ["developer", 1]}, "developer")[0] == {"messages": ["developer", 1]}
    with pytest.raises(Failure):
        without(b"[]", ("seed",))
