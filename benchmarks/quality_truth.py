"""Figures of quality against the truth: worlds with known qualities, traffic drawn from them.

    python -m benchmarks.quality_truth [--worlds 200] [--seed 7]

In each world two models have a true mean rating for each of four tasks. Requests come unevenly; a
share of the answers is rated (yes or no), bad answers show a signal now and then, as do few good
ones. Told are, over all models and tasks: the mean distance of the figure from the truth beside
that of the plain mean of the ratings (which is often not there), how often the 95 % interval holds
the truth, and how often the better of the two models is told right, where they differ by 5 points.
"""

import argparse
import random
from collections.abc import Iterator

from fairlead.lab.quality.evidence import Answer
from fairlead.lab.quality.figures import figures

MODELS, TASKS = ("a", "b"), ("coding", "chat", "math", "extraction")
World = dict[tuple[str, str], float]


def worlds(count: int, seed: int) -> Iterator[tuple[random.Random, World]]:
    """Chance and truth: tasks differ in how hard they are, models by task."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - the same at each run
        truth = {}
        for task in TASKS:
            level = chance.uniform(0.5, 0.95)
            for model in MODELS:
                truth[model, task] = min(0.99, max(0.05, level + chance.gauss(0, 0.07)))
        yield chance, truth


def traffic(chance: random.Random, truth: World, most: int, rated: float) -> list[Answer]:
    """Answers: between 20 and `most` of each model and task."""
    found = []
    for (model, task), good in truth.items():
        for _ in range(int(20 * (most / 20) ** chance.random())):
            right = chance.random() < good
            signal = "schema" if chance.random() < (0.01 if right else 0.25) else ""
            rating = float(right) if chance.random() < rated else None
            found.append(Answer(model, task, 1.0, rating, signal))
    return found


def measure(count: int, seed: int, most: int, rated: float) -> tuple[float, float, float, float]:
    """Distance of the figure, of the ratings' mean (points), coverage, better model told (%)."""
    off, plain, held, cells, told, pairs, known = 0.0, 0.0, 0, 0, 0, 0, 0
    for chance, truth in worlds(count, seed):
        answers = traffic(chance, truth, most, rated)
        made = {(each.model, each.task): each for each in figures(answers)}
        for cell, good in truth.items():
            own = [x.rating for x in answers if (x.model, x.task) == cell and x.rating is not None]
            if own:
                plain, known = plain + abs(sum(own) / len(own) - good), known + 1
            figure = made[cell]
            cells += 1
            off += abs(figure.score / 100 - good)
            held += figure.low <= 100 * good <= figure.high
        for task in TASKS:
            one, two = (truth[model, task] for model in MODELS)
            if abs(one - two) > 0.05:
                pairs += 1
                ahead = made["a", task].score - made["b", task].score
                told += (ahead > 0) == (one > two)
    return 100 * off / cells, 100 * plain / max(1, known), 100 * held / cells, 100 * told / pairs


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--worlds", type=int, default=200)
    options.add_argument("--seed", type=int, default=7)
    asked = options.parse_args()
    print("| answers, rated | off by | ratings' mean off by | interval holds | better told |")
    print("|---|---|---|---|---|")
    for most, rated in ((200, 0.0), (200, 0.05), (200, 0.3), (2000, 0.02), (2000, 0.2)):
        off, plain, held, told = measure(asked.worlds, asked.seed, most, rated)
        mean = f"{plain:.1f}" if rated else ""
        print(f"| to {most:,}, {rated:.0%} | {off:.1f} | {mean} | {held:.0f} % | {told:.0f} % |")


if __name__ == "__main__":
    main()
