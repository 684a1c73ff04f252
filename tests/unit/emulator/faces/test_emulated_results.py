"""Which results a request still answers to: those since the model's last turn."""

from typing import Any

import pytest

from fairlead.emulator.faces.gemini.reading import ask_of as of_gemini
from fairlead.emulator.faces.openai.reading import ask_of as of_chat

CALL = {"id": "c", "type": "function", "function": {"name": "draw", "arguments": "{}"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
WORDS = {"type": "text", "text": "And now?"}


def chat(*behind: dict[str, Any], answered: bool = False) -> tuple[str, int]:
    messages = [
        {"role": "user", "content": "Draw."},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "drawn"},
    ]
    if answered:
        messages.append({"role": "assistant", "content": "Drawn."})
    if behind:
        messages.append({"role": "user", "content": list(behind)})
    ask = of_chat({"messages": messages}, "m")
    return ask.text, len(ask.results)


def gemini(*behind: dict[str, Any], answered: bool = False) -> tuple[str, int]:
    parts: dict[str, dict[str, Any]] = {
        "image_url": {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        "text": {"text": "And now?"},
    }
    contents = [
        {"role": "user", "parts": [{"text": "Draw."}]},
        {"role": "model", "parts": [{"functionCall": {"name": "draw", "args": {}}}]},
        {"parts": [{"functionResponse": {"name": "draw", "response": {"output": "drawn"}}}]},
    ]
    if answered:
        contents.append({"role": "model", "parts": [{"text": "Drawn."}]})
    if behind:
        contents.append({"role": "user", "parts": [parts[one["type"]] for one in behind]})
    ask = of_gemini({"contents": contents}, "m", None)
    return ask.text, len(ask.results)


@pytest.mark.parametrize("read", [chat, gemini])
@pytest.mark.parametrize("behind", [(), (PICTURE,), (WORDS,), (WORDS, PICTURE)])
def test_what_follows_results_takes_nothing_from_them(read: Any, behind: tuple[Any, ...]):
    assert read(*behind) == ("And now?" if WORDS in behind else "Draw.", 1)


@pytest.mark.parametrize("read", [chat, gemini])
def test_an_answer_settles_the_results(read: Any):
    assert read(WORDS, answered=True) == ("And now?", 0)
