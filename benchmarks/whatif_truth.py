"""What-if against the truth: a day under one plan, the other plan predicted, then really run.

    make whatif            python -m benchmarks.whatif_truth [--sessions N] [--seed N] [--json]

The vendors are emulated and keep their own bill; the gateway is the real one, with its ledger. Both
see the clock of the day that is played, so that prompt caches expire as they would in 24 hours. The
prediction sees the first day's ledger and nothing else. What it is compared with is the emulator's
bill of the second day: tokens that the emulated vendors counted, at the catalogue's prices.
"""

import argparse
import asyncio
import heapq
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from benchmarks.day import Session, sessions
from fairlead.catalog import Catalog, load
from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.emulator import EmulatorThread
from fairlead.finance.plan import Plan, parse_mix
from fairlead.finance.policy_plan import read_policy
from fairlead.finance.whatif import WhatIf, what_if
from fairlead.ledger.answers import answers
from fairlead.ledger.traffic import traffic
from fairlead.server import config
from fairlead.server.app import App
from fairlead.server.http11 import protocol_for

__all__ = ["CASES", "Case", "Client", "Clock", "Truth", "play", "predict", "spoken", "truths"]

DAY = date(2026, 11, 18)
MIDNIGHT = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5"
PATIENCE = 60.0

AUTO = '[routing]\nprompt_caching = "auto"\n'
TRIAL = 8
"""Every so many sessions of a kind go to the other model on the first day: a team looks at it."""

Choose = Callable[[Session], str]
"""Which model a session's client asks for."""

POLICIES = {
    f"over-{limit}-to-flash": f"""
name = "over-{limit}-to-flash"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"

[[rules]]
question = "a long prompt?"
when = {{ prompt_tokens = {{ over = {limit} }} }}
use = "flash"
"""
    for limit in (8_000, 18_000)
}


