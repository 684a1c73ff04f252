"""The figures as the TOML table that `routing.quality` names."""

import json
from collections.abc import Container, Iterable

from fairlead.lab.quality.figures import Figure

__all__ = ["told_sources", "written"]


def written(figures: Iterable[Figure], known: Container[str], head: str) -> str:
    """A file's text. Models that are not `known` are left out; `head` says how it was made."""
    lines = [f"# {line}" for line in head.splitlines()] + ["figures = []"]
    blocks = [_block(each) for each in figures if each.model in known]
    if blocks:
        lines[-1:] = []
    return "\n\n".join(["\n".join(lines), *blocks]).strip() + "\n"


def _block(figure: Figure) -> str:
    low, high = round(figure.low, 1), round(figure.high, 1)
    lines = ["[[figures]]", f"model = {json.dumps(figure.model)}"]
    if figure.task:
        lines.append(f"task = {json.dumps(figure.task)}")
    lines += [
        f"score = {round(figure.score, 1)}",
        f"low = {low}",
        f"high = {high}",
        f"source = {json.dumps(told_sources(figure))}",
    ]
    return "\n".join(lines)


def told_sources(figure: Figure) -> str:
    """`own answers 78.1 (as 40), published 64.0 (as 5)`: each source, and its worth in answers."""
    return ", ".join([f"{s.name} {s.score:.1f} (as {s.worth:.0f})" for s in figure.sources])
