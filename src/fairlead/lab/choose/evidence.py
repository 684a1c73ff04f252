"""What is known of the two models where the use case asks for it, each figure with its source."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from fairlead.catalog.catalog import Catalog
from fairlead.lab.choose.answers import Answers
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.comparison import Cell, Row
from fairlead.lab.compare.rows import DIMENSIONS
from fairlead.lab.compare.sayings import load_sayings

__all__ = ["BENCHMARKS", "RATED", "Evidence", "Stars", "evidence", "stars"]

RATED: Final = {
    "chat": "smart customer service",
    "coding": "coding assistant",
    "document": "document analysis",
    "video": "multimedia processing",
    "audio": "multimedia processing",
    "math": "mathematical reasoning",
    "science": "scientific research",
    "creative": "content creation",
    "agent": "multi-agent systems",
    "automation": "desktop automation",
}
"""The article's application scenario of each task that it gives stars for."""

BENCHMARKS: Final = {
    "coding": ("benchmark.swe_bench_verified",),
    "automation": ("benchmark.osworld", "benchmark.terminal_bench"),
    "agent": ("benchmark.terminal_bench",),
    "math": ("benchmark.aime_2025",),
    "science": ("benchmark.gpqa_diamond", "benchmark.humanitys_last_exam"),
}
"""Benchmarks of the area that a task belongs to, by the catalogue's keys."""
_LINES: Final = {line.key: line for lines in DIMENSIONS.values() for line in lines}


class Evidence(Struct, frozen=True):
    """Rows over `models`, in that order, and the titles of the sources that they name.

    `undisclosed` says in words what no source states.
    """

    models: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    sources: dict[str, str] = {}
    undisclosed: tuple[str, ...] = ()


class Stars(Struct, frozen=True):
    """A source's stars out of five for a scenario, by the model that they were given to."""

    scenario: str
    source: str
    by_model: dict[str, int]

    @property
    def best(self) -> str | None:
        """The model with the most stars; None where there is no single one."""
        most = max(self.by_model.values())
        first = [model for model, given in self.by_model.items() if given == most]
        return first[0] if len(first) == 1 else None


def stars(task: str, catalog: Catalog) -> Stars | None:
    """The stars for a task; None where nobody gives any."""
    scenario = RATED.get(task)
    if scenario is None:
        return None
    sayings = load_sayings(catalog.sources)
    found = [
        (model, claim)
        for model, claims in sayings.claims.items()
        for claim in claims
        if claim.key == f"rating.{scenario}"
    ]
    given = {model: int(str(claim.value)) for model, claim in found}
    return Stars(scenario, found[0][1].source.id, given) if found else None


def evidence(answers: Answers, catalog: Catalog, models: tuple[str, ...], at: date) -> Evidence:
    """The rows that bear on these answers, over the models that were weighed."""
    if len(models) < 2:
        return Evidence(models)
    report = compare(catalog, models, at)
    ids = tuple(each.id for each in report.subjects)
    spoken = {row.key: row for part in report.dimensions for row in part.rows}
    silent = tuple(Cell(state="not_disclosed") for _ in ids)
    rows: list[Row] = []
    for key in dict.fromkeys(_wanted(answers)):
        line = _LINES.get(key)
        if key in spoken:
            rows.append(spoken[key])
        elif line is not None:
            rows.append(Row(key, line.label, line.unit, silent, line.better))
    cells = [cell for row in rows for cell in row.cells]
    named = {cell.source for cell in cells} | {d.source for c in cells for d in c.disputed_by}
    undisclosed = tuple(
        f"{row.label} of {model}"
        for row in rows
        for model, cell in zip(ids, row.cells, strict=True)
        if cell.state == "not_disclosed"
    )
    sources = {key: title for key, title in report.sources.items() if key in named}
    return Evidence(ids, tuple(rows), sources, undisclosed)


def _wanted(answers: Answers) -> Iterator[str]:
    """The keys that these answers ask for."""
    yield from BENCHMARKS.get(answers.task, ())
    if answers.task in RATED:
        yield f"rating.{RATED[answers.task]}"
    if answers.largest_prompt or answers.input_tokens:
        yield "limits.context_window"
    if answers.largest_answer:
        yield "limits.max_output"
    if answers.media or answers.sometimes:
        yield "modalities_in"
    if answers.latency == "interactive":
        yield from ("info.first_token_latency", "info.output_tokens_per_second", "speed.words")
    yield from ("price.input", "price.output")
    if answers.cached_share:
        yield from ("feature.prompt_cache", "limits.min_cacheable", "price.cache_read")
    if answers.batch_share:
        yield from ("feature.batches", "price.batch_input", "price.batch_output")
    if answers.mainland_china:
        yield "ecosystem.mainland_china"
