"""Feedback through a running gateway: given with a key, in the ledger, in the figures, in the
decision; the same by command.
"""

import json
import subprocess
import sys
import time

import openai
import pytest
from openai import OpenAI
from tests.integration.conftest import meant

from fairlead.ledger.verdicts import verdicts_on

FLASH, HAIKU = meant("flash"), meant("haiku")
CONFIG = """
[routing]
policy = "best"
quality = "outcomes"
[quality]
emulated = true
refresh_seconds = 2
"""


def ask(word: str, **more) -> dict:
    return {"messages": [{"role": "user", "content": f"Suggest a name for a {word}."}], **more}


def fairlead(gateway, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        env=gateway.env, cwd=gateway.folder, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout + done.stderr


def rate(gateway, request_id: str, **said):
    body = json.dumps({"request_id": request_id, **said}).encode()
    return gateway.request("POST", "/v1/feedback", body)


def test_feedback_moves_what_is_best(start) -> None:
    gateway = start(config=CONFIG)
    ids = {FLASH: [], HAIKU: []}
    for number in range(22):
        for model, given in ids.items():
            # Translated for one of them, and always decoded: the task is known for both.
            hint = {"policy": f"always:{model}", "task": "creative"}
            reply = gateway.chat(ask(f"boat {number}", model="auto", fairlead=hint))
            assert reply.headers["x-fairlead-model"] == model
            given.append(reply.headers["x-fairlead-request-id"])
    # At once after the answer, though its record may not be written yet.
    assert rate(gateway, ids[HAIKU][-1], rating="up").status == 200
    lines = [{"request_id": i, "rating": 1, "grader": "ours"} for i in ids[HAIKU]]
    lines += [{"request_id": i, "rating": "fail", "grader": "ours"} for i in ids[FLASH]]
    file = gateway.folder / "verdicts.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    gateway.record(ids[HAIKU][-1])
    assert "44 of 44 taken" in fairlead(gateway, "feedback", "--import", str(file))
    said = fairlead(gateway, "feedback", ids[FLASH][0], "--rating", "0.25", "--json")
    assert json.loads(said) == {"taken": 1, "left_out": []}
    assert [(one.source, one.score) for one in verdicts_on(gateway.database, ids[FLASH][0])] == [
        ("grader:ours", 0.0), ("user", 0.25),
    ]  # fmt: skip

    told = json.loads(fairlead(gateway, "feedback", ids[FLASH][0], "--json"))
    assert [one["source"] for one in told["verdicts"]] == ["grader:ours", "user"]
    assert "grader:ours" in fairlead(gateway, "feedback", ids[FLASH][0])
    shown = json.loads(fairlead(gateway, "quality", "show", "--task", "creative", "--json"))
    scores = {each["model"]: each["score"] for each in shown["figures"]}
    assert scores[HAIKU] - scores[FLASH] > 20
    deadline = time.monotonic() + 60
    while True:
        reply = gateway.chat(ask("ship", model="auto", fairlead={"task": "creative"}))
        decision = json.loads(gateway.record(reply.headers["x-fairlead-request-id"]).decision)
        quality = (decision.get("moment") or {}).get("quality", {})
        if quality.get(HAIKU, {}).get("score", 0) > quality.get(FLASH, {"score": 101})["score"]:
            break
        assert time.monotonic() < deadline, decision
        time.sleep(1)
    assert reply.headers["x-fairlead-model"] == HAIKU
    assert {each["model"]: each.get("quality") for each in decision["candidates"]} == {
        name: each["score"] for name, each in quality.items()
    }


def test_mistakes_of_the_command_are_told(gateway) -> None:
    answered = gateway.chat(ask("car", model="auto")).headers["x-fairlead-request-id"]
    gateway.record(answered)
    file = gateway.folder / "wrong.jsonl"
    file.write_text(f'{{"request_id":"{answered}","rating":1}}\n{{"request_id":"x","rating":7}}\n')
    said = fairlead(gateway, "feedback", "--import", str(file), code=1)
    assert "wrong.jsonl:2: rating: 7 lies outside of 0 to 1; nothing was taken" in said
    assert verdicts_on(gateway.database, answered) == []
    file.write_text(f'{{"request_id":"{answered}","rating":1}}\n{{"request_id":"x","rating":1}}\n')
    out = json.loads(fairlead(gateway, "feedback", "--import", str(file), "--json", code=1))
    assert out["taken"] == 1
    assert out["left_out"][0]["where"].endswith("wrong.jsonl:2")
    assert "no request 'x'" in fairlead(gateway, "feedback", "x", "--rating", "up", code=1)
    assert "is no rating" in fairlead(gateway, "feedback", answered, "--rating", "so-so", code=1)
    assert "give the ID" in fairlead(gateway, "feedback", "--rating", "up", code=1)
    assert "there is no task" in fairlead(gateway, "quality", "show", "--task", "x", code=1)
    assert rate(gateway, "fl-unknown", rating=1).status == 404


def test_an_sdk_gives_feedback_and_traffic_gives_signals(gateway) -> None:
    """With OpenAI's own client: rated by a grader; asked again; a tool that fails."""
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    said = [
        {"role": "user", "content": "Add 3 and 4 with the tool, please, for the feedback test."}
    ]
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as client:

        def answered(messages: list, **more) -> str:
            made = client.chat.completions.with_raw_response.create(
                model="auto", messages=messages, **more
            )
            return made.headers["x-fairlead-request-id"]

        rated = answered(said)
        body = {"request_id": rated, "rating": 0.5, "grader": "sums", "task": "math"}
        told = client.post("/feedback", body=body, cast_to=dict)
        assert (told["object"], told["source"], told["score"]) == ("feedback", "grader:sums", 0.5)
        with pytest.raises(openai.NotFoundError, match="of this key has been answered"):
            client.post("/feedback", body=body | {"request_id": "fl-nonesuch"}, cast_to=dict)
        with pytest.raises(openai.BadRequestError, match="is no rating"):
            client.post("/feedback", body=body | {"rating": "fine"}, cast_to=dict)
        answered(said)  # the very same again
        called = answered(said, tools=[tool])  # another request, since it has a tool
        call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
        failed = [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Error: no such tool"},
        ]
        answered([*said, *failed], tools=[tool])

    def sources(request_id: str) -> set[str]:
        return {one.source for one in verdicts_on(gateway.database, request_id)}

    deadline = time.monotonic() + 30
    while not (len(sources(rated)) == 2 and sources(called)):
        assert time.monotonic() < deadline, (sources(rated), sources(called))
        time.sleep(0.05)
    assert sources(rated) == {"grader:sums", "signal:retry"}
    assert sources(called) == {"signal:tool_error"}
