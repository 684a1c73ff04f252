"""Scripts through the official SDKs: an agent's whole task, in each dialect, whole and streamed."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest

from fairlead.emulator import EmulatorThread

SCRIPTS = """
[[script]]
name = "six turns"
contains = "Tidy up the notes"
facts.cwd = ['Working directory: (\\S+)', '<cwd>(.*?)</cwd>']
facts.word = 'the word is (\\w+)'

[[script.turn]]
think = "The notes in {cwd} come first."
say = "I read the notes."
calls = [[
    { tool = ["Read", "read"], args = { path = "{cwd}/notes.txt" } },
    { tool = "read_file", args = { absolute_path = "{cwd}/notes.txt" } },
]]

[[script.turn]]
expect = ["the word is"]
calls = [{ tool = ["Bash", "run_shell_command", "shell"], args = { command = "ls {not_a_fact}" } }]

[[script.turn]]
say = "Two edits at once."
expect = [{ lacks = "error", result = 1 }, { matches = "^a.txt" }, { contains = "surely absent" }]
calls = [
    { tool = ["Edit", "replace", "edit"], args = { path = "{cwd}/a.txt", text = "{word}" } },
    { tool = ["Edit", "replace", "edit"], args = { path = "{cwd}/b.txt", text = "{word}" } },
]

[[script.turn]]
expect = [{ contains = "a.txt done", result = 1 }, { contains = "b.txt done", result = 2 }]
say = "Done: the word was {word}."
"""
PROMPT = "<x>Remember.</x>\nTidy up the notes, please. Working directory: /tmp/work"
PATH = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
EDIT = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "text": {"type": "string"}},
    "required": ["path", "text"],
}
COMMAND = {"type": "object", "properties": {"command": {"type": "string"}}}
RESULTS = {
    ("read", "/tmp/work/notes.txt"): "the word is plum",
    ("run", "ls {not_a_fact}"): "a.txt b.txt",
    ("edit", "/tmp/work/a.txt"): "a.txt done",
    ("edit", "/tmp/work/b.txt"): "b.txt done",
}
PLAYED = [1, 1, 1, 1]
NAMES = {"Read": "read", "Bash": "run", "Edit": "edit", "replace": "edit", "shell": "run"}
NAMES |= {"read_file": "read", "run_shell_command": "run", "edit": "edit", "read": "read"}


def result_of(name: str, args: dict[str, Any]) -> str:
    about = args.get("path") or args.get("absolute_path") or args["command"]
    assert args.get("text", "plum") == "plum"
    return RESULTS[NAMES[name], about]


@pytest.fixture
def scripted() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0, script=SCRIPTS) as running:
        yield running


def checked(scripted: EmulatorThread) -> None:
    """The books: each turn once, and only the check that can't hold is held against it."""
    (run,) = scripted.scripts.runs
    assert run.played == PLAYED
    (problem,) = run.problems
    assert problem == "turn 3: no result has 'surely absent': 'a.txt b.txt'"
    turns = [entry.script.turn for entry in scripted.requests if entry.script]
    assert turns == [1, 2, 3, 4]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("thinking", [False, True])
def test_anthropic(scripted: EmulatorThread, streamed: bool, thinking: bool):
    tools: Any = [
        {"name": "Read", "input_schema": PATH},
        {"name": "Bash", "input_schema": COMMAND},
        {"name": "Edit", "input_schema": EDIT},
    ]
    messages: list[Any] = [{"role": "user", "content": PROMPT}]
    steps = []
    with anthropic.Anthropic(base_url=scripted.url, api_key="k", max_retries=0) as client:
        for _ in range(10):
            request: Any = {
                "model": "claude-haiku-4-5",
                "max_tokens": 8000,
                "messages": messages,
                "tools": tools,
            }
            if thinking:
                request["thinking"] = {"type": "enabled", "budget_tokens": 2000}
            if streamed:
                with client.messages.stream(**request) as stream:
                    message = stream.get_final_message()
            else:
                message = client.messages.create(**request)
            steps.append([block.type for block in message.content])
            messages.append({"role": "assistant", "content": message.content})
            calls = [block for block in message.content if block.type == "tool_use"]
            if not calls:
                break
            results = [
                {"type": "tool_result", "tool_use_id": c.id, "content": result_of(c.name, c.input)}
                for c in calls
            ]
            # An agent's own remark behind the results is no prompt, whatever it says.
            remark = {"type": "text", "text": f"<reminder>{PROMPT}</reminder>"}
            messages.append({"role": "user", "content": [*results, remark]})
    think = ["thinking"] if thinking else []
    assert steps == [
        [*think, "text", "tool_use"],
        [*think, "tool_use"],
        [*think, "text", "tool_use", "tool_use"],
        [*think, "text"],
    ]
    if thinking:
        first = messages[1]["content"][0]
        assert first.thinking == "The notes in /tmp/work come first."
    assert message.content[-1].text == "Done: the word was plum."
    assert message.stop_reason == "end_turn"
    checked(scripted)


