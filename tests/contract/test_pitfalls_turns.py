"""Where translations go wrong, lines 1 to 3, 10 to 15 and 20: turns, results, signatures."""

import pytest
from tests.contract.translation import (
    FLASH,
    FLASH_3,
    GPT,
    HAIKU,
    HAIKU_5,
    LITE,
    PNG,
    refused,
    say,
    send,
)

USER = {"role": "user", "content": "Hi"}
DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="


def call(call_id: str, name: str = "look", arguments: str = '{"at": 1}', **more):
    return {"id": call_id, "type": "function",
            "function": {"name": name, "arguments": arguments}, **more}  # fmt: skip


def loop(*calls, results=None, **message):
    """A chat in the middle of a loop of tools."""
    answers = results or [
        {"role": "tool", "tool_call_id": c["id"], "content": f"result of {c['id']}"} for c in calls
    ]
    return {
        "model": "m",
        "messages": [
            USER,
            {"role": "assistant", "content": None, "tool_calls": list(calls), **message},
            *answers,
        ],
        "tools": [{"type": "function", "function": {"name": "look"}}],
    }


# 1. "system and developer messages go to `system` / `systemInstruction`; one in mid-conversation is
#    accepted by some newest Claude models only"

TOLD = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        USER,
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "And?"},
        {"role": "system", "content": "Now in French."},
    ],
}


def test_01_system_and_developer_messages_leave_the_conversation():
    claude = send(TOLD, HAIKU)
    assert [b["text"] for b in claude.body["system"]] == ["Be brief.", "Be kind.", "Now in French."]
    assert [m["role"] for m in claude.body["messages"]] == ["user", "assistant", "user"]
    flash = send(TOLD, FLASH)
    assert [p["text"] for p in flash.body["systemInstruction"]["parts"]] == [
        "Be brief.", "Be kind.", "Now in French.",
    ]  # fmt: skip
    assert claude.losses == flash.losses == {"system_moved": "cosmetic"}


def test_01_a_system_message_in_mid_conversation_stays_where_the_model_takes_it():
    sent = send(TOLD, HAIKU_5)
    assert sent.losses == {}
    assert [m["role"] for m in sent.body["messages"]] == ["user", "assistant", "user", "system"]
    assert sent.body["messages"][3]["content"] == "Now in French."


@pytest.mark.parametrize(
    ("roles", "kept"),
    [
        # "must follow a `user` message, must be either last in `messages` or followed by an
        # `assistant` turn"
        ("usa", True),
        ("us", True),
        ("uasu", False),
        ("usu", False),
        ("su", False),
    ],
)
def test_01_the_model_that_takes_them_takes_them_behind_users_and_before_assistants(roles, kept):
    full = {"u": "user", "a": "assistant", "s": "system"}
    messages = [{"role": full[r], "content": f"{r}{at}"} for at, r in enumerate(roles)]
    if roles.endswith("a"):
        messages.append({"role": "user", "content": "go on"})
    sent = send({"model": "m", "messages": messages}, HAIKU_5)
    assert ("system" in [m["role"] for m in sent.body["messages"]]) is kept
    assert ("system" in sent.body) is not kept


# 2. "->Gemini: roles are only user and model"


@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
def test_02_gemini_hears_of_users_and_models_only(client):
    body = loop(call("c1")) if client == "openai_chat" else say("Hi", "anthropic")
    if client == "openai_chat":
        body["messages"].insert(0, {"role": "developer", "content": "Be brief."})
    sent = send(body, FLASH, client=client)
    assert {content["role"] for content in sent.body["contents"]} <= {"user", "model"}
    assert "role" not in sent.body.get("systemInstruction", {})


# 3. "consecutive turns of one role are merged; merge them yourself, so that cache breakpoints stay
#    where they are. Empty text blocks, messages and tool_result lists must go"


