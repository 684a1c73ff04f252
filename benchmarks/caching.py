"""What asking for caching does to the bill of a session: the table of docs/caching.md.

    python -m benchmarks.caching

Each case is played twice on the emulator through a real gateway, `prompt_caching` off and auto, for
Claude Haiku 4.5. Shown is what the prompts cost at the catalogue's prices by the emulator's own
bill; answers cost the same either way.
"""

import http.client
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.whatif_truth import Clock, gateway
from fairlead.catalog import load
from fairlead.cost.price import PriceTable
from fairlead.emulator import EmulatorThread

HAIKU = "claude-haiku-4-5"
BOOK = "The keeper of the lighthouse wrote down what the sea had brought. " * 400
ASKED_EVERY = 20.0

Body = dict[str, Any]


def conversation(steps: int, name: str) -> Iterator[Body]:
    """A conversation about 6,000 tokens of text, some 400 more a step."""
    said = [{"role": "user", "content": name + BOOK}]
    for step in range(steps):
        yield {"messages": list(said)}
        said.append({"role": "assistant", "content": f"Step {step} is answered. " * 20})
        said.append({"role": "user", "content": f"And what about step {step}? " * 30})


def questions(count: int, own: int, name: str, *, shared: bool) -> Iterator[Body]:
    """Single prompts of `own` characters each, with or without a system prompt in common."""
    begin = {"system": name + BOOK} if shared else {}
    for number in range(count):
        text = f"{name} {number}: " + (BOOK * 4)[:own]
        yield {"messages": [{"role": "user", "content": text}], **begin}


CASES: dict[str, Callable[[str], Iterator[Body]]] = {
    "an agent's session, 20 steps": lambda name: conversation(20, name),
    "a chat of 3 turns": lambda name: conversation(3, name),
    "a chat of 2 turns": lambda name: conversation(2, name),
    "10 prompts, nothing in common": lambda name: questions(10, len(BOOK), name, shared=False),
    "10 questions of 450 tokens with the same 6,000 before": lambda name: questions(
        10, 2_000, name, shared=True
    ),
    "10 documents of 24,000 tokens with the same 6,000 before": lambda name: questions(
        10, 4 * len(BOOK), name, shared=True
    ),
}


def main() -> None:
    """Play all and print."""
    day = datetime.now(UTC)
    table = PriceTable(load().resolve(HAIKU, day.date()), day.date())
    clock = Clock()
    clock.now = day.timestamp()
    out = sys.stdout.write
    out("| | off | auto | auto / off |\n|---|---|---|---|\n")
    with (
        tempfile.TemporaryDirectory() as folder,
        EmulatorThread(clock=clock.read, requests_kept=10_000) as emulator,
        gateway(Path(folder), emulator.url, clock, "") as port,
    ):
        for title, make in CASES.items():
            spent = []
            for word in ("off", "auto"):
                before = len(emulator.requests)
                for body in make(f"{title} {word} "):
                    _send(port, body, word)
                    clock.now += ASKED_EVERY
                billed: Counter[str] = Counter()
                for entry in islice(emulator.requests, before, None):
                    billed.update(entry.usage)
                spent.append(_prompts(table, billed))
            off, auto = spent
            out(f"| {title} | ${off:.4f} | ${auto:.4f} | {auto / off:.2f} |\n")


def _prompts(table: PriceTable, billed: Counter[str]) -> Decimal:
    kinds = ("input", "cache_read", "cache_write_5m")
    prices = {kind: table.usd_per_million(kind) or Decimal(0) for kind in kinds}
    return sum((billed[kind] * prices[kind] for kind in kinds), Decimal(0)) / 1_000_000


def _send(port: int, body: Body, word: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"content-type": "application/json", "x-fairlead-prompt-caching": word}
    asked = {"model": HAIKU, "max_tokens": 64, **body}
    connection.request("POST", "/v1/messages", json.dumps(asked), headers)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{answer.status} {read!r}")


if __name__ == "__main__":
    main()
