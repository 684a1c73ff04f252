"""Which dialect a body is written in; and for recorded requests, the one they were sent in."""

import gzip
import json
import os
from pathlib import Path

import pytest

from fairlead.canon import Failure
from fairlead.server.dialects import recognise

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[4] / "shared"))
HI = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ({"messages": HI}, "openai_chat"),
        ({"messages": [{"role": "system", "content": "x"}, *HI]}, "openai_chat"),
        ({"messages": HI, "tools": [{"type": "function"}]}, "openai_chat"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "openai_chat",
        ),
        ({"messages": HI, "system": "x"}, "anthropic"),
        ({"messages": HI, "tools": [{"name": "f", "input_schema": {}}]}, "anthropic"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "anthropic"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "anthropic"),
        ({"input": "hi"}, "openai_responses"),
        ({"prompt": {"id": "p"}}, "openai_responses"),
        ({"contents": []}, "gemini"),
        ({"messages": 3, "tools": 4}, "openai_chat"),
        ({"messages": [3]}, "openai_chat"),
    ],
)
def test_a_body_tells_its_dialect(body: object, dialect: str) -> None:
    assert recognise(json.dumps(body).encode()) == dialect


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"model": "x"}', b"\xff{"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as raised:
        recognise(body)
    assert raised.value.problem.status == 400


OPERATIONS = {
    ("anthropic", "messages"): {"anthropic", "openai_chat"},
    ("gemini", "generateContent"): {"gemini"},
    ("openai", "chat_completions"): {"openai_chat"},
    ("openai", "responses"): {"openai_responses"},
}


def test_recorded_requests_are_recognised() -> None:
    path = SHARED / "wire" / "recordings.jsonl.gz"
    if not path.exists():
        pytest.skip("../shared is absent: no recordings")
    seen, wrong = 0, []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            wanted = OPERATIONS.get((row["provider"], row["op"]))
            body = row["request"]["body"]
            if wanted is None or not body or row["response"]["status"] >= 300:
                continue
            text = body if isinstance(body, str) else json.dumps(body)
            seen += 1
            try:
                told = recognise(text.encode())
            except Failure as failure:
                told = str(failure)
            if told not in wanted:
                wrong.append((row["id"], told))
    assert seen > 100
    assert not wrong
