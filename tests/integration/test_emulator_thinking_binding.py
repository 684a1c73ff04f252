"""Thinking of Haiku 5.5 comes back: where it was made it is read, elsewhere it is not."""

import copy
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from fairlead.emulator import EmulatorThread

HAIKU, OLDER = "claude-haiku-5-5", "claude-haiku-4-5"
BETA = "thinking-binding-controls-2026-08-01"
TOOL: Any = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
FORGIVING: Any = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=emulator.url, api_key="one", max_retries=0) as made:
        yield made


def ask(client: anthropic.Anthropic, messages: list[Any], **more: Any) -> Any:
    request = {"model": HAIKU, "max_tokens": 2000, "tools": [TOOL], "system": "Be brief.", **more}
    return client.beta.messages.create(messages=messages, betas=[BETA], **request)


@pytest.fixture
def history(client: anthropic.Anthropic) -> list[Any]:
    """Two turns of a tool loop, each with its thinking, as the API returned them."""
    messages: list[Any] = [{"role": "user", "content": "Use the weather tool."}]
    for _ in range(2):
        made = ask(client, messages, tool_choice={"type": "any"})
        content = [block.model_dump(exclude_none=True) for block in made.content]
        assert [block["type"] for block in content] == ["thinking", "tool_use"]
        assert content[0]["thinking"] == ""  # omitted unless display says otherwise
        result = {"type": "tool_result", "tool_use_id": content[1]["id"], "content": "sunny"}
        messages += [{"role": "assistant", "content": content}]
        messages += [{"role": "user", "content": [result]}]
    return messages


def test_an_unchanged_history_is_read(client: anthropic.Anthropic, history: list[Any]):
    marked = copy.deepcopy(history)
    marked[0]["content"] = [
        {"type": "text", "text": marked[0]["content"], "cache_control": {"type": "ephemeral"}}
    ]
    for messages in (history, marked):
        made = ask(client, messages)
        assert made.input_transformations == []
    # Blocks may go from the front of a history.
    del marked[1]["content"][0]
    assert ask(client, marked).input_transformations == []


def edited(history: list[Any]) -> dict[str, tuple[list[Any], dict[str, Any]]]:
    said, result, middle = (copy.deepcopy(history) for _ in range(3))
    said[0]["content"] += " Now."
    result[2]["content"][0]["content"] = "rainy"
    third = [*copy.deepcopy(history)]
    del middle[1]["content"][0]
    return {
        "messages.1.content.0": (said, {}),
        "messages.3.content.0": (result, {}),
        "messages.1.content.0 ": (third, {"system": "Be long."}),
        " messages.1.content.0": (third, {"tools": [{**TOOL, "description": "x"}]}),
    }


def test_what_stands_before_a_block_must_not_change(
    client: anthropic.Anthropic, history: list[Any]
):
    for path, (messages, more) in edited(history).items():
        with pytest.raises(anthropic.BadRequestError) as caught:
            ask(client, messages, **more)
        assert (
            f"{path.strip()}: Invalid `signature` in `thinking` block. The block is bound to a "
            in (str(caught.value))
        )
        made = ask(client, messages, thinking=FORGIVING, **more)
        assert made.input_transformations[0].path == path.strip()
        assert made.input_transformations[0].reason == "prefix_binding_mismatch"


def test_a_missing_block_between_others_is_noticed(client: anthropic.Anthropic, history: list[Any]):
    made = ask(client, history, tool_choice={"type": "any"})
    content = [block.model_dump(exclude_none=True) for block in made.content]
    result = {"type": "tool_result", "tool_use_id": content[1]["id"], "content": "sunny"}
    longer = [*copy.deepcopy(history), {"role": "assistant", "content": content}]
    longer += [{"role": "user", "content": [result]}]
    assert ask(client, longer).input_transformations == []
    del longer[3]["content"][0]
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.5\.content\.0: Invalid"):
        ask(client, longer)


def test_another_account_or_an_older_models_block_is_dropped_and_not_counted(
    emulator: EmulatorThread, client: anthropic.Anthropic, history: list[Any]
):
    with anthropic.Anthropic(base_url=emulator.url, api_key="two", max_retries=0) as other:
        made = ask(other, history)
    assert [one.reason for one in made.input_transformations] == [
        "organization_binding_mismatch"
    ] * 2
    assert made.usage.input_tokens < ask(client, history).usage.input_tokens
    start = [{"role": "user", "content": "Hi"}]
    budget = {"type": "enabled", "budget_tokens": 1024}
    old = ask(client, start, model=OLDER, thinking=budget)
    content = [block.model_dump(exclude_none=True) for block in old.content]
    mixed = [*start, {"role": "assistant", "content": content}, *start]
    assert ask(client, mixed, model=OLDER, thinking=budget).input_transformations == []
    dropped = ask(client, mixed).input_transformations
    assert [(one.path, one.reason) for one in dropped] == [
        ("messages.1.content.0", "model_binding_mismatch")
    ]
    # Real signatures can't be looked into.
    content[0]["signature"] = "RXhhbXBs" * 10
    assert ask(client, mixed).input_transformations == []


def test_without_the_beta_nothing_is_told(emulator: EmulatorThread, history: list[Any]):
    with anthropic.Anthropic(base_url=emulator.url, api_key="two", max_retries=0) as other:
        made = other.messages.create(
            model=HAIKU, max_tokens=100, messages=history, tools=[TOOL], system="Be brief."
        )
    assert "input_transformations" not in made.model_dump()
    entry = emulator.requests[-1]
    assert (entry.version, entry.betas) == ("2026-10-21", [])
    assert emulator.requests[-2].betas == [BETA]


def test_changed_thinking_is_refused_as_ever(client: anthropic.Anthropic, history: list[Any]):
    history[1]["content"][0]["thinking"] = "Something else."
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
        ask(client, history)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", [OLDER, HAIKU])
def test_redacted_thinking_comes_back_as_it_was(
    client: anthropic.Anthropic, model: str, streamed: bool
):
    budget: Any = {"type": "enabled", "budget_tokens": 1024}
    thinking = {"thinking": budget} if model == OLDER else {}
    request: Any = {"model": model, "max_tokens": 2000, "tools": [TOOL], **thinking}
    messages: list[Any] = [{"role": "user", "content": "Use the weather tool. [emulate: redact]"}]
    if streamed:
        with client.messages.stream(messages=messages, **request) as stream:
            made = stream.get_final_message()
    else:
        made = client.messages.create(messages=messages, **request)
    content = [block.model_dump(exclude_none=True) for block in made.content]
    assert [block["type"] for block in content][::2] == ["redacted_thinking", "tool_use"]
    assert made.usage.output_tokens_details is not None
    result = {"type": "tool_result", "tool_use_id": content[2]["id"], "content": "sunny"}
    messages += [{"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
    assert client.messages.create(messages=messages, **request).stop_reason == "end_turn"
    data = content[0]["data"]
    content[0]["data"] = data[:60] + data[61:64] + data[60] + data[64:]
    with pytest.raises(anthropic.BadRequestError, match="Invalid `data` in `redacted_thinking`"):
        client.messages.create(messages=messages, **request)
