"""Graders: what they are given, what counts as a verdict, and that none of them outlives its time."""

import asyncio
import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from fairlead.canon import (
    Candidate,
    Finish,
    FunctionTool,
    Media,
    OutputFormat,
    Request,
    Response,
    Text,
    ToolCall,
    Turn,
    Url,
)
from fairlead.engine.grader import Grade, Grader, Graders, question
from fairlead.upstream.proxy import parse_proxy


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *words)


async def graded(code: str, seconds: float = 60.0, asked: bytes = b"{}") -> Grade:
    return await Graders().grade(Grader("mine", python(code), seconds=seconds), asked)


@pytest.mark.parametrize(
    ("code", "passed"),
    [
        ("print('{\"passed\": true}')", True),
        ('print(\'{"passed": false, "why": "wrong"}\')', False),
        ("import sys; sys.stdin.read(); print('{\"passed\": true}')", True),
        ('print(\'{"passed": "true"}\')', None),
        ("print('{}')", None),
        ("print('true')", None),
        ("print('[' * 50_000)", None),
        ("pass", None),
        ("print('{\"passed\": true}'); raise ValueError", None),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", None),
        ("print('x' * 10_000_000)", None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", None),
    ],
)
async def test_what_is_a_verdict(code: str, passed: bool | None) -> None:
    grade = await graded(code)
    assert grade.passed is passed
    assert bool(grade.why) is (passed is None)


async def test_a_program_that_is_not_there_and_a_question_that_is_too_long() -> None:
    none = await Graders().grade(Grader("mine", ("/nowhere/grader",)), b"{}")
    assert (none.passed, none.why) == (None, "it could not be asked: FileNotFoundError")
    long = await Graders().grade(Grader("mine", ("true",), max_bytes=1024), b"x" * 1025)
    assert long.passed is None
    assert "1,025 bytes" in long.why


async def test_a_grader_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pids"
    # A shell, which has started and noted both long before its time is over.
    code = f"sleep 600 & echo $$ $! > {shlex.quote(str(noted))}; sleep 600"
    grade = await Graders().grade(Grader("mine", ("/bin/sh", "-c", code), seconds=5.0), b"{}")
    assert grade.why == "it took longer than 5 s"
    deadline = time.monotonic() + 60
    for pid in map(int, noted.read_text().split()):
        while _state(pid) != "Z":
            assert time.monotonic() < deadline, "it lives on"
            await asyncio.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


async def test_so_many_run_at_once_and_waiting_counts() -> None:
    graders = Graders()
    grader = Grader("mine", python("import time; time.sleep(600)"), seconds=2.0, at_once=1)
    began = time.monotonic()
    grades = await asyncio.gather(*[graders.grade(grader, b"{}") for _ in range(3)])
    assert [grade.passed for grade in grades] == [None] * 3
    assert time.monotonic() - began < 300
    quick = Grader("mine", python("print('{\"passed\": true}')"), seconds=60.0, at_once=1)
    many = await asyncio.gather(*[graders.grade(quick, b"{}") for _ in range(3)])
    assert [grade.passed for grade in many] == [True] * 3


async def test_a_grader_sees_nothing_of_the_gateways_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    noted = tmp_path / "env"
    code = f"import os, json; open({str(noted)!r}, 'w').write(json.dumps(dict(os.environ)))"
    await graded(code)
    env = json.loads(noted.read_text())
    assert "ANTHROPIC_API_KEY" not in env
    assert env["PATH"] == os.environ["PATH"]


async def test_a_cancelled_question_ends_its_grader(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    code = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(graded(code, seconds=60.0))
    deadline = time.monotonic() + 60
    while not noted.exists() or not noted.read_text():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _state(int(noted.read_text())) == "Z"


def test_what_a_grader_is_given() -> None:
    request = Request(
        model="auto",
        instructions=(Text("Be short."),),
        turns=(Turn("user", (Text("Look:"), Media("image", "", Url("http://x/y.png")))),),
        tools=(FunctionTool("weather"),),
        output=OutputFormat("json_schema", schema=b'{"type": "object"}'),
    )
    parts = (Text("Rome."), ToolCall("1", "weather", '{"city": 1}'))
    answer = Response(candidates=(Candidate(0, parts, Finish("stop")),))
    assert json.loads(question("r1", "m", "chat", request, answer)) == {
        "id": "r1",
        "model": "m",
        "task": "chat",
        "instructions": "Be short.",
        "messages": [{"role": "user", "text": "Look:", "others": ["media"]}],
        "tools": ["weather"],
        "schema": {"type": "object"},
        "answer": "Rome.",
        "calls": [{"name": "weather", "arguments": '{"city": 1}'}],
    }
    empty = json.loads(question("r1", "m", "", Request(model="m", turns=()), Response()))
    assert (empty["schema"], empty["answer"], empty["calls"]) == (None, "", [])


async def test_an_address_is_asked_through_its_proxy() -> None:
    """The name is nowhere, so only a proxy that is asked for it can answer."""
    heard = []

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        while (await reader.readline()).strip():
            pass
        said = b'{"passed": true}'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(said), said))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = parse_proxy(f"http://127.0.0.1:{port}", "`proxy`")
    grader = Grader("mine", url="http://grader.invalid/grade", seconds=20.0, proxy=proxy)
    try:
        grade = await Graders().grade(grader, b"{}")
    finally:
        server.close()
        await server.wait_closed()
    assert grade == Grade(True)
    assert heard == [b"POST http://grader.invalid/grade HTTP/1.1\r\n"]