def test_03_turns_of_one_role_are_merged_and_the_breakpoint_stays_on_its_block():
    body = say("Hi", "anthropic")
    marked = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    body["messages"] = [
        {"role": "user", "content": [marked]},
        {"role": "user", "content": "and more"},
    ]
    sent = send(body, HAIKU, client="anthropic")
    assert sent.body["messages"] == [
        {"role": "user", "content": [marked, {"type": "text", "text": "and more"}]}
    ]


def test_03_what_is_empty_goes_without_a_loss():
    body = loop(call("c1"), results=[{"role": "tool", "tool_call_id": "c1", "content": []}])
    body["messages"] += [{"role": "user", "content": ""}, {"role": "user", "content": "Go on"}]
    body["messages"].insert(1, {"role": "assistant", "content": ""})
    sent = send(body, HAIKU)
    result = sent.body["messages"][-1]["content"][0]
    assert result == {"type": "tool_result", "tool_use_id": "c1"}
    assert sent.body["messages"][-1]["content"][1] == {"type": "text", "text": "Go on"}
    assert [m["role"] for m in sent.body["messages"]] == ["user", "assistant", "user"]
    assert sent.losses == {}


# 10. "->Anthropic: all results of parallel tools in one user turn, before any other content"


def test_10_all_results_of_a_step_stand_in_one_turn_before_anything_else():
    body = loop(call("c1"), call("c2"))
    body["messages"].append({"role": "user", "content": "Both, please."})
    blocks = send(body, HAIKU).body["messages"][-1]["content"]
    assert [b["type"] for b in blocks] == ["tool_result", "tool_result", "text"]


def test_10_a_picture_before_its_result_is_put_behind_it():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    body = say("Hi", "anthropic")
    body["messages"] += [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [
            image, {"type": "tool_result", "tool_use_id": "c1", "content": "ok"}]},
    ]  # fmt: skip
    blocks = send(body, HAIKU, client="anthropic").body["messages"][-1]["content"]
    assert [b["type"] for b in blocks] == ["tool_result", "image"]
    parts = send(body, FLASH, client="anthropic").body["contents"]
    assert [list(c["parts"][0]) for c in parts[-2:]] == [["functionResponse"], ["inlineData"]]


# 11. "->Gemini: functionResponse parts in a Content of their own; the response must be an object;
#     results are matched by id and name"


@pytest.mark.parametrize(
    ("said", "response"),
    [
        ("plain text", {"output": "plain text"}),
        ('{"degrees": 21}', {"degrees": 21}),
        ("[1, 2]", {"output": "[1, 2]"}),
        ("21", {"output": "21"}),
        ("", {"output": ""}),
        ('{"output": "x"}', {"output": {"output": "x"}}),
    ],
)
def test_11_a_result_is_an_object_with_the_id_and_name_of_its_call(said, response):
    body = loop(call("c1"), results=[{"role": "tool", "tool_call_id": "c1", "content": said}])
    body["messages"].append({"role": "user", "content": "Go on"})
    contents = send(body, FLASH).body["contents"]
    assert contents[2] == {
        "role": "user",
        "parts": [{"functionResponse": {"name": "look", "id": "c1", "response": response}}],
    }
    assert contents[3] == {"role": "user", "parts": [{"text": "Go on"}]}


def test_11_a_failed_call_says_so():
    body = say("Hi", "anthropic")
    body["messages"] += [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "no", "is_error": True}]},
    ]  # fmt: skip
    part = send(body, FLASH, client="anthropic").body["contents"][-1]["parts"][0]
    assert part["functionResponse"]["response"] == {"error": "no"}


# 12. "with parallel calls only the first functionCall carries thoughtSignature; signatures also sit
#     on (empty) text, code and image parts. Each goes back in the part that it came in"