def post(scripted: EmulatorThread, path: str, body: Any, **headers: str) -> Any:
    request = urllib.request.Request(
        scripted.url + path, json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        raw = answer.read().decode()
    if "alt=sse" not in path:
        return [json.loads(raw)]
    lines = [line.strip() for line in raw.splitlines()]
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent?alt=sse"])
@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3.8-flash"])
def test_gemini(scripted: EmulatorThread, verb: str, model: str):
    functions = [
        {
            "name": "read_file",
            "parameters": {
                "type": "OBJECT",
                "properties": {"absolute_path": {"type": "STRING"}},
                "required": ["absolute_path"],
            },
        },
        {"name": "run_shell_command", "parametersJsonSchema": COMMAND},
        {"name": "replace", "parametersJsonSchema": EDIT},
    ]
    contents: list[Any] = [
        {"role": "user", "parts": [{"text": "This is the context."}]},
        {"role": "model", "parts": [{"text": "Got it."}]},
        {"role": "user", "parts": [{"text": PROMPT}]},
    ]
    for _ in range(10):
        body = {"contents": contents, "tools": [{"functionDeclarations": functions}]}
        said = post(scripted, f"/v1beta/models/{model}:{verb}", body, **{"x-goog-api-key": "k"})
        parts = [p for c in said for p in c["candidates"][0].get("content", {}).get("parts", [])]
        contents.append({"role": "model", "parts": parts})
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        if not calls:
            break
        answers = [
            {
                "functionResponse": {
                    **{key: call[key] for key in ("id", "name") if key in call},
                    "response": {"output": result_of(call["name"], call["args"])},
                }
            }
            for call in calls
        ]
        contents.append({"role": "user", "parts": answers})
    assert "".join(p.get("text", "") for p in parts) == "Done: the word was plum."
    checked(scripted)


@pytest.mark.parametrize("parallel", [True, False])
def test_openai_chat(scripted: EmulatorThread, parallel: bool):
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in (("Read", PATH), ("shell", COMMAND), ("edit", EDIT))
    ]
    messages: list[Any] = [
        {"role": "system", "content": "<cwd>/tmp/work</cwd>"},
        {"role": "user", "content": [{"type": "text", "text": PROMPT.partition(". W")[0]}]},
    ]
    turns = 0
    with openai.OpenAI(base_url=scripted.url + "/v1", api_key="k", max_retries=0) as client:
        for _ in range(10):
            made = client.chat.completions.create(
                model="gpt-5-mini", messages=messages, tools=tools, parallel_tool_calls=parallel
            )
            turns += 1
            message = made.choices[0].message
            kept = {"role", "content", "tool_calls"}
            messages.append(message.model_dump(exclude_none=True, include=kept))
            if not message.tool_calls:
                break
            # Results may come in any order.
            for call in reversed(message.tool_calls):
                text = result_of(call.function.name, json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": text})
    assert message.content == "Done: the word was plum."
    assert turns == (4 if parallel else 5)
    if parallel:
        checked(scripted)


PATCH = """
[[script]]
name = "patch"
contains = "Patch it"
facts.cwd = '<cwd>(.*?)</cwd>'
[[script.turn]]
calls = [
    [{ tool = "Edit" }, { tool = "apply_patch", args = { input = "*** Begin Patch {cwd}" } }],
    { tool = "shell", args = { command = ["ls", "{cwd}"] } },
]
[[script.turn]]
expect = [{ contains = "patched", result = 1 }, { contains = "a.txt", result = 2 }]
say = "Patched."
"""


@pytest.mark.parametrize("way", ["items", "previous", "streamed"])
def test_openai_responses(scripted: EmulatorThread, way: str):
    scripted.scripts.add(PATCH)
    tools: Any = [
        {"type": "custom", "name": "apply_patch", "description": "Patches."},
        {
            "type": "function",
            "name": "shell",
            "strict": False,
            "parameters": {"type": "object", "properties": {"command": {"type": "array"}}},
        },
    ]
    given: list[Any] = [
        {"role": "user", "content": [{"type": "input_text", "text": "<cwd>/w</cwd>"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "Patch it."}]},
    ]
    before: str | None = None
    seen: list[Any] = []
    with openai.OpenAI(base_url=scripted.url + "/v1", api_key="k", max_retries=0) as client:
        for _ in range(5):
            request: Any = {"model": "gpt-5-mini", "input": given, "tools": tools}
            if way == "previous" and before:
                request["previous_response_id"] = before
            if way == "streamed":
                with client.responses.stream(**request) as stream:
                    made: Any = stream.get_final_response()
            else:
                made = client.responses.create(**request)
            before = made.id
            calls = [item for item in made.output if item.type.endswith("_call")]
            seen += [(call.type, getattr(call, "input", None)) for call in calls]
            if not calls:
                break
            results = [
                {
                    "type": f"{call.type}_output",
                    "call_id": call.call_id,
                    "output": "patched" if call.type == "custom_tool_call" else "a.txt",
                }
                for call in calls
            ]
            kept = {"type", "call_id", "name", "arguments", "input", "id"}
            if way == "previous":
                given = results
            else:
                echoed = [item.model_dump(exclude_none=True) for item in made.output]
                given += [
                    {k: v for k, v in item.items() if k in kept}
                    if item["type"].endswith("_call")
                    else item
                    for item in echoed
                ]
                given += results
    assert made.output_text == "Patched."
    assert seen == [("custom_tool_call", "*** Begin Patch /w"), ("function_call", None)]
    assert scripted.scripts.runs[1].played == [1, 1]
    assert scripted.scripts.runs[1].problems == []


def ask(client: anthropic.Anthropic, messages: list[Any], **more: Any) -> anthropic.types.Message:
    return client.messages.create(
        model="claude-haiku-4-5", max_tokens=500, messages=messages, **more
    )


@pytest.fixture
def client(scripted: EmulatorThread) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=scripted.url, api_key="k", max_retries=0) as made:
        yield made


