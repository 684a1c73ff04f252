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
import json
import random
import struct
import sys
from pathlib import Path

from msgspec import convert

from benchmarks.checkouts import READY, ROUND, Least, cells_of, parser_of, under_callgrind
from benchmarks.decide import prose
from fairlead.routing.scorer import (
    BUCKETS,
    SHAPES,
    Head,
    Scorer,
    read_scorer,
    write_scorer,
)

SIZES = (100, 600, 2_400, 16_000)
COUNT = 1_000
COUNTED = 100
"""Of them, those whose instructions are counted, which takes a hundred times as long."""
ANSWER = ("benchmarks.scorer_speed", "--answer")


def made() -> Scorer:
    """A scorer with full tables. Those of a checkout before version 2 are 16-bit floats."""
    none, draw = (0.01,) * len(SHAPES), random.Random(1)  # noqa: S311 - tables, not secrets
    told = {
        "models": ("a", "b"),
        "base": "a",
        "enabled": True,
        "threshold": 0.1,
        "bias": (0.0, 0.0),
        "weights": (none, none),
        "prompts": 100,
        "verdict": "",
    }
    codes = [draw.randint(1, 255) for _ in range(3 * BUCKETS)]
    tables = bytes(codes)
    if "steps" in Head.__struct_fields__:
        told["steps"] = (0.1, 0.1, 0.1)
    else:
        tables = struct.pack(f"<{len(codes)}e", *codes)
    return read_scorer(write_scorer(convert(told, Head), tables), "made")


def passages(size: int) -> list[str]:
    """Texts of so many characters."""
    pick, text = random.Random(size), prose()  # noqa: S311 - passages, not secrets
    return [text[at : at + size] for at in [pick.randrange(len(text) - size) for _ in range(COUNT)]]


def answer() -> None:
    """What the deciding process does: it answers each line with one of its own."""
    choice = made().choice
    texts = {size: passages(size) for size in SIZES}
    least = {size: Least(COUNT) for size in SIZES}
    print(READY, flush=True)
    for line in sys.stdin:
        told = []
        if line.strip() == ROUND:
            for size, each in least.items():
                each.round(choice, ((text,) for text in texts[size]))
                told.append(each.told())
        else:
            for text in texts[int(line)][:COUNTED]:
                choice(text)
        print(json.dumps(told), flush=True)


def counted(tree: Path) -> list[str]:
    """Each length's cell: thousands of instructions a decision."""
    with under_callgrind(tree, ANSWER) as (checkout, count):
        cells = []
        for size in SIZES:
            checkout.say(str(size))
            cells.append(f"{count(str(size)) / COUNTED / 1000:7.1f}")
    return cells


def main() -> None:
    """Print a table."""
    parser = parser_of(__doc__)
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer()
        return
    unit, found = cells_of(options, ANSWER, counted)
    for tree, cells in found:
        print(f"{tree}\n{'characters':>10} {unit:>24}")
        for size, cell in zip(SIZES, cells, strict=True):
            print(f"{size:>10} {cell:>24}")


if __name__ == "__main__":
    main()