class Clock:
    """The day's time, in Unix seconds. Gateway and emulator read it; the one who plays sets it."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def read(self) -> float:
        """Now."""
        return self.now


@contextmanager
def gateway(
    folder: Path,
    emulator: str,
    clock: Clock,
    settings: str,
    alter: Callable[[App], None] | None = None,
) -> Iterator[int]:
    """A gateway in a thread of its own: the port that it listens on. `alter` changes it first."""
    path = folder / "fairlead.toml"
    upstreams = "".join(
        f'[upstreams.{kind}]\nkind = "{kind}"\nbase_url = "{emulator}"\napi_key = "emulated"\n'
        for kind in ("gemini", "anthropic", "openai")
    )
    path.write_text(f'{settings}\n[ledger]\npath = "{folder / "fairlead.db"}"\n{upstreams}')
    app = App(config.load(path, {}))
    app.plane.clock = clock.read
    if alter is not None:
        alter(app)
    protocol = protocol_for(app.plane, PATIENCE)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=protocol, ws="none", log_config=None, lifespan="on")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise SystemExit("the gateway did not start")
        time.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


class Client:
    """Plays sessions: one request after the other, each when its time has come."""

    def __init__(self, port: int, clock: Clock, choose: Choose) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._clock = clock
        self._choose = choose
        self.sent = 0

    def play(self, day: Iterable[Session]) -> None:
        """The whole day."""
        said: dict[int, list[dict[str, Any]]] = {}
        coming = [(one.start, one.number, 0, one) for one in day]
        heapq.heapify(coming)
        while coming:
            at, number, turn, session = heapq.heappop(coming)
            # Some milliseconds a request, so that no two have one time.
            self._clock.now = max(MIDNIGHT + at, self._clock.now + 0.005)
            history = said.setdefault(number, [])
            history.append({"role": "user", "content": session.turns[turn].text})
            answer = self._ask(session, history)
            history.append({"role": "assistant", "content": answer})
            if turn + 1 < len(session.turns):
                after = at + session.turns[turn + 1].after
                heapq.heappush(coming, (after, number, turn + 1, session))
            else:
                del said[number]
        self._http.close()

    def _ask(self, session: Session, history: list[dict[str, Any]]) -> str:
        path, body = spoken(self._choose(session), session, history)
        head = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        self._http.request("POST", path, json.dumps(body), head)
        answer = self._http.getresponse()
        read = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{path} for {body['model']}: {answer.status} {read}")
        self.sent += 1
        if session.kind == "agent":
            return "".join(block.get("text", "") for block in read["content"])
        return str(read["choices"][0]["message"]["content"])


def spoken(
    model: str, session: Session, history: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """The path and the body of a session's next request: agents speak Anthropic's dialect."""
    speak = _messages if session.kind == "agent" else _chat
    return speak(model, session, history)


def _chat(
    model: str, session: Session, history: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    system = [{"role": "system", "content": session.system}] if session.system else []
    return "/v1/chat/completions", {"model": model, "messages": [*system, *history]}


def _messages(
    model: str, session: Session, history: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    tools = [
        {
            "name": tool["name"],
            "description": tool["description"],
            "input_schema": tool["parameters"],
        }
        for tool in session.tools
    ]
    return "/v1/messages", {
        "model": model,
        "max_tokens": 4096,
        "system": session.system,
        "tools": tools,
        "messages": history,
    }


class Played(NamedTuple):
    """A day that was run: its ledger, and what the emulated vendors bill for it in dollars."""

    ledger: Path
    requests: int
    bill: Decimal
    seconds: float


def play(
    folder: Path,
    day: Iterable[Session],
    choose: Choose,
    settings: str = "",
    player: Callable[[int, Clock, Choose], Client] | None = None,
    alter: Callable[[App], None] | None = None,
) -> Played:
    """Run a day through emulator and gateway."""
    began = time.monotonic()
    clock = Clock()
    with (
        EmulatorThread(clock=clock.read, requests_kept=1_000_000) as emulator,
        gateway(folder, emulator.url, clock, settings, alter) as port,
    ):
        client = (player or Client)(port, clock, choose)
        client.play(day)
        entries = list(emulator.requests)
    catalog = load()
    bill = sum((_dollars(catalog, entry.model, entry.usage) for entry in entries), Decimal(0))
    return Played(folder / "fairlead.db", client.sent, bill, time.monotonic() - began)


def _dollars(catalog: Catalog, model: str, tokens: dict[str, int]) -> Decimal:
    """What the vendor bills for a request: the emulator's counts at the day's prices."""
    table = PriceTable(catalog.resolve(model, DAY), DAY)
    prompt = sum(n for kind, n in tokens.items() if kind not in {"output", "thinking"})
    total = Decimal(0)
    for kind, count in tokens.items():
        if kind in BUCKETS and count:
            price = table.usd_per_million(kind, prompt_tokens=prompt)
            if price is None:
                raise SystemExit(f"{model} has no price for {kind}")
            total += count * price
    return total / 1_000_000


# --- what is compared -----------------------------------------------------------------------------


class Day(NamedTuple):
    """How a day is run: which model each session asks for, and the gateway's settings."""

    choose: Choose
    settings: str = ""


class Case(NamedTuple):
    """The day whose ledger is asked, what it is asked (`fairlead whatif --model ...`), and the days
    that show what would have been: their mean, where it depends on who draws which lot.
    """

    name: str
    was: str
    model: str
    would_be: tuple[str, ...]


def _all_on(model: str) -> Choose:
    return lambda _: model


def _trial(model: str, other: str) -> Choose:
    return lambda session: other if session.nth % TRIAL == 0 else model


def _half(which: int) -> Choose:
    """Every other session of each kind."""
    return lambda session: HAIKU if session.nth % 2 == which else FLASH


