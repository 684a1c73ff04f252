"""Chaos: requests over three deployments while their vendors do everything wrong.

    make chaos            python -m benchmarks.chaos [--requests N] [--seed S]

A seeded schedule: three dialects, half of them streams, some clients that leave in the middle. The
faults of the three emulated vendors change every hundred requests: error statuses with and without
hints, resets before and after the first byte, stalls, slow drips, malformed chunks and events,
wrong lengths, errors in mid-stream, a certificate that has expired, a name without an address, and
all of them also flapping. Seldom all three fail at once. What every request may expect was learned
before, from a fleet without faults. At the end the promises are held against what happened, and
printed as a table; the command fails if one is broken.

    chaos_client   a request, its answer        chaos_front     TLS before an emulator
    chaos_storm    what goes wrong, and when    chaos_gateway   the gateway, and a look into it
    chaos_checks   the promises
"""

import argparse
import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.chaos_checks import Held, Promise, Seen, Truth, causes, promises
from benchmarks.chaos_client import ADMIN, DEADLINE, DIALECTS, Got, Kind, Wish, ask, state_of
from benchmarks.chaos_front import Front
from benchmarks.chaos_gateway import SUFFIX, tell
from benchmarks.chaos_storm import CERTIFICATE, DNS, FAULTS, FLAP_EVERY, FLAPPING, Door, Storm
from fairlead.cost.price import BUCKETS
from fairlead.demo.processes import environment, free_port, wait_ready
from fairlead.emulator import EmulatorThread, FaultRule
from fairlead.ledger.query import tail
from fairlead.ledger.query import usage as sums

NAMES: Final = ("one", "two", "three")
AT_ONCE: Final = 40
CHANGE_EVERY: Final = 100
LEAVE: Final = 0.03
PROMPTS: Final = tuple(
    f"[emulate: words={20 + 7 * n}] {n}: tide harbour anchor beacon" for n in range(12)
)
CONFIG: Final = """
[delivery]
retry_first_wait = 0.05
breaker_open_seconds = 0.1
breaker_most_open_seconds = 0.2
"""


class Fleet(Struct, frozen=True):
    """A gateway before three doors. `control` is the socket of `chaos_gateway`."""

    port: int
    pid: int
    control: str
    ledger: Path
    emulators: list[EmulatorThread]
    tls: Front
    doors: list[Door]


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


async def run(port: int, wishes: list[Wish], storm: Storm) -> list[Got]:
    """Send all, so many at once."""
    found: list[Got] = []
    todo = iter(wishes)

    async def work() -> None:
        for wish in todo:
            if wish.number % CHANGE_EVERY == 0:
                storm.change()
            elif wish.number % FLAP_EVERY == 0:
                storm.flap()
            try:
                async with asyncio.timeout(60):
                    found.append(await ask(port, wish))
            except (TimeoutError, OSError):
                found.append(Got(wish, seconds=60.0))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return found


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


async def held(fleet: Fleet) -> Held:
    """What the process holds, once it has nothing to do."""
    state, look = await state_of(fleet.port), tell(fleet.control, "look")
    files, memory = _of(fleet.pid)
    return Held(
        state["in_flight"] + sum(each["in_flight"] for each in state["deployments"]),
        look["tasks"],
        files,
        look["connections"],
        look["idle"],
        memory,
    )


def _of(pid: int) -> tuple[int, int]:
    """Open files, and resident KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next(line for line in lines if line.startswith("VmRSS"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(resident.split()[1])


@contextmanager
def process(fleet_env: dict[str, str], control: str, port: int, log: Path) -> Iterator[int]:
    """The gateway; its process id."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.chaos_gateway",
        control,
        "serve",
        "--port",
        f"{port}",
    ]
    with log.open("wb") as out:
        running = subprocess.Popen(words, env=fleet_env, stdout=out, stderr=out)
        try:
            wait_ready(running, f"http://127.0.0.1:{port}/health", log)
            yield running.pid
        finally:
            running.terminate()
            try:
                running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def fleet(stack: ExitStack, folder: Path, requests: int) -> Fleet:
    """Three emulators, one behind TLS, one behind a name, and a gateway before them."""
    emulators = [
        stack.enter_context(EmulatorThread(requests_kept=4 * requests + 10_000)) for _ in NAMES
    ]
    ca, control, name = folder / "ca.pem", str(folder / "control"), f"three{SUFFIX}"
    tls = stack.enter_context(Front(emulators[1].port, ca).open())
    plain = stack.enter_context(Front(emulators[2].port).open())
    places = (emulators[0].url, f"https://localhost:{tls.port}", f"http://{name}:{plain.port}")
    config = CONFIG
    for each, url in zip(NAMES, places, strict=True):
        config += (
            f'[upstreams.{each}]\nkind = "anthropic"\nbase_url = "{url}"\n'
            'api_key_env = "ANTHROPIC_API_KEY"\ntimeouts = { first_token = 1.0 }\n'
        )
        config += f'ca_file = "{ca}"\n' if url.startswith("https") else ""
    env = environment(folder, None) | {
        "ANTHROPIC_API_KEY": "emulated-anthropic-key",
        "FAIRLEAD_ADMIN_KEY": ADMIN,
    }
    (folder / "fairlead.toml").write_text(config)
    port = free_port()
    pid = stack.enter_context(process(env, control, port, folder / "gateway.log"))
    doors = [
        Door(emulators[0]),
        Door(emulators[1], tls),
        Door(emulators[2], plain, name, control),
    ]
    return Fleet(port, pid, control, folder / "fairlead.db", emulators, tls, doors)


