"""How long a routing decision takes: from a decoded request to a decision, features included.

    python -m benchmarks.decide [--rounds 12] [--only POLICY ...] [--beside FOLDER] [--instructions]

HTTP and JSON are not in it, nor are a prompt's fingerprints, which the ledger keeps of every
request, nor what is told of a decision, which is made when the ledger stores it. Each policy that
ships decides on 400 requests of about 600 bytes and as many of 16 KB, no two alike; where an
objective looks at sessions, paces and warm caches, these are there and looked at. Printed are the
median and the 99th percentile over the requests, microseconds of processor time, of each request
the least of several times: other programs on the machine make it no slower than they must.
`--beside` measures another checkout of the project too, round and round about, in a process of its
own with this one's requests.

`--instructions` counts thousands of instructions a decision instead (callgrind, all requests once,
after they were all decided once): these hold on a busy machine. Needs the package valgrind.
"""

import argparse
import json
import os
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.checkouts import READY, ROOT, ROUND, Least, cells_of, parser_of, under_callgrind
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
DOCS = ROOT / "docs"
BODIES = 400
SIZES = (600, 16_384)
ANSWER = ("benchmarks.decide", "--answer")
ROLES = ("system", "user", "assistant", "user")


def prose() -> str:
    """This repository's pages without their tables and marks."""
    pages = [page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))]
    return " ".join(re.sub(r"\W*\|[^\n]*|[`*#\[\]]", "", "\n".join(pages)).split())


def bodies(size: int, count: int = BODIES) -> list[bytes]:
    """Chat requests of about so many bytes: instructions and three turns, each a passage of this
    repository's pages. All differ in words and in length, so that nothing is remembered of them.
    """
    pick = random.Random(size)  # noqa: S311 - passages, not secrets
    text = prose()

    def passage() -> str:
        length = int((size - 250) / len(ROLES) * pick.uniform(0.8, 1.2))
        at = pick.randrange(len(text) - length)
        return text[at : at + length]

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


class Asked:
    """Requests of one size put to one policy, and of each the least that it took."""

    def __init__(self, name: str, snapshot: Snapshot, size: int) -> None:
        self.asked = bodies(size)
        self.decide = decider(snapshot, name, self.asked[0])
        self._least = Least(len(self.asked))

    def round(self) -> tuple[float, float]:
        """Once more through all. A request is decoded just before, as in the gateway."""
        self._least.round(self.decide, (decoded(data) for data in self.asked))
        return self._least.told()


def decoded(data: bytes) -> tuple[Request, int]:
    """What a decision is made of."""
    return CODECS["openai_chat"].decode_request(data), len(data)


def answer(names: Sequence[str]) -> None:
    """What the deciding process does: it answers each line with one of its own."""
    os.chdir(Path(__file__).parent)  # no configuration of the developer's own
    snapshot = snapshot_of_all(load(environ={}))
    all_ = [Asked(name, snapshot, size) for name in names for size in SIZES]
    ready: list[tuple[Request, int]] = []
    print(READY, flush=True)
    for line in sys.stdin:
        what, *place = line.split()
        told: object = what
        if what == ROUND:
            told = [each.round() for each in all_]
        elif what == "decode":
            ready = [decoded(data) for data in all_[int(place[0])].asked]
        else:
            decide = all_[int(place[0])].decide
            for request, length in ready:
                decide(request, length)
        print(json.dumps(told), flush=True)


def counted(tree: Path, names: Sequence[str]) -> list[str]:
    """Each policy's and size's cell: thousands of instructions a decision."""
    cells = []
    with under_callgrind(tree, [*ANSWER, *names]) as (checkout, count):
        for place in range(len(names) * len(SIZES)):
            checkout.say(f"decode {place}")
            checkout.say(f"decide {place}")  # once before, that what is kept be there
            checkout.say(f"decode {place}")
            cells.append(f"{count(f'decide {place}') / BODIES / 1000:7.1f}")
    return cells


def main() -> None:
    """Print a table."""
    parser = parser_of(__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--answer", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer)
        return
    names = options.only
    unit, found = cells_of(options, [*ANSWER, *names], lambda tree: counted(tree, names))
    for tree, cells in found:
        print(f"{tree}\n{'policy':16} {'600 B':>16} {'16 KB':>16}   {unit}")
        for name, small, large in zip(names, cells[::2], cells[1::2], strict=True):
            print(f"{name:16} {small:>16} {large:>16}")


if __name__ == "__main__":
    main()
