"""How long a routing decision takes: from a decoded request to a decision, features included.

    python -m benchmarks.decide [--rounds 2000]

HTTP and JSON are not in it, nor are a prompt's fingerprints, which the ledger keeps of every
request, nor what is told of a decision, which is made when the ledger stores it. Each policy that
ships decides on requests of about 600 bytes and 16 KB; where an objective looks at sessions, paces
and warm caches, these are there and looked at. Printed are the median and the 99th percentile,
microseconds of processor time, of the calmest of several runs: other programs on the machine make
it no slower than they must.
"""

import argparse
import gc
import json
import os
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
RUNS = 5
AT = 1_790_000_000.0
SENTENCE = "The harbour master writes down which boats came in tonight, and where from. "


def body(size: int) -> bytes:
    """A chat request of about so many bytes: instructions, three turns."""
    text = SENTENCE * (size // (2 * len(SENTENCE)) + 1)
    half = (size - 180) // 2
    messages = [
        {"role": "system", "content": text[: half // 2]},
        {"role": "user", "content": text[: half // 2]},
        {"role": "assistant", "content": text[: half // 2]},
        {"role": "user", "content": text[: half // 2]},
    ]
    return json.dumps({"model": "auto", "max_tokens": 500, "messages": messages}).encode()


def decider(snapshot: Snapshot, name: str, data: bytes) -> Callable[[], None]:
    """One decision of a policy on a body that is decoded already."""
    codec = CODECS["openai_chat"]
    request: Request = codec.decode_request(data)
    live = Live(Beginnings(b"0" * 32))
    x = Exchange("r", codec, snapshot, (), data, at=AT)
    x.request = request
    policy = snapshot.policy(name)
    options = options_for(policy, snapshot.catalog, x.today, snapshot.serves)
    chooser = Chooser(policy, options, lambda model: predictor(PriceTable(model, x.today)))
    warm_up(live, x, chooser, extract(request))

    def decide() -> None:
        features = extract(request, None, len(data))
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


def measured(decide: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Median and 99th percentile, microseconds of processor time, of the calmest run."""
    found = []
    for _ in range(RUNS):
        gc.collect()
        times = []
        for _ in range(rounds):
            begin = time.thread_time_ns()
            decide()
            times.append((time.thread_time_ns() - begin) / 1000)
        found.append((statistics.median(times), statistics.quantiles(times, n=100)[98]))
    return min(found)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    os.chdir(Path(__file__).parent)  # no configuration of the developer's own
    snapshot = snapshot_of_all(load(environ={}))
    print(f"{'policy':16} {'600 B':>16} {'16 KB':>16}   median, p99 in us")
    for name in NAMES:
        cells = []
        for size in (600, 16_384):
            median, high = measured(decider(snapshot, name, body(size)), rounds)
            cells.append(f"{median:7.1f} {high:8.1f}")
        print(f"{name:16} {cells[0]:>16} {cells[1]:>16}")


if __name__ == "__main__":
    main()
