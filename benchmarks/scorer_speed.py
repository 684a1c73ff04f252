"""What a scorer's decision takes, in microseconds of CPU: `python -m benchmarks.scorer_speed`."""

import json
import struct
import time

from fairlead.routing.scorer import BUCKETS, SHAPES, Head, read_scorer, write_scorer

_TEXT = (
    "Which of the following best describes the balance sheet of a firm in 2019, given that its"
    " costs of 1,200 dollars don't include rent? Explain each step, and state what is assumed. "
)


def main() -> None:
    """Median and 99th percentile over 20,000 different prompts of each length."""
    none = (0.01,) * len(SHAPES)
    head = Head(("a", "b"), "a", True, 0.1, (0.0, 0.0), (none, none), 100, "")
    tables = struct.pack(f"<{3 * BUCKETS}e", *[1.5] * 3 * BUCKETS)
    choice = read_scorer(write_scorer(head, tables), "made").choice
    for size in (100, 600, 2400, 16_000):
        taken = []
        for number in range(20_000):
            text = (f"{number} " + _TEXT * (size // len(_TEXT) + 1))[:size]
            start = time.thread_time_ns()
            choice(text)
            taken.append((time.thread_time_ns() - start) / 1000)
        taken.sort()
        print(json.dumps({"characters": size, "p50_us": taken[10_000], "p99_us": taken[19_800]}))


if __name__ == "__main__":
    main()
