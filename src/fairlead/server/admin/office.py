"""The admin API's workers, seen from the gateway: started when first needed, bounded, replaced.

A question is a frame on a worker's standard input, its answer one on its standard output: four
bytes of length, then msgpack. A worker answers one question at a time. One that takes too long or
dies is replaced, and only the question that it had is lost.
"""

import asyncio
import contextlib
import sys
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure, Problem

__all__ = ["Answered", "Office", "Question"]

LENGTH: Final = 4
_ENCODE: Final = msgspec.msgpack.Encoder().encode
# -P: a module in the directory that the gateway was started in shall not stand in for ours.
_COMMAND: Final = (sys.executable, "-P", "-m", "fairlead.server.admin.clerk")


class Question(Struct, frozen=True):
    """What is asked. `config` is the configuration's file, None where there is none; `query` holds
    every value of each parameter, `variables` those of the path.
    """

    name: str
    config: str | None = None
    query: dict[str, list[str]] = {}
    variables: dict[str, str] = {}
    body: bytes = b""


class Answered(Struct, frozen=True):
    """A status of HTTP and a JSON document."""

    status: int
    body: bytes


_ANSWER: Final = msgspec.msgpack.Decoder(Answered)


class Office:
    """At most `workers` questions are worked on and `waiting` more wait; each has `seconds`."""

    def __init__(self, workers: int = 1, waiting: int = 16, seconds: float = 60.0) -> None:
        self._most = workers + waiting
        self._seconds = seconds
        self._turn = asyncio.Semaphore(workers)
        self._idle: list[asyncio.subprocess.Process] = []
        self._tasks: set[asyncio.Task[Answered]] = set()

    async def ask(self, question: Question) -> Answered:
        """The answer.

        Raises:
            Failure: too many wait, it takes too long, or the worker died of it.
        """
        if len(self._tasks) >= self._most:
            raise Failure(_FULL)
        task = asyncio.get_running_loop().create_task(self._in_turn(question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A client that leaves takes nothing with it: half a question would garble the next.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let go of the workers."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._idle:
            await _end(self._idle.pop())

    async def _in_turn(self, question: Question) -> Answered:
        async with self._turn:
            worker = self._idle.pop() if self._idle else await _begin()
            whole = False
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await _exchange(worker, question)
                whole = True
            except TimeoutError:
                raise Failure(_late(self._seconds)) from None
            except (EOFError, OSError, msgspec.DecodeError) as error:
                raise Failure(_DIED) from error
            finally:
                if whole:
                    self._idle.append(worker)
                else:
                    await _end(worker)
            return answer


async def _begin() -> asyncio.subprocess.Process:
    """A session of its own: Ctrl-C is for the gateway, which then closes the worker's input."""
    return await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _exchange(worker: asyncio.subprocess.Process, question: Question) -> Answered:
    assert worker.stdin is not None and worker.stdout is not None  # noqa: S101, PT018  # both are pipes
    asked = _ENCODE(question)
    worker.stdin.write(len(asked).to_bytes(LENGTH) + asked)
    await worker.stdin.drain()
    size = int.from_bytes(await worker.stdout.readexactly(LENGTH))
    return _ANSWER.decode(await worker.stdout.readexactly(size))


async def _end(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()


_FULL = Problem(
    "overloaded",
    "too many questions wait for the admin API's workers",
    hint="try again, or raise admin.workers",
    retry_after=2,
    retryable=True,
)
_DIED = Problem(
    "internal",
    "the admin API's worker died of this question",
    hint="perhaps it ran out of memory: ask for fewer days; the gateway's log may say more",
)


def _late(seconds: float) -> Problem:
    return Problem(
        "timeout",
        f"the answer took more than {seconds:g} s",
        hint="ask for fewer days, or raise admin.seconds",
    )
