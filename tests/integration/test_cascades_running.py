"""Cascades in a running gateway before emulated vendors that answer badly; budgets beside them."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.integration.conftest import meant, until

from fairlead.ledger.query import usage
from fairlead.ledger.verdicts import verdicts_on

FLASH, HAIKU = meant("flash"), meant("haiku")
POLICY = """
name = "tried"
version = "1"
candidates = ["haiku", "flash"]
otherwise = "haiku"

[cascade]
ask = "flash"
then = "haiku"
accepted_cost_ratio = 1
{more}
"""
SCRIPTS = """
[[script]]
name = "bad town"
model = "gemini-*"
contains = "The town that is wrong"
turn = [{ say = '{"town": "Rome"}' }]

[[script]]
name = "good town"
model = "claude-*"
contains = "The town that is wrong"
turn = [{ say = '{"city": "Rome"}' }]
"""
GRADER = """
import json, os, pathlib, sys
asked = json.load(sys.stdin)
pathlib.Path(sys.argv[1]).write_text(json.dumps([asked, dict(os.environ)]))
print(json.dumps({"passed": "RAISE" not in asked["messages"][-1]["text"]}))
"""
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def ask(text: str, **more: object) -> dict[str, object]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


def gateway_with(start: Callable[..., Any], tmp_path: Any, more: str = "", config: str = "") -> Any:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "tried.toml").write_text(POLICY.format(more=more))
    return start(config=f"[routing]\npolicy = 'tried'\npolicies_dir = '{folder}'\n{config}")


def test_a_bad_answer_is_answered_by_the_other_and_both_are_billed(
    start, emulator, tmp_path
) -> None:
    emulator.scripts.add(SCRIPTS)
    gateway = gateway_with(start, tmp_path)
    billed = len(emulator.requests)
    good = gateway.chat(ask("Which city is meant?", response_format=SCHEMA))
    assert good.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"
    assert good.headers["x-fairlead-model"] == FLASH
    bad = gateway.chat(ask("The town that is wrong", response_format=SCHEMA))
    assert bad.headers["x-fairlead-cascade"] == f"escalated: {FLASH} schema"
    assert bad.json()["choices"][0]["message"]["content"] == '{"city": "Rome"}'
    id_ = bad.headers["x-fairlead-request-id"]
    answer, attempt = gateway.record(id_), gateway.record(f"{id_}.1")
    assert (answer.model, attempt.model, attempt.op) == (HAIKU, FLASH, "attempt")
    total = Decimal(bad.headers["x-fairlead-cost-usd"])
    assert total == answer.cost_usd + attempt.cost_usd
    seen = [entry.model for entry in list(emulator.requests)[billed:]]
    assert seen == [FLASH, FLASH, HAIKU]
    rows = {row.group: row for row in usage(gateway.database, ("model", "op")).rows}
    assert rows[FLASH, "attempt"].cost_usd == attempt.cost_usd
    assert rows[HAIKU, "generate"].requests == 1
    assert rows[FLASH, "attempt"].requests == 0
    assert usage(gateway.database).totals.requests == 2
    until(lambda: verdicts_on(gateway.database, f"{id_}.1"))
    assert [(v.source, v.score) for v in verdicts_on(gateway.database, f"{id_}.1")] == [
        ("signal:cascade:schema", 0.0)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "route", "show", id_, "--json"],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    step = json.loads(done.stdout)["path"][-1]
    assert (step["answer"], step["because"][:15]) == (False, "schema: schema:")
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "receipt", id_, "--json"],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    receipt = json.loads(done.stdout)
    assert [(each["id"], each["model"]) for each in receipt["beside"]] == [(f"{id_}.1", FLASH)]
    assert Decimal(receipt["all_usd"]) == total
    assert b"town" not in gateway.log.read_bytes()


def test_a_stream_is_held_and_a_client_of_each_dialect_is_served(start, tmp_path) -> None:
    gateway = gateway_with(start, tmp_path, "streams = true")
    reply = gateway.chat(ask("Tell me of the sea.", stream=True))
    assert reply.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"
    assert reply.body.rstrip().endswith(b"data: [DONE]")
    cut = gateway.chat(ask("[emulate: words=300] Tell me of the sea.", stream=True, max_tokens=9))
    assert cut.headers["x-fairlead-cascade"] == f"escalated: {FLASH} complete"
    messages = [{"role": "user", "content": "Tell me of the sea."}]
    body = json.dumps({"model": "auto", "max_tokens": 300, "messages": messages}).encode()
    claude = gateway.request("POST", "/v1/messages", body)
    assert claude.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"
    contents = [{"role": "user", "parts": [{"text": "Tell me of the sea."}]}]
    for call in ("generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"):
        gemini = gateway.request(
            "POST", f"/v1beta/models/auto:{call}", json.dumps({"contents": contents}).encode()
        )
        assert gemini.headers["x-fairlead-cascade"] == f"accepted: {FLASH}", gemini.body
    said = json.dumps({"model": "auto", "input": "Tell me of the sea.", "stream": True}).encode()
    responses = gateway.request("POST", "/v1/responses", said)
    assert responses.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"


@contextmanager
def endpoint(answers: list[tuple[int, bytes]]) -> Iterator[tuple[str, list[Any]]]:
    """An HTTP grader that answers in turn, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            status, body = answers[len(asked) - 1]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/grade", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_graders_of_the_operators_own(start, tmp_path) -> None:
    script, noted = tmp_path / "grade.py", tmp_path / "noted.json"
    script.write_text(GRADER)
    words = [sys.executable, str(script), str(noted)]
    config = f"[graders.mine]\ncommand = {json.dumps(words)}\nseconds = 30\n"
    gateway = gateway_with(start, tmp_path, 'checks = []\ngraders = ["mine"]', config)
    passed = gateway.chat(ask("What is the sea?"))
    assert passed.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"
    question, env = json.loads(noted.read_text())
    assert question["messages"] == [{"role": "user", "text": "What is the sea?", "others": []}]
    assert (question["model"], question["answer"] != "") == (FLASH, True)
    assert not [name for name in env if "KEY" in name or name.startswith("FAIRLEAD")]
    failed = gateway.chat(ask("What is the sea? RAISE"))
    assert failed.headers["x-fairlead-cascade"] == f"escalated: {FLASH} mine"


