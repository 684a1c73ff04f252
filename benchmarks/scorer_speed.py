"""What a scorer's decision takes.

    python -m benchmarks.scorer_speed [--rounds 12] [--beside FOLDER] [--instructions]

Passages of this repository's pages of each length, no two alike; of each the least of several
times, since other programs on the machine make it no slower than it must be. Printed are the median
and the 99th percentile over the passages, microseconds of processor time. `--beside` measures
another checkout of the project too, round and round about, in a process of its own.

`--instructions` counts thousands of instructions a decision instead (callgrind), which hold on a
busy machine. Needs the package valgrind.
"""

import argparse
import gc
import json
import random
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.decide import ROOT, Decider, prose, under_callgrind
from fairlead.routing.scorer import BUCKETS, SHAPES, Head, Scorer, read_scorer, write_scorer

SIZES = (100, 600, 2_400, 16_000)
COUNT = 1_000
COUNTED = 100
"""Of them, those whose instructions are counted, which takes a hundred times as long."""
ANSWER = ("benchmarks.scorer_speed", "--answer")


def made() -> Scorer:
    """A scorer whose tables hold one figure: their content costs no time."""
    none = (0.01,) * len(SHAPES)
    head = Head(("a", "b"), "a", True, 0.1, (0.0, 0.0), (none, none), 100, "")
    tables = struct.pack(f"<{3 * BUCKETS}e", *[1.5] * 3 * BUCKETS)
    return read_scorer(write_scorer(head, tables), "made")


def passages(size: int) -> list[str]:
    """Texts of so many characters."""
    pick, text = random.Random(size), prose()  # noqa: S311 - passages, not secrets
    return [text[at : at + size] for at in [pick.randrange(len(text) - size) for _ in range(COUNT)]]


def answer() -> None:
    """What the deciding process does: it answers each line with one of its own."""
    choice = made().choice
    texts = {size: passages(size) for size in SIZES}
    least = {size: [float("inf")] * COUNT for size in SIZES}
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "round\n":
            gc.collect()
            for size, each in texts.items():
                _round(choice, each, least[size])
            print(json.dumps([_told(each) for each in least.values()]), flush=True)
        else:
            for text in texts[int(line)][:COUNTED]:
                choice(text)
            print(flush=True)


def _round(choice: Callable[[str], str], texts: Sequence[str], least: list[float]) -> None:
    for number, text in enumerate(texts):
        begin = time.thread_time_ns()
        choice(text)
        taken = (time.thread_time_ns() - begin) / 1000
        least[number] = min(least[number], taken)


def _told(least: Sequence[float]) -> tuple[float, float]:
    return statistics.median(least), statistics.quantiles(least, n=100)[98]


def timed(trees: Sequence[Path], rounds: int) -> list[list[str]]:
    """Of each tree each length's cell, the trees turn about."""
    with ExitStack() as stack:
        deciders = [stack.enter_context(Decider(tree, ANSWER)) for tree in trees]
        for each in deciders:
            each.say()
        said = [""] * len(deciders)
        for _ in range(rounds):
            said = [each.say("round") for each in deciders]
    return [[f"{median:7.1f} {high:8.1f}" for median, high in json.loads(each)] for each in said]


def counted(tree: Path) -> list[str]:
    """Each length's cell: thousands of instructions a decision."""
    with under_callgrind(tree, ANSWER) as (decider, count):
        cells = []
        for size in SIZES:
            decider.say(str(size))
            cells.append(f"{count(str(size)) / COUNTED / 1000:7.1f}")
    return cells


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer()
        return
    trees = [ROOT, *([options.beside.resolve()] if options.beside else [])]
    if options.instructions:
        cells, unit = [counted(tree) for tree in trees], "thousand instructions"
    else:
        cells, unit = timed(trees, options.rounds), "median, p99 in us"
    for tree, each in zip(trees, cells, strict=True):
        print(f"{tree}\n{'characters':>10} {unit:>24}")
        for size, cell in zip(SIZES, each, strict=True):
            print(f"{size:>10} {cell:>24}")


if __name__ == "__main__":
    main()
