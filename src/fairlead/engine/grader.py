"""The operator's own graders: a program or an HTTP endpoint that says whether an answer will do.

None is there until `[graders.NAME]` names one. It is given one JSON object (`Question`), on
standard input or as the body of a POST, and gives one back: `{"passed": true}` or
`{"passed": false}`. It runs in a process of its own with none of the gateway's environment but
what programs need to start, within its time, and with so many at once; what does not give a
verdict in time is ended with all that it started. Raising, silence, rubbish and too much of it are
one thing: no verdict.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import FunctionTool, Request, Response, Text, ToolCall
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import HttpRequest, Timeouts, TransportError

__all__ = ["Grade", "Grader", "Graders", "Question", "question"]

MOST_SAID: Final = 64 * 1024
"""Bytes that a grader may answer."""
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT")
_OK: Final = 200


class Grader(Struct, frozen=True):
    """One grader: either `command` or `url`. `seconds` for all of it, waiting for a place
    included; `max_bytes` of a question; `at_once` run beside each other; `tls` and `proxy` for
    `url`.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    seconds: float = 5.0
    max_bytes: int = 1024 * 1024
    at_once: int = 4
    tls: TlsSettings = TlsSettings()
    proxy: Proxy | None = None


class Grade(Struct, frozen=True):
    """What a grader says. `passed` None: no verdict, and `why` not."""

    passed: bool | None
    why: str = ""


class Said(Struct, frozen=True):
    """One turn of the conversation, its text alone; `others` are the kinds of its other parts."""

    role: str
    text: str
    others: tuple[str, ...] = ()


class Call(Struct, frozen=True):
    """A call in the answer; `arguments` is its text."""

    name: str
    arguments: str


class Question(Struct, frozen=True):
    """What a grader is given. `schema` is the JSON Schema that was asked for, null for none."""

    id: str
    model: str
    task: str
    instructions: str
    messages: tuple[Said, ...]
    tools: tuple[str, ...]
    schema: msgspec.Raw | None
    answer: str
    calls: tuple[Call, ...]


class _Verdict(Struct):
    passed: bool


_VERDICT = msgspec.json.Decoder(_Verdict)


def question(id_: str, model: str, task: str, request: Request, answer: Response) -> bytes:
    """The JSON that a grader is given."""
    output = request.output
    parts = answer.candidates[0].parts if answer.candidates else ()
    asked = Question(
        id=id_,
        model=model,
        task=task,
        instructions=_text(request.instructions),
        messages=tuple(
            Said(
                turn.role,
                _text(turn.parts),
                tuple([type(p).__name__.lower() for p in turn.parts if not isinstance(p, Text)]),
            )
            for turn in request.turns
        ),
        tools=tuple([tool.name for tool in request.tools if isinstance(tool, FunctionTool)]),
        schema=msgspec.Raw(output.schema) if output is not None and output.schema else None,
        answer=_text(parts),
        calls=tuple([Call(p.name, p.arguments) for p in parts if isinstance(p, ToolCall)]),
    )
    return msgspec.json.encode(asked)


def _text(parts: tuple[object, ...]) -> str:
    return "\n".join([part.text for part in parts if isinstance(part, Text)])


class Graders:
    """Runs them. Mutable: of one process, and used from its event loop."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], asyncio.Semaphore] = {}

    async def grade(self, grader: Grader, asked: bytes) -> Grade:
        """The grader's verdict on a question. Never raises but for cancellation."""
        if len(asked) > grader.max_bytes:
            return Grade(None, f"the question has {len(asked):,} bytes, over its max_bytes")
        run = _post if grader.url else _run
        place = self._places.setdefault(
            (grader.name, grader.at_once), asyncio.Semaphore(grader.at_once)
        )
        try:
            async with asyncio.timeout(grader.seconds), place:
                said = await run(grader, asked)
        except TimeoutError:
            return Grade(None, f"it took longer than {grader.seconds:g} s")
        except (OSError, ValueError, TransportError) as error:
            return Grade(None, f"it could not be asked: {type(error).__name__}")
        if isinstance(said, Grade):
            return said
        try:
            return Grade(_VERDICT.decode(said).passed)
        except (msgspec.DecodeError, RecursionError):
            return Grade(None, "what it said is no verdict")


async def _run(grader: Grader, asked: bytes) -> bytes | Grade:
    """Start the command, give it the question, read what it says; end it in any case."""
    process = await asyncio.create_subprocess_exec(
        *grader.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,  # so that what it starts can be ended with it
    )
    try:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101 - both are pipes
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not read the question
            stdin.write(asked)
            await stdin.drain()
        stdin.close()
        said = b""
        while len(said) <= MOST_SAID and (piece := await stdout.read(MOST_SAID)):
            said += piece
        if len(said) > MOST_SAID:
            return Grade(None, "it said too much")
        status = await process.wait()
        return said if status == 0 else Grade(None, f"it ended with {status}")
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a program needs to start. The vendors' keys are in ours: it does not get it."""
    return {name: ours[name] for name in _KEPT if name in ours}


async def _post(grader: Grader, asked: bytes) -> bytes | Grade:
    """Ask the endpoint, on a connection of its own."""
    times = Timeouts(grader.seconds, grader.seconds, grader.seconds)
    headers = (("content-type", "application/json"), ("accept", "application/json"))
    transport = PooledTransport(tls=grader.tls, proxy=grader.proxy)
    try:
        answer = await transport.send(HttpRequest("POST", grader.url, headers, asked, times))
        try:
            said = await answer.read(MOST_SAID)
        finally:
            await answer.aclose()
    finally:
        await transport.aclose()
    return said if answer.status == _OK else Grade(None, f"it answered {answer.status}")
