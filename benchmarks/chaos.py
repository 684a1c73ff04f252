"""Chaos: requests over three deployments while their vendors do everything wrong.

    make chaos            python -m benchmarks.chaos [--requests N] [--seed S]

A seeded schedule: three dialects, half of them streams, some clients that leave in the middle. The
faults of the three emulated vendors change every hundred requests: error statuses with and without
hints, resets before and after the first byte, stalls, slow drips, malformed chunks and events,
wrong lengths, errors in mid-stream, flapping. Seldom all three fail at once. What every request may
expect was learned before, from a fleet without faults. At the end the promises are held against
what happened, and printed as a table; the command fails if one is broken.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict
from rich.console import Console
from rich.table import Table

from fairlead.cost.price import BUCKETS
from fairlead.demo.processes import environment, free_port, running, wait_ready
from fairlead.emulator import EmulatorThread, FaultRule
from fairlead.ledger.query import show, tail
from fairlead.ledger.record import Record

HAIKU: Final = "claude-haiku-4-5-20251001"
NAMES: Final = ("one", "two", "three")
DIALECTS: Final = ("openai", "anthropic", "gemini")
ADMIN: Final = "an-admin-key-for-the-chaos"
DEADLINE: Final = 4.0
SLACK: Final = 3.0
"""Seconds beyond the deadline for a busy machine to tell of it."""
AT_ONCE: Final = 16
CHANGE_EVERY: Final = 100
LEAVE: Final = 0.03
PROMPTS: Final = tuple(
    f"[emulate: words={20 + 7 * n}] {n}: tide harbour anchor beacon" for n in range(12)
)

Kind = tuple[str, bool, str]
"""What an answer depends on: dialect, whether it is a stream, prompt."""

FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"action": "status", "status": 500},
    {"action": "status", "status": 529},
    {"action": "status", "status": 503, "retry_after": 0.2},
    {"action": "status", "status": 429, "retry_after": 0.5},
    {"action": "status", "status": 429},
    {"action": "reset"},
    {"action": "reset", "after": 300},
    {"action": "close", "after": 500},
    {"action": "close"},
    {"action": "stall", "seconds": 1.5},
    {"action": "stall", "seconds": 30.0, "after": 400},
    {"action": "drip", "bytes": 200, "interval": 0.01},
    {"action": "malformed_chunk", "after": 200},
    {"action": "malformed_event", "after": 200},
    {"action": "wrong_length", "delta": 10},
    {"action": "stream_error", "after": 0, "status": 529},
    {"action": "stream_error", "after": 400, "status": 500},
)


class Wish(Struct, frozen=True):
    """One request to come."""

    number: int
    dialect: str
    stream: bool
    prompt: str
    leaves: bool = False


class Got(Struct):
    """What became of it."""

    wish: Wish
    status: int = 0
    text: str = ""
    error: bool = False
    whole: bool = False
    seconds: float = 0.0
    first: float = 0.0
    id: str = ""
    left: bool = False


def body_of(wish: Wish) -> tuple[str, dict[str, Any]]:
    """Path and JSON of a request in its dialect."""
    turn = {"role": "user", "content": wish.prompt}
    if wish.dialect == "openai":
        return "/v1/chat/completions", {"model": HAIKU, "messages": [turn], "stream": wish.stream}
    if wish.dialect == "anthropic":
        body = {"model": HAIKU, "messages": [turn], "max_tokens": 2000, "stream": wish.stream}
        return "/v1/messages", body
    verb = "streamGenerateContent?alt=sse" if wish.stream else "generateContent"
    contents = [{"role": "user", "parts": [{"text": wish.prompt}]}]
    return f"/v1beta/models/{HAIKU}:{verb}", {"contents": contents}


async def ask(port: int, wish: Wish) -> Got:
    """Send one, read what comes."""
    got = Got(wish)
    path, body = body_of(wish)
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"x-fairlead-timeout: {DEADLINE:g}\r\ncontent-length: {len(data)}\r\n"
        "anthropic-version: 2023-06-01\r\nconnection: close\r\n\r\n"
    )
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + data)
        if wish.leaves:
            await reader.read(1 + wish.number % 400)
            got.left = True
            return got
        raw = await reader.read(65_536)  # the head comes with the first token
        got.first = time.monotonic() - began
        raw += await reader.read()
    except ConnectionError:
        return got
    finally:
        got.seconds = time.monotonic() - began
        writer.close()
    _read(got, raw)
    return got


def _read(got: Got, raw: bytes) -> None:
    head, _, rest = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    got.status = int(lines[0].split(" ")[1]) if " " in lines[0] else 0
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    got.id = headers.get("x-fairlead-request-id", "")
    ended = True
    if headers.get("transfer-encoding") == "chunked":
        rest, ended = _unchunked(rest)
    if got.wish.stream and got.status == 200:
        events = [
            _json(line[6:]) for line in rest.decode().split("\n") if line.startswith("data: {")
        ]
        got.text = "".join(_piece(event) for event in events)
        got.error = any("error" in event or event.get("type") == "error" for event in events)
    else:
        told = _json(rest.decode("utf-8", "replace"))
        got.error = got.status != 200 and "error" in told
        got.text = "" if got.error else _answer(told)
    got.whole = ended


def _unchunked(data: bytes) -> tuple[bytes, bool]:
    out = bytearray()
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            return bytes(out), True
        out += data[:length]
        data = data[length + 2 :]
    return bytes(out), False


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answer(told: dict[str, Any]) -> str:
    if "choices" in told:
        return str(told["choices"][0]["message"]["content"])
    if "candidates" in told:
        return "".join(p.get("text", "") for p in told["candidates"][0]["content"]["parts"])
    return "".join(part.get("text", "") for part in told.get("content", ()))


def _piece(event: dict[str, Any]) -> str:
    if event.get("type") == "content_block_delta":
        return str(event["delta"].get("text", ""))
    if event.get("choices"):
        return str(event["choices"][0].get("delta", {}).get("content") or "")
    if event.get("candidates"):
        parts = event["candidates"][0].get("content", {}).get("parts", ())
        return "".join(part.get("text", "") for part in parts)
    return ""


def schedule(requests: int, seed: int) -> list[Wish]:
    """All requests of a run."""
    draw = random.Random(seed)  # noqa: S311 - a schedule, and no secret
    return [
        Wish(
            number,
            draw.choice(DIALECTS),
            draw.random() < 0.5,
            draw.choice(PROMPTS),
            draw.random() < LEAVE,
        )
        for number in range(requests)
    ]


def mischief(draw: random.Random, emulators: list[EmulatorThread]) -> None:
    """The faults of the next hundred requests: mostly of one or two vendors, seldom of all."""
    for emulator in emulators:
        emulator.faults.clear()
    for emulator in draw.sample(emulators, draw.choice((0, 1, 1, 1, 2, 2, 3))):
        rule = dict(draw.choice(FAULTS))
        rule["share"] = draw.choice((0.2, 0.5, 1.0))
        if draw.random() < 0.2:
            rule["every"] = 2  # flapping
        emulator.faults.add(FaultRule(**rule))


async def run(
    port: int, wishes: list[Wish], emulators: list[EmulatorThread], seed: int
) -> list[Got]:
    """Send all, so many at once."""
    draw = random.Random(seed + 1)  # noqa: S311 - a schedule, and no secret
    found: list[Got] = []
    todo = iter(wishes)

    async def work() -> None:
        for wish in todo:
            if wish.number % CHANGE_EVERY == 0:
                mischief(draw, emulators)
            try:
                async with asyncio.timeout(60):
                    found.append(await ask(port, wish))
            except (TimeoutError, OSError):
                found.append(Got(wish, seconds=60.0))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    for emulator in emulators:
        emulator.faults.clear()
    return found


class Truth(Struct, frozen=True):
    """An answer without faults: its text and what the vendor billed for it."""

    text: str
    tokens: Counter[str]


async def expected(port: int, emulators: list[EmulatorThread]) -> dict[Kind, Truth]:
    """The answers without faults, and the emulators' own bill for each."""
    found = {}
    for kind in [(d, s, p) for d in DIALECTS for s in (False, True) for p in PROMPTS]:
        before = billed(emulators)
        got = await ask(port, Wish(0, *kind))
        found[kind] = Truth(got.text, billed(emulators) - before)
    return found


