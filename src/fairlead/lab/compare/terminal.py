"""A comparison for the terminal: a table for each dimension."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fairlead.lab.compare.comparison import Comparison, Dimension
from fairlead.lab.compare.text import Told, highlights, row_name, rows_told, verdict_text
from fairlead.lab.compare.words import Words

__all__ = ["for_terminal"]


def for_terminal(comparison: Comparison, words: Words) -> RenderableType:
    """All dimensions, then the conclusions and the sources."""
    parts: list[RenderableType] = [
        _table(dimension, comparison, words) for dimension in comparison.dimensions
    ]
    parts.append(Text("\n" + words.say("Conclusions"), style="bold"))
    parts += [Text(f"- {told}") for told in highlights(comparison, words)]
    parts.append(Text("\n" + words.say("Sources"), style="bold"))
    parts += [Text(f"{name}: {title}", "dim") for name, title in comparison.sources.items()]
    if rate := words.rate():
        parts.append(Text(rate))
    return Group(*parts)


def _table(dimension: Dimension, comparison: Comparison, words: Words) -> Table:
    table = Table(
        title=words.say(dimension.title), title_justify="left", title_style="bold", expand=True
    )
    table.add_column("", ratio=3, overflow="fold")
    for subject in comparison.subjects:
        table.add_column(Text(subject.id), ratio=4, overflow="fold")
    table.add_column(words.say("difference"), ratio=3, overflow="fold")
    for row, told in rows_told(dimension, words):
        cells = [_cell(cell) for cell in told]
        verdict = Text(verdict_text(row, comparison, words))
        table.add_row(Text(row_name(row, words)), *cells, verdict)
    return table


def _cell(told: Told) -> Text:
    text = Text(told.value, "" if told.known else "dim italic")
    if told.origin:
        text.append(f"  {told.origin}", "green" if told.measured else "dim")
    if told.note:
        text.append(f"\n{told.note}", "dim")
    for other in told.dissent:
        text.append(f"\n≠ {other}", "yellow")
    return text
