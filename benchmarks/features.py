"""What each feature costs: microseconds of processor time, in the table of docs/features.md.

    python -m benchmarks.features [--rounds 400] [--write]

A request of about 600 bytes and one of 16 KB are asked, three turns each (the bodies of
`benchmarks.decide`), the calmest of several runs: other programs on the machine make it no slower
than they must. What every decision needs is made together, and told as one line.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.decide import body
from fairlead.canon import Request
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.limits.budget import budget_of
from fairlead.limits.keys import KeyStore
from fairlead.routing import Features, Hints, extract
from fairlead.routing.looking import LOOKED_AT, NO_OUTSIDE, Outside, look
from fairlead.routing.session import session_of, stated
from fairlead.routing.tasks import recognise
from fairlead.routing.tokens import estimate_all
from fairlead.server.budget_watch import BudgetWatch
from fairlead.server.compile import CODECS
from fairlead.tokens.boundaries import prefix_of

DOCS = Path(__file__).parent.parent / "docs" / "features.md"
BEGIN, END = "<!-- cost: written by benchmarks/features.py -->", "<!-- /cost -->"
RUNS = 9
SIZES = (600, 16_384)
HEADERS = [(b"accept", b"*/*"), (b"user-agent", b"x"), (b"content-type", b"application/json")]
NO_HINTS = Hints()


def measures(request: Request, data: bytes) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    bare = Features()
    found: dict[str, Callable[[], object]] = {
        "all that every decision needs": lambda: extract(request, None, len(data)),
        "of that, `prompt_tokens` and media": lambda: estimate_all(request),
        "of that, `task`": lambda: recognise(request, NO_HINTS, ("text",), 100),
    }
    for name in LOOKED_AT:
        asked = (name,)
        found[f"`{name}`"] = lambda asked=asked: look(bare, request, asked, NO_OUTSIDE)  # type: ignore[misc]
    found["`key`, `hour` or `team`"] = lambda: look(bare, request, ("hour",), NO_OUTSIDE)
    found["`budget_pressure`"] = _pressure(request, bare)
    found["`warm_tokens` (the prefix fingerprint)"] = lambda: prefix_of(data, b"0" * 32)
    found["session, named or by its beginning"] = lambda: session_of(
        request, "key", stated(HEADERS, request.user)
    )
    return found


def _pressure(request: Request, bare: Features) -> Callable[[], object]:
    """Asked of a key that has a budget, as the gateway does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keys.db"
        keys = KeyStore(path)
        key, _ = keys.create("bench", budget=budget_of("50", "month"))
        watch = BudgetWatch(path, keys)
        SqliteLedger(path).close()
        watch.refresh()
    return lambda: look(
        bare, request, ("budget_pressure",), Outside(budget_pressure=watch.pressure(key.id))
    )


def microseconds(measured: Callable[[], object], rounds: int) -> float:
    """Of the calmest run, the mean."""
    least = float("inf")
    for _ in range(RUNS):
        gc.collect()
        begin = time.thread_time_ns()
        for _ in range(rounds):
            measured()
        least = min(least, (time.thread_time_ns() - begin) / rounds / 1000)
    return least


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="into docs/features.md")
    arguments = parser.parse_args()
    columns = []
    for size in SIZES:
        data = body(size)
        each = measures(CODECS["openai_chat"].decode_request(data), data)
        columns.append({name: microseconds(it, arguments.rounds) for name, it in each.items()})
    lines = ["| feature | 600 B | 16 KB |", "|---|---|---|"]
    lines += [
        f"| {name} | {columns[0][name]:.1f} | {columns[1][name]:.1f} |" for name in columns[0]
    ]
    table = "\n".join(lines)
    if not arguments.write:
        print(table)
        return
    text = DOCS.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
