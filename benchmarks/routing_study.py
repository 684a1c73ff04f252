"""The learned scorer on public results: `make routing-study`. Needs ../shared/routing.

    python -m benchmarks.routing_study [--seeds 10] [pair mmlu unseen gsm8k transfer]

Development halves alone are read; what is kept apart for acceptance is scored there.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path

from fairlead.lab.router.logistic import read_prompts
from fairlead.lab.router.measures import Resamples
from fairlead.lab.router.report import Ranking, ranking, report, transfer
from fairlead.lab.router.results import Results, read_results
from fairlead.lab.router.study import Plan, cross_validate
from fairlead.lab.router.told import markdown

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[2] / "shared")) / "routing"


def bench(name: str) -> Results:
    """RouteLLM's results on one benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.jsonl"
        with gzip.open(SHARED / "routellm_dev.jsonl.gz", "rb") as lines:
            path.write_bytes(b"".join(x for x in lines if json.loads(x)["bench"] == name))
        return read_results(path)


def told(name: str, found: Ranking) -> None:
    """One row of docs/quality.md's table."""
    cells = (found.scorer, found.length, found.ahead)
    shown = " | ".join(f"{x.value:.3f} [{x.low:.3f}, {x.high:.3f}]" for x in cells)
    print(f"| {name} | {shown} |", flush=True)


def cross(name: str, results: Results, plan: Plan, *, groups: bool = False) -> None:
    """Cross-validation of one set."""
    held = cross_validate(results, read_prompts(results.prompts), plan, groups=groups)
    told(name, ranking(held, results, Resamples.of(len(results))))


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["pair", "mmlu", "unseen", "gsm8k", "transfer"])
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    if not SHARED.exists():
        print(f"{SHARED} is absent", file=sys.stderr)
        return 1
    plan = Plan(seeds=asked.seeds)
    print("| set | scorer's APGR | length only | ahead |\n|---|---|---|---|")
    if "mmlu" in asked.parts:
        cross("MMLU, in-domain", bench("mmlu"), plan)
    if "unseen" in asked.parts:
        cross("MMLU, unseen subjects", bench("mmlu"), plan, groups=True)
    if "gsm8k" in asked.parts:
        cross("GSM8K, in-domain", bench("gsm8k"), plan)
    if "transfer" in asked.parts:
        told("MMLU to GSM8K", transfer(bench("mmlu"), bench("gsm8k"), plan))
    if "pair" in asked.parts:
        pair = read_results(SHARED / "pair_dev.jsonl.gz")
        made, _ = report(pair, Plan(seeds=asked.seeds, cost_within=1.1))
        print("\n" + markdown(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
