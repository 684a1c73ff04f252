"""Checkouts of the project, measured beside each other: each in a process of its own, which runs a
module of these benchmarks with that checkout's code and answers each line with one of its own.

Times are taken in rounds, turn about, and of each case the least counts: other programs on the
machine make it no slower than they must. Instructions are counted by callgrind, which holds on a
busy machine. Needs the package valgrind for that.
"""

import argparse
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
READY, ROUND = "ready", "round"


class Checkout:
    """A process that runs `module` (its name and what it is told) with one checkout's code. It is
    there once it said that it is ready.
    """

    def __init__(self, tree: Path, module: Sequence[str], before: Sequence[str] = ()) -> None:
        run = [*before, sys.executable, "-m", *module]
        env = {**os.environ, "PYTHONPATH": f"{tree / 'src'}:{ROOT}", "PYTHONHASHSEED": "0"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            run, env=env, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        self._module = module[0]
        self.pid = self._process.pid

    def say(self, line: str = "") -> str:
        """Its answer to a line; without one what it says of itself."""
        process = self._process
        if line:
            print(line, file=process.stdin, flush=True)
        answer = process.stdout.readline() if process.stdout else ""
        if not answer:
            raise SystemExit(f"{self._module}: the process that is measured ended early")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def timed(trees: Sequence[Path], module: Sequence[str], rounds: int) -> list[list[str]]:
    """Of each tree the cells of what it answers to the last round, the trees turn about."""
    with ExitStack() as stack:
        checkouts = [stack.enter_context(Checkout(tree, module)) for tree in trees]
        for each in checkouts:
            each.say()
        said = [""] * len(checkouts)
        for _ in range(rounds):
            said = [each.say(ROUND) for each in checkouts]
    return [[f"{median:7.1f} {high:8.1f}" for median, high in json.loads(each)] for each in said]


class Least:
    """Of each case the least processor time that it took, microseconds."""

    def __init__(self, count: int) -> None:
        self._least = [float("inf")] * count

    def round(self, do: Callable[..., object], cases: Iterable[Sequence[object]]) -> None:
        """Once more through all; a case may be made just before it is measured."""
        least = self._least
        gc.collect()
        for number, case in enumerate(cases):
            begin = time.thread_time_ns()
            do(*case)
            taken = (time.thread_time_ns() - begin) / 1000
            least[number] = min(least[number], taken)

    def told(self) -> tuple[float, float]:
        """Median and 99th percentile over the cases, without what looking at the clock takes."""
        own = min(_timing() for _ in range(1000))
        high = statistics.quantiles(self._least, n=100)[98]
        return statistics.median(self._least) - own, high - own


def _timing() -> float:
    begin = time.thread_time_ns()
    return (time.thread_time_ns() - begin) / 1000


@contextmanager
def under_callgrind(
    tree: Path, module: Sequence[str]
) -> Iterator[tuple[Checkout, Callable[[str], int]]]:
    """A process that is ready, and what counts its instructions from a line to its answer."""
    with (
        tempfile.TemporaryDirectory(prefix="fairlead-count-") as folder,
        Checkout(tree, module, callgrind(Path(folder))) as checkout,
    ):
        checkout.say()

        def counted(line: str) -> int:
            control(checkout.pid, "--instr=on")
            checkout.say(line)
            control(checkout.pid, "--instr=off")
            control(checkout.pid, "--dump")
            (dump,) = Path(folder).glob("out.*")
            found = total(dump)
            dump.unlink()
            return found

        yield checkout, counted


def callgrind(folder: Path) -> list[str]:
    """What to run a process with, so that it can be counted; its dumps are `out...` in a folder."""
    out = f"--callgrind-out-file={folder}/out"
    return ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", out]


def control(pid: int, what: str) -> None:
    """Switch the counting."""
    command = ["callgrind_control", what, str(pid)]
    subprocess.run(command, check=True, capture_output=True)


def total(path: Path) -> int:
    """Instructions in a dump of callgrind."""
    found = re.findall(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE)
    return max(map(int, found), default=0)


def parser_of(page: str) -> argparse.ArgumentParser:
    """What all that measure checkouts are asked with; `page` is the module's."""
    parser = argparse.ArgumentParser(description=page.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--instructions", action="store_true")
    return parser


def cells_of(
    asked: argparse.Namespace, module: Sequence[str], counted: Callable[[Path], list[str]]
) -> tuple[str, list[tuple[Path, list[str]]]]:
    """The unit, and each checkout with its cells."""
    trees = [ROOT, *([asked.beside.resolve()] if asked.beside else [])]
    if asked.instructions:
        return "thousand instructions", [(tree, counted(tree)) for tree in trees]
    cells = timed(trees, module, asked.rounds)
    return "median, p99 in us", list(zip(trees, cells, strict=True))