def billed(emulators: list[EmulatorThread]) -> Counter[str]:
    """Tokens by kind that the vendors bill so far."""
    total: Counter[str] = Counter()
    for emulator in emulators:
        total.update(emulator.bill()["total"]["usage"])
    return total


def told(record: Record) -> Counter[str]:
    """Tokens by kind that the ledger tells."""
    held = {} if record.usage is None else asdict(record.usage)
    return +Counter({kind: held[kind] for kind in BUCKETS if held.get(kind)})


def files_of(pid: int) -> int:
    """Open file descriptors."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def memory_of(pid: int) -> int:
    """Resident KiB."""
    line = next(
        each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in each
    )
    return int(line.split()[1])


async def state_of(port: int) -> dict[str, Any]:
    """What the gateway says of its deployments."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /admin/deployments HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        f"authorization: Bearer {ADMIN}\r\nconnection: close\r\n\r\n".encode()
    )
    raw = await reader.read()
    writer.close()
    return _json(raw.partition(b"\r\n\r\n")[2].decode())


def judged(got: list[Got], answers: dict[Kind, Truth], ledger: Path) -> list[tuple[str, int, int]]:
    """Each promise, of how many requests, and how many broke it."""
    heard = [each for each in got if not each.left]
    good = [each for each in heard if each.status == 200 and not each.error]
    broken = [each for each in heard if each.status == 200 and each.error]
    failed = [each for each in heard if each.status != 200]

    def truth(each: Got) -> Truth:
        return answers[each.wish.dialect, each.wish.stream, each.wish.prompt]

    def meant(each: Got) -> str:
        return truth(each).text

    records = {each.id: show(ledger, each.id) for each in heard if each.id}
    rows = {id_: record for id_, record in records.items() if isinstance(record, Record)}
    fine = [(r, truth(each).tokens) for each in good if (r := rows.get(each.id)) is not None]
    sent = len(got) + len(answers)  # those that left had sent all of their request
    kept = [r for r in tail(ledger, 10 * sent) if r.op == "generate"]
    return [
        ("a right answer: text neither missing nor twice", len(good),
         sum(each.text != meant(each) for each in good)),
        ("a stream that broke: a beginning of the answer, then the error", len(broken),
         sum(not meant(each).startswith(each.text) for each in broken)),
        ("an error: told in its dialect", len(failed), sum(not each.error for each in failed)),
        ("within its deadline", len(heard),
         sum(each.seconds > DEADLINE + SLACK for each in heard)),
        ("complete HTTP", len(heard), sum(not each.whole for each in heard)),
        ("one ledger record", len(heard), len(heard) - len(rows)),
        ("as many records as requests, those that left among them", sent, abs(sent - len(kept))),
        ("usage is the vendor's bill, to the token, where the answer was right", len(good),
         len(good) - sum(told(r) == tokens and not _guessed(r) for r, tokens in fine)),
    ]  # fmt: skip