def test_a_turn_that_no_offered_tool_can_play_is_a_loud_400(
    scripted: EmulatorThread, client: anthropic.Anthropic
):
    tools: Any = [{"name": "Write", "input_schema": PATH}]
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, [{"role": "user", "content": PROMPT}], tools=tools)
    said = (
        "emulator: script 'six turns', turn 1 of 4: it calls Read or read or read_file, and the "
        "request offers Write"
    )
    assert said in str(caught.value)
    assert scripted.requests[-1].script is not None
    assert "turn 1: it calls Read" in scripted.scripts.runs[0].problems[0]
    tools = [{"name": "Read", "input_schema": COMMAND}]
    with pytest.raises(anthropic.BadRequestError, match="Read is offered, but it takes no 'path'"):
        ask(client, [{"role": "user", "content": PROMPT}], tools=tools)
    tools = [{"name": "Read", "input_schema": PATH}]
    with pytest.raises(anthropic.BadRequestError, match="the fact 'cwd' is not in the request"):
        ask(client, [{"role": "user", "content": "Tidy up the notes"}], tools=tools)


def test_what_is_none_of_the_scripts_business_is_answered_plainly(
    scripted: EmulatorThread, client: anthropic.Anthropic
):
    tools: Any = [{"name": "Read", "input_schema": PATH}]
    plain: list[Callable[[], anthropic.types.Message]] = [
        lambda: ask(client, [{"role": "user", "content": "quota"}], tools=tools),
        lambda: ask(client, [{"role": "user", "content": f"A title for: {PROMPT}"}]),
        lambda: ask(
            client,
            [{"role": "user", "content": PROMPT}],
            tools=tools,
            tool_choice={"type": "none"},
        ),
    ]
    for one in plain:
        assert "no model was called" in one().content[0].text
    assert scripted.scripts.runs[0].played == [0, 0, 0, 0]
    assert all(entry.script is None for entry in scripted.requests)


def test_a_conversation_that_goes_on_behind_the_script_and_a_second_run(
    scripted: EmulatorThread, client: anthropic.Anthropic
):
    scripted.scripts.replace(
        '[[script]]\nname = "hi"\ncontains = "Go"\n'
        '[[script.turn]]\ncalls = [{ tool = "Read", args = { path = "p" } }]\n'
        '[[script.turn]]\nsay = "Gone."\n'
    )
    tools: Any = [{"name": "Read", "input_schema": PATH}]
    messages: list[Any] = [{"role": "user", "content": "Go"}]
    for word in ("Gone.", "no model was called", "Gone."):
        made = ask(client, messages, tools=tools)
        if made.stop_reason == "tool_use":
            result = {"type": "tool_result", "tool_use_id": made.content[-1].id, "content": "ok"}
            messages.append({"role": "assistant", "content": made.content})
            messages.append({"role": "user", "content": [result]})
            made = ask(client, messages, tools=tools)
        assert word in made.content[0].text
        messages.append({"role": "assistant", "content": made.content})
        after = "And what now?" if word == "Gone." else "Go"
        messages.append({"role": "user", "content": after})
    assert scripted.scripts.runs[0].played == [2, 2]


def test_the_control_route(scripted: EmulatorThread):
    url = scripted.url + "/_emulator/scripts"

    def call(method: str, body: bytes | None = None, kind: str = "text/plain") -> tuple[int, Any]:
        request = urllib.request.Request(url, body, {"content-type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    assert call("GET")[1]["scripts"] == [
        {"script": "six turns", "played": [0, 0, 0, 0], "problems": []}
    ]
    one = {"name": "one", "turn": [{"say": "Hi."}]}
    assert call("POST", json.dumps([one]).encode(), "application/json")[0] == 200
    assert [run.script for run in scripted.scripts.runs] == ["six turns", "one"]
    status, said = call("POST", b'[[script]]\nname = "one"\nturn = [{ say = "Hi." }]')
    assert (status, said["error"]) == (400, "two scripts are named 'one'")
    status, said = call("PUT", b'[[script]]\nname = "x"\nturn = [{ sy = "Hi." }]')
    assert status == 400
    assert "unknown field `sy` - at `$.script[0].turn[0]`" in said["error"]
    assert call("PUT", b'[[script]]\nname = "two"\nturn = [{ say = "Hi." }]')[0] == 200
    scripted.reset()
    assert [run.script for run in scripted.scripts.runs] == ["six turns"]