async def one_dead(
    port: int, emulators: list[EmulatorThread], requests: int, seed: int
) -> tuple[list[Promise], int]:
    """One of three takes requests and answers none: who fails for it, and who waits."""
    wishes = [
        Wish(each.number, each.dialect, True, each.prompt) for each in schedule(requests, seed)
    ]

    before = [await ask(port, wish) for wish in wishes]
    emulators[0].faults.add(FaultRule(action="reset"))
    opening: list[Got] = []
    while all(d["breaker"] == "closed" for d in (await state_of(port))["deployments"]):
        opening.append(await ask(port, wishes[0]))
    after = [await ask(port, wish) for wish in wishes]
    emulators[0].faults.clear()
    again = [await ask(port, wish) for wish in wishes]  # the machine has other work by turns
    healthy = max(median(g.first for g in part) for part in (before, again))
    later = median(g.first for g in after) - healthy
    before += opening
    failed = sum(g.status != 200 or g.error for g in (*before, *after))
    many = len(before) + len(after)
    rows = [
        (f"one of three dead: {failed} failed; under 0.1 %", many, int(failed >= many / 1000)),
        (f"first token later by {1000 * later:.1f} ms at the median; under 5 ms", many,
         int(later >= 0.005)),
    ]  # fmt: skip
    return rows, many + len(again)


async def chaos(requests: int, seed: int) -> bool:
    """One run; whether every promise was kept."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        all_ = fleet(stack, folder, requests)
        answers = await expected(all_.port, all_.emulators)
        wishes, storm = schedule(requests, seed), Storm(all_.doors, seed + 1)
        before, began = await held(all_), time.monotonic()
        got: list[Got] = []
        for start in range(0, requests, 1000):
            got += await run(all_.port, wishes[start : start + 1000], storm)
            if not start:  # memory is flat from the second thousand on
                before = replace(before, memory=(await held(all_)).memory)
        storm.calm()
        seconds = time.monotonic() - began
        await asyncio.sleep(DEADLINE)
        after = await held(all_)
        rows, more = await one_dead(all_.port, all_.emulators, max(200, requests // 16), seed)
        await asyncio.sleep(1.0)  # the ledger is written within 100 ms
        seen = looked(all_, storm, got, answers, more, before, after)
    rows = promises(seen) + rows
    _print(rows, seen, seconds, seed)
    return not any(wrong for _, _, wrong in rows)


def looked(
    all_: Fleet,
    storm: Storm,
    got: list[Got],
    answers: dict[Kind, Truth],
    more: int,
    before: Held,
    after: Held,
) -> Seen:
    """What there is to be judged. `more`: requests after the storm."""
    totals = sums(all_.ledger).totals
    with closing(sqlite3.connect(all_.ledger)) as db:
        open_ = db.execute(
            "SELECT count(*) FROM accepted WHERE id NOT IN (SELECT id FROM records)"
        ).fetchone()[0]
    met = {name: storm.struck[name] for name in (*FAULTS, FLAPPING)}
    met[CERTIFICATE] = all_.tls.expired
    met[DNS] = tell(all_.control, "look")["refused"]
    return Seen(
        got,
        answers,
        len(answers) + more,
        tail(all_.ledger, 1_000_000),
        open_,
        {kind: getattr(totals, kind) for kind in BUCKETS},
        {name: list(each.requests) for name, each in zip(NAMES, all_.emulators, strict=True)},
        met,
        before,
        after,
    )


def _print(rows: list[Promise], seen: Seen, seconds: float, seed: int) -> None:
    got, out = seen.got, Console(width=100)
    left = sum(each.left for each in got)
    answered = sum(each.status == 200 and not each.error for each in got)
    title = f"{len(got)} requests, seed {seed}, {seconds:.0f} s: {answered} answered, {left} left"
    _table(out, title, ("promise", "of", "broken"), [
        (promise, f"{of:,}", f"[red]{wrong}[/]" if wrong else "0") for promise, of, wrong in rows
    ])  # fmt: skip
    failed = causes(seen)
    share = failed.total() / max(1, len(got) - left)
    _table(out, f"{failed.total()} errors ({share:.1%}), by cause", ("cause", "requests"), [
        (why, str(n)) for why, n in failed.most_common()
    ])  # fmt: skip
    _table(out, "faults", ("fault", "times met"), [(why, str(n)) for why, n in seen.met.items()])


def _table(out: Console, title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(chaos(given.requests, given.seed)) else 1)


if __name__ == "__main__":
    main()