def _guessed(record: Record) -> bool:
    return record.usage is None or record.usage.estimated


def fleet(stack: ExitStack, folder: Path) -> tuple[int, Any, list[EmulatorThread]]:
    """Three emulators and a gateway before them."""
    emulators = [stack.enter_context(EmulatorThread()) for _ in NAMES]
    config = "[delivery]\nretry_first_wait = 0.05\nbreaker_open_seconds = 0.1\n"
    config += "breaker_most_open_seconds = 0.2\n"
    for name, emulator in zip(NAMES, emulators, strict=True):
        config += (
            f'[upstreams.{name}]\nkind = "anthropic"\nbase_url = "{emulator.url}"\n'
            'api_key_env = "ANTHROPIC_API_KEY"\ntimeouts = { first_token = 1.0 }\n'
        )
    env = environment(folder, None) | {
        "ANTHROPIC_API_KEY": "emulated-anthropic-key",
        "FAIRLEAD_ADMIN_KEY": ADMIN,
    }
    (folder / "fairlead.toml").write_text(config)
    port = free_port()
    log = folder / "gateway.log"
    process = stack.enter_context(running(["serve", "--port", str(port)], env, log))
    wait_ready(process, f"http://127.0.0.1:{port}/health", log)
    return port, process, emulators


async def one_dead(
    port: int, emulators: list[EmulatorThread], requests: int, seed: int
) -> list[tuple[str, int, int]]:
    """One of three takes requests and answers none: who fails for it, and who waits."""
    wishes = [
        Wish(each.number, each.dialect, True, each.prompt) for each in schedule(requests, seed)
    ]

    before = [await ask(port, wish) for wish in wishes]
    emulators[0].faults.add(FaultRule(action="reset"))
    opening: list[Got] = []
    while (await state_of(port))["deployments"][0]["breaker"] == "closed":
        opening.append(await ask(port, wishes[0]))
    after = [await ask(port, wish) for wish in wishes]
    emulators[0].faults.clear()
    again = [await ask(port, wish) for wish in wishes]  # the machine has other work by turns
    healthy = max(median(g.first for g in part) for part in (before, again))
    later = median(g.first for g in after) - healthy
    before += opening
    failed = sum(g.status != 200 or g.error for g in (*before, *after))
    many = len(before) + len(after)
    return [
        (f"one of three dead: {failed} failed; under 0.1 %", many, int(failed >= many / 1000)),
        (f"first token later by {1000 * later:.1f} ms at the median; under 5 ms", many,
         int(later >= 0.005)),
    ]  # fmt: skip


