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
import gc
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from benchmarks.instructions import control, total
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
ROOT = Path(__file__).resolve().parent.parent
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
        self.least = [float("inf")] * len(self.asked)

    def round(self) -> None:
        """Once more through all. A request is decoded just before, as in the gateway."""
        decide, decode = self.decide, CODECS["openai_chat"].decode_request
        gc.collect()
        for number, data in enumerate(self.asked):
            request, length = decode(data), len(data)
            begin = time.thread_time_ns()
            decide(request, length)
            taken = (time.thread_time_ns() - begin) / 1000
            self.least[number] = min(self.least[number], taken)

    def told(self) -> tuple[float, float]:
        """Median and 99th percentile over the requests, microseconds of processor time."""
        own = min(_timing() for _ in range(1000))
        high = statistics.quantiles(self.least, n=100)[98]
        return statistics.median(self.least) - own, high - own


def _timing() -> float:
    """What looking at the clock takes."""
    begin = time.thread_time_ns()
    return (time.thread_time_ns() - begin) / 1000


def answer(names: Sequence[str]) -> None:
    """What the deciding process does: it answers each line with one of its own."""
    os.chdir(Path(__file__).parent)  # no configuration of the developer's own
    snapshot = snapshot_of_all(load(environ={}))
    all_ = [Asked(name, snapshot, size) for name in names for size in SIZES]
    decode = CODECS["openai_chat"].decode_request
    ready: list[tuple[Request, int]] = []
    print("ready", flush=True)
    for line in sys.stdin:
        what, *place = line.split()
        asked = all_[int(place[0])] if place else all_[0]
        if what == "round":
            for each in all_:
                each.round()
        elif what == "decode":
            ready = [(decode(data), len(data)) for data in asked.asked]
        else:
            decide = asked.decide
            for request, length in ready:
                decide(request, length)
        print(json.dumps([each.told() for each in all_] if what == "round" else what), flush=True)


class Decider:
    """A process that decides with one checkout's code: a module of these, and what it is told."""

    def __init__(self, tree: Path, module: Sequence[str], before: Sequence[str] = ()) -> None:
        run = [*before, sys.executable, "-m", *module]
        env = {**os.environ, "PYTHONPATH": f"{tree / 'src'}:{ROOT}", "PYTHONHASHSEED": "0"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            run, env=env, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        self.pid = self._process.pid

    def say(self, line: str = "") -> str:
        """Its answer to a line; without one what it says of itself."""
        process = self._process
        if line:
            print(line, file=process.stdin, flush=True)
        answer = process.stdout.readline() if process.stdout else ""
        if not answer:
            raise SystemExit("decide: the process that decides ended early")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def timed(trees: Sequence[Path], names: Sequence[str], rounds: int) -> list[list[str]]:
    """Of each tree each policy's and size's cell, the trees turn about."""
    with ExitStack() as stack:
        deciders = [stack.enter_context(Decider(tree, [*ANSWER, *names])) for tree in trees]
        for each in deciders:
            each.say()
        said = [""] * len(deciders)
        for _ in range(rounds):
            said = [each.say("round") for each in deciders]
    return [[f"{median:7.1f} {high:8.1f}" for median, high in json.loads(each)] for each in said]


def counted(tree: Path, names: Sequence[str]) -> list[str]:
    """Each policy's and size's cell: thousands of instructions a decision."""
    cells = []
    with under_callgrind(tree, [*ANSWER, *names]) as (decider, counted):
        for place in range(len(names) * len(SIZES)):
            decider.say(f"decode {place}")
            decider.say(f"decide {place}")  # once before, that what is kept be there
            decider.say(f"decode {place}")
            cells.append(f"{counted(f'decide {place}') / BODIES / 1000:7.1f}")
    return cells


@contextmanager
def under_callgrind(
    tree: Path, module: Sequence[str]
) -> Iterator[tuple[Decider, Callable[[str], int]]]:
    """A process that is ready, and what counts its instructions from a line to its answer."""
    with tempfile.TemporaryDirectory(prefix="fairlead-count-") as folder:
        out = f"--callgrind-out-file={folder}/out"
        grind = ("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", out)
        with Decider(tree, module, grind) as decider:
            decider.say()

            def counted(line: str) -> int:
                control(decider.pid, "--instr=on")
                decider.say(line)
                control(decider.pid, "--instr=off")
                control(decider.pid, "--dump")
                (dump,) = Path(folder).glob("out.*")
                found = total(dump)
                dump.unlink()
                return found

            yield decider, counted


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--answer", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer)
        return
    names = options.only
    trees = [ROOT, *([options.beside.resolve()] if options.beside else [])]
    if options.instructions:
        cells = [counted(tree, names) for tree in trees]
        unit = "thousand instructions"
    else:
        cells = timed(trees, names, options.rounds)
        unit = "median, p99 in us"
    for tree, each in zip(trees, cells, strict=True):
        print(f"{tree}\n{'policy':16} {'600 B':>16} {'16 KB':>16}   {unit}")
        for name, small, large in zip(names, each[::2], each[1::2], strict=True):
            print(f"{name:16} {small:>16} {large:>16}")


if __name__ == "__main__":
    main()