def test_a_grader_without_a_verdict_lets_the_answer_pass(start, tmp_path) -> None:
    answers = [(200, b'{"passed": false}'), (500, b""), (200, b"perhaps"), (200, b"[" * 100_000)]
    with endpoint(answers) as (url, asked):
        config = f'[graders.mine]\nurl = "{url}"\nseconds = 30\n'
        gateway = gateway_with(start, tmp_path, 'checks = []\ngraders = ["mine"]', config)
        told = [gateway.chat(ask(f"What is the sea? {n}")).headers for n in range(len(answers))]
    said = [headers["x-fairlead-cascade"].partition(":")[0] for headers in told]
    assert said == ["escalated", "accepted", "accepted", "accepted"]
    assert len(asked) == len(answers)
    log = gateway.log.read_text()
    assert log.count("grader mine gave no verdict") == 3
    assert "the sea" not in log
    id_ = told[1]["x-fairlead-request-id"]
    until(lambda: verdicts_on(gateway.database, id_))
    assert [v.source for v in verdicts_on(gateway.database, id_)] == ["signal:grader_silent:mine"]
    gone = gateway.chat(ask("What is the sea? now gone"))
    assert gone.headers["x-fairlead-cascade"] == f"accepted: {FLASH}"


def test_a_policy_sees_team_and_spent_budget(start, tmp_path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "thrifty.toml").write_text(
        'name = "thrifty"\nversion = "1"\ncandidates = ["haiku", "flash"]\notherwise = "haiku"\n'
        '[[rules]]\nquestion = "spent?"\n'
        'when = { team = { is = "tools" }, budget_pressure = { over = 90 } }\nuse = "flash"\n'
    )
    gateway = start(config=f"[routing]\npolicy = 'thrifty'\npolicies_dir = '{folder}'\n")
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "keys", "create", "ci", "--team", "tools",
         "--budget-usd", "0.0001", "--budget-period", "day", "--json"],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    made = json.loads(done.stdout)
    assert (made["team"], made["budget"]) == ("tools", {"usd": "0.0001", "period": "day"})
    head = {"authorization": f"Bearer {made['key']}"}
    # Before it knows of a key it takes every request, and books it for nobody.
    until(lambda: gateway.request("GET", "/v1/models").status == 401)
    first = gateway.chat(ask("[emulate: words=100] Hello"), head)
    assert first.headers["x-fairlead-model"] == HAIKU
    until(lambda: gateway.chat(ask("Hello"), head).headers["x-fairlead-model"] == FLASH)
    last = gateway.newest(model=FLASH)
    features = json.loads(last.decision)["features"]
    assert features["team"] == "tools"
    assert features["budget_pressure"] > 90