async def chaos(requests: int, seed: int) -> bool:
    """One run; whether every promise was kept."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, process, emulators = fleet(stack, folder)
        answers = await expected(port, emulators)
        wishes = schedule(requests, seed)
        files, memory, began = files_of(process.pid), 0, time.monotonic()
        got: list[Got] = []
        for start in range(0, requests, 1000):  # memory is flat from the second thousand on
            got += await run(port, wishes[start : start + 1000], emulators, seed + start)
            memory = memory or memory_of(process.pid)
        seconds = time.monotonic() - began
        await asyncio.sleep(DEADLINE)
        rows = judged(got, answers, folder / "fairlead.db")
        state = await state_of(port)
        busy = state["in_flight"] + sum(each["in_flight"] for each in state["deployments"])
        more_files = files_of(process.pid) - files
        grown = memory_of(process.pid) - memory
        rows += await one_dead(port, emulators, max(200, requests // 10), seed)
        rows += [
            ("nothing in flight at the end", requests, busy),
            ("no file left open (some connections are kept)", 1, int(more_files > 3 * AT_ONCE)),
            ("memory flat (less than 32 MiB more)", 1, int(grown > 32 * 1024)),
        ]
    _print(rows, got, seconds, seed)
    return not any(wrong for _, _, wrong in rows)


def _print(rows: list[tuple[str, int, int]], got: list[Got], seconds: float, seed: int) -> None:
    table = Table(title=f"{len(got)} requests, seed {seed}, {seconds:.0f} s", title_justify="left")
    for column in ("promise", "held for", "broken"):
        table.add_column(column, justify="left" if column == "promise" else "right")
    for promise, of, wrong in rows:
        table.add_row(promise, str(of), f"[red]{wrong}[/]" if wrong else "0")
    out = Console()
    out.print(table)
    answered = sum(each.status == 200 and not each.error for each in got)
    out.print(f"{answered} answered, {sum(each.left for each in got)} clients left")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(chaos(given.requests, given.seed)) else 1)


if __name__ == "__main__":
    main()