DAYS = {
    "flash": Day(_all_on(FLASH)),
    "flash, some on haiku": Day(_trial(FLASH, HAIKU)),
    "haiku, cached": Day(_all_on(HAIKU), AUTO),
    "haiku, cached, some on flash": Day(_trial(HAIKU, FLASH), AUTO),
    "one half on haiku, cached": Day(_half(0), AUTO),
    "the other half on haiku, cached": Day(_half(1), AUTO),
    **{
        name: Day(_all_on("auto"), f'{AUTO}policy = "{name}"\npolicies_dir = "{{policies}}"\n')
        for name in POLICIES
    },
}
CASES = (
    Case("flash to haiku", "flash, some on haiku", HAIKU, ("haiku, cached",)),
    Case("flash to haiku, nothing tried", "flash", HAIKU, ("haiku, cached",)),
    Case("haiku to flash", "haiku, cached, some on flash", FLASH, ("flash",)),
    Case(
        "flash to a mix",
        "flash, some on haiku",
        f"mix:{HAIKU}=0.5,{FLASH}=0.5",
        ("one half on haiku, cached", "the other half on haiku, cached"),
    ),
    Case(
        "another policy",
        "over-18000-to-flash",
        "policy:{policies}/over-8000-to-flash.toml",
        ("over-8000-to-flash",),
    ),
    Case("haiku again", "haiku, cached", HAIKU, ("haiku, cached",)),
)


class Truth(NamedTuple):
    """A prediction beside what came to be, in dollars."""

    case: Case
    requests: int
    was: Decimal
    predicted: Decimal
    low: Decimal
    high: Decimal
    truth: Decimal

    @property
    def error(self) -> float:
        """Relative to the truth."""
        return float(self.predicted / self.truth - 1)

    @property
    def inside(self) -> bool:
        """Whether the truth lies within the bounds."""
        return self.low <= self.truth <= self.high


def predict(ledger: Path, model: str) -> WhatIf:
    """What `fairlead whatif --model MODEL --caching auto` says about a ledger."""
    catalog = load()
    policy = model.removeprefix("policy:")
    plan: Plan = (
        parse_mix(model, catalog) if policy == model else read_policy(Path(policy), catalog)
    )
    sample = answers(ledger, decisions=plan.fixed is None)
    return what_if(traffic(ledger), plan, catalog, sample=sample)


def truths(folder: Path, cases: Sequence[Case], count: int, seed: int) -> Iterator[Truth]:
    """Each case: both days are run (each day once), the first one's ledger is asked."""
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    for name, text in POLICIES.items():
        (policies / f"{name}.toml").write_text(text)
    run: dict[str, Played] = {}
    for case in cases:
        for name in (case.was, *case.would_be):
            if name not in run:
                own = folder / f"day-{len(run)}"
                own.mkdir()
                day = DAYS[name]
                settings = day.settings.replace("{policies}", str(policies))
                run[name] = play(own, sessions(count, seed), day.choose, settings)
        was = run[case.was]
        truth = sum((run[name].bill for name in case.would_be), Decimal(0)) / len(case.would_be)
        found = predict(was.ledger, case.model.replace("{policies}", str(policies))).total
        yield Truth(case, was.requests, was.bill, found.expected, found.low, found.high, truth)


def main() -> None:
    """Run the cases and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", help="cases whose names begin so")
    asked = parser.parse_args()
    cases = [case for case in CASES if case.name.startswith(asked.only or "")]
    line = "{:32}{:>9}{:>12}{:>12}{:>24}{:>12}{:>9}  {}"
    print(line.format("case", "requests", "was", "predicted", "bounds", "truth", "off", "inside"))
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for truth in truths(Path(folder), cases, asked.sessions, asked.seed):
            worst = max(worst, abs(truth.error))
            print(
                line.format(
                    truth.case.name,
                    truth.requests,
                    f"{truth.was:.4f}",
                    f"{truth.predicted:.4f}",
                    f"{truth.low:.4f} to {truth.high:.4f}",
                    f"{truth.truth:.4f}",
                    f"{truth.error:+.2%}",
                    "yes" if truth.inside else "NO",
                ),
                flush=True,
            )
    print(f"the largest error: {worst:.2%}", file=sys.stderr)


if __name__ == "__main__":
    main()
