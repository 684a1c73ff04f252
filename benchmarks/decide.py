"""How long a routing decision takes: from a decoded request to a decision, features included.

    python -m benchmarks.decide [--rounds 12]

HTTP and JSON are not in it, nor are a prompt's fingerprints, which the ledger keeps of every
request, nor what is told of a decision, which is made when the ledger stores it. Each policy that
ships decides on 400 requests of about 600 bytes and as many of 16 KB, no two alike; where an
objective looks at sessions, paces and warm caches, these are there and looked at. Printed are the
median and the 99th percentile over the requests, microseconds of processor time, of each request
the least of several times: other programs on the machine make it no slower than they must.
"""

import argparse
import gc
import json
import os
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from fairlead.canon import Request
from fairlead.cost.price import PriceTable
from fairlead.engine.beginnings import Beginnings
from fairlead.engine.exchange import Exchange
from fairlead.engine.live import Live
from fairlead.engine.snapshot import Snapshot
from fairlead.routing import Chooser, Features, extract, options_for, predictor
from fairlead.server.compile import CODECS
from fairlead.server.config import load
from fairlead.server.route_preview import snapshot_of_all

NAMES = (
    *("article-tree", "article-task", "article-length", "cheapest", "fastest", "best"),
    *("balanced", "weighted", "canary", "always:haiku"),
)
AT = 1_790_000_000.0
DOCS = Path(__file__).parent.parent / "docs"
BODIES = 400
ROLES = ("system", "user", "assistant", "user")


def bodies(size: int, count: int = BODIES) -> list[bytes]:
    """Chat requests of about so many bytes: instructions and three turns, each a passage of this
    repository's pages. All differ in words and in length, so that nothing is remembered of them.
    """
    pick = random.Random(size)  # noqa: S311 - passages, not secrets
    pages = [page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))]
    prose = " ".join(re.sub(r"\W*\|[^\n]*|[`*#\[\]]", "", "\n".join(pages)).split())

    def passage() -> str:
        length = int((size - 250) / len(ROLES) * pick.uniform(0.8, 1.2))
        at = pick.randrange(len(prose) - length)
        return prose[at : at + length]

    return [
        json.dumps(
            {
                "model": "auto",
                "max_tokens": 500,
                "messages": [{"role": role, "content": passage()} for role in ROLES],
            }
        ).encode()
        for _ in range(count)
    ]


def body(size: int) -> bytes:
    """One of them."""
    return bodies(size, 1)[0]


def decider(snapshot: Snapshot, name: str, data: bytes) -> Callable[[Request, int], None]:
    """A decision of a policy on a request that is decoded already, of so many bytes; `data` is a
    body like those to come.
    """
    codec = CODECS["openai_chat"]
    live = Live(Beginnings(b"0" * 32))
    x = Exchange("r", codec, snapshot, (), data, at=AT)
    request = x.request = codec.decode_request(data)
    policy = snapshot.policy(name)
    options = options_for(policy, snapshot.catalog, x.today, snapshot.serves)
    chooser = Chooser(policy, options, lambda model: predictor(PriceTable(model, x.today)))
    warm_up(live, x, chooser, extract(request))

    def decide(request: Request, size: int) -> None:
        x.request = request
        features = extract(request, None, size)
        chooser.quick(features, live.moment(x, chooser, features))

    return decide


def warm_up(live: Live, x: Exchange, chooser: Chooser, features: Features) -> None:
    """Answers of both models to the same session, so that there is something to look at."""
    live.moment(x, chooser, features)
    for option in chooser.options:
        x.model = option.model
        live.begun(x)
        for _ in range(20):
            live.paces.observe(
                option.model.id, AT, first_token_ms=400, last_ms=3_000, output_tokens=300
            )


def measured(name: str, snapshot: Snapshot, size: int, rounds: int) -> tuple[float, float]:
    """Median and 99th percentile over the requests, microseconds of processor time; of each the
    least of several times. A request is decoded just before, as in the gateway.
    """
    asked = bodies(size)
    decide = decider(snapshot, name, asked[0])
    decode = CODECS["openai_chat"].decode_request
    least = [float("inf")] * len(asked)
    for _ in range(rounds):
        gc.collect()
        for number, data in enumerate(asked):
            request, length = decode(data), len(data)
            begin = time.thread_time_ns()
            decide(request, length)
            taken = (time.thread_time_ns() - begin) / 1000
            least[number] = min(least[number], taken)
    own = min(_timing() for _ in range(1000))
    return statistics.median(least) - own, statistics.quantiles(least, n=100)[98] - own


def _timing() -> float:
    """What looking at the clock takes."""
    begin = time.thread_time_ns()
    return (time.thread_time_ns() - begin) / 1000


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    os.chdir(Path(__file__).parent)  # no configuration of the developer's own
    snapshot = snapshot_of_all(load(environ={}))
    print(f"{'policy':16} {'600 B':>16} {'16 KB':>16}   median, p99 in us")
    for name in NAMES:
        cells = []
        for size in (600, 16_384):
            median, high = measured(name, snapshot, size, rounds)
            cells.append(f"{median:7.1f} {high:8.1f}")
        print(f"{name:16} {cells[0]:>16} {cells[1]:>16}")


if __name__ == "__main__":
    main()