def test_12_each_signature_goes_back_in_the_part_that_it_came_in():
    parts = [
        {"text": "", "thoughtSignature": "c2lnMQ=="},
        {"text": "see", "thoughtSignature": "c2lnMg=="},
        {"functionCall": {"name": "look", "args": {}, "id": "c1"}, "thoughtSignature": "c2lnMw=="},
        {"functionCall": {"name": "look", "args": {}, "id": "c2"}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": "c2lnNA=="},
        {"executableCode": {"code": "1", "language": "PYTHON"}, "thoughtSignature": "c2lnNQ=="},
    ]
    body = say("Hi", "gemini")
    body["contents"] += [
        {"role": "model", "parts": parts},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "look", "id": f"c{n}", "response": {"output": "1"}}}
            for n in (1, 2)]},
    ]  # fmt: skip
    sent = send(body, FLASH_3, client="gemini")
    assert sent.body["contents"][1]["parts"] == parts
    assert sent.losses == {}


# 13. "other->Gemini 3: foreign history needs the dummy signature"


@pytest.mark.parametrize(("model", "signed"), [(FLASH, False), (LITE, True), (FLASH_3, True)])
def test_13_calls_that_gemini_3_did_not_write_get_the_documented_stand_in(model, signed):
    sent = send(loop(call("c1"), call("c2")), model)
    first, second = sent.body["contents"][1]["parts"]
    assert first.get("thoughtSignature") == (DUMMY if signed else None)
    assert "thoughtSignature" not in second
    assert sent.losses == ({"signature_missing": "cosmetic"} if signed else {})


# 14. "thinking and redacted_thinking go back unmodified with tool_use; foreign signatures must be
#     stripped"

THOUGHTS = [
    {"type": "thinking", "thinking": "Look\n first. ", "signature": "sig+/=="},
    {"type": "redacted_thinking", "data": "enc+/=="},
]


def thoughtful(*blocks):
    body = say("Hi", "anthropic")
    body["messages"] += [
        {"role": "assistant", "content": [
            *blocks, {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]},
    ]  # fmt: skip
    return body


def test_14_thinking_goes_back_unmodified():
    sent = send(thoughtful(*THOUGHTS), HAIKU, client="anthropic")
    assert sent.body["messages"][1]["content"][:2] == THOUGHTS
    assert sent.losses == {}


def test_14_foreign_signatures_are_stripped():
    signed = call("c1", extra_content={"google": {"thought_signature": "Z2Vt"}})
    body = loop(signed, reasoning_content="Hmm.")
    sent = send(body, HAIKU)
    assert sent.body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}}
    ]
    assert sent.losses == {"thinking_dropped": "cosmetic", "signature_dropped": "cosmetic"}
    flash = send(thoughtful(*THOUGHTS), FLASH, client="anthropic")
    assert flash.body["contents"][1]["parts"] == [
        {"functionCall": {"name": "look", "args": {}, "id": "c1"}}
    ]
    assert flash.losses == {"thinking": "cosmetic"}


# 20. "prefill: works on Sonnet and Haiku 4.5, a 400 on models without it"


@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_20_a_prefill_goes_on_where_the_model_continues_it(model):
    body = say("Hi")
    body["messages"].append({"role": "assistant", "content": "The answer is"})
    assert send(body, model).losses == {}


@pytest.mark.parametrize("model", [HAIKU_5, LITE, FLASH_3])
def test_20_a_prefill_is_a_named_loss_where_the_model_rejects_it(model):
    body = say("Hi")
    body["messages"].append({"role": "assistant", "content": "The answer is"})
    sent = send(body, model)
    assert sent.losses == {"prefill": "semantic"}
    turns = sent.body.get("messages") or sent.body["contents"]
    assert turns[-1]["role"] == "user"


def test_20_a_model_that_nobody_knows_gets_what_was_said():
    body = say("Hi", "anthropic")
    body["messages"].append({"role": "assistant", "content": "The answer is"})
    sent = send(body, GPT, client="anthropic")
    assert sent.body["messages"][-1] == {"role": "assistant", "content": "The answer is"}


# Bad pairs


@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_a_result_without_its_call_names_the_message(model):
    body = say("Hi")
    body["messages"].append({"role": "tool", "tool_call_id": "c9", "content": "?"})
    assert refused(body, model).param == "messages[1].role"
