"""Cells and verdicts in words: the same for the terminal, Markdown and HTML."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.keys import Value
from fairlead.cost.display import dollars, shown
from fairlead.lab.compare.comparison import Cell, Comparison, Dimension, Row
from fairlead.lab.compare.words import Words

__all__ = [
    "Told",
    "amount",
    "cell_told",
    "highlights",
    "row_name",
    "row_unit",
    "value_text",
    "verdict_text",
]

SILENT = {
    "not_disclosed": "not disclosed",
    "not_offered": "not offered",
    "not_measured": "not measured",
}


class Told(Struct, frozen=True):
    """A cell in words: its value, where that stands, and others' values, each with its source."""

    value: str
    known: bool
    measured: bool = False
    origin: str = ""
    note: str = ""
    dissent: tuple[str, ...] = ()


def value_text(value: Value, unit: str, words: Words) -> str:
    """A value with its unit's sign."""
    if isinstance(value, bool):
        return words.say("yes" if value else "no")
    if isinstance(value, int | Decimal):
        return _NUMBERS.get(unit, _plain)(Decimal(value))
    if isinstance(value, tuple):
        return ", ".join(words.say(str(one)) for one in value)
    return words.say(str(value))


def cell_told(cell: Cell, unit: str, words: Words) -> Told:
    """A cell in words."""
    dissent = tuple(
        f"{value_text(one.value, unit, words)} ({one.source}, {one.seen})"
        for one in cell.disputed_by
    )
    note = words.say(cell.note) if cell.note else ""
    if cell.value is None:
        return Told(words.say(SILENT[cell.state]), known=False, note=note, dissent=dissent)
    origin = ""
    if cell.state == "measured":
        origin = words.fill("measured by your gateway, n = {}", f"{cell.n:,}")
    elif cell.seen is None:
        origin = words.say("computed")
    else:
        origin = f"{cell.source}, {cell.seen}"
        if cell.agreed_by:
            origin += "; " + words.fill("also {}", ", ".join(cell.agreed_by))
    return Told(
        value_text(cell.value, unit, words),
        known=True,
        measured=cell.state == "measured",
        origin=origin,
        note=note,
        dissent=dissent,
    )


def rows_told(dimension: Dimension, words: Words) -> Iterator[tuple[Row, list[Told]]]:
    """A dimension's rows with their cells in words. A source's note on several of a model's facts
    stands once, with the first of them; a star keeps its reason.
    """
    seen: set[tuple[int, str | None, str | None]] = set()
    for row in dimension.rows:
        told = []
        for at, cell in enumerate(row.cells):
            mark = (at, cell.source, cell.note)
            again = mark in seen and cell.seen is not None and row.unit != "stars"
            told.append(cell_told(replace(cell, note=None) if again else cell, row.unit, words))
            seen.add(mark)
        yield row, told


def row_name(row: Row, words: Words) -> str:
    """A row's label with its unit, where the values don't show it."""
    unit = row_unit(row, words)
    return f"{words.say(row.label)} ({unit})" if unit else words.say(row.label)


def row_unit(row: Row, words: Words) -> str:
    """A row's unit; empty where the values show it."""
    return "" if row.unit in {"", "stars", "percent", "ms"} else words.say(row.unit)


def verdict_text(row: Row, comparison: Comparison, words: Words) -> str:
    """Who leads by how much, or why nobody does. Empty for a row that is not judged."""
    if row.better is None:
        return ""
    judged = row.verdict
    if judged is None:
        known = [cell for cell in row.cells if cell.value is not None]
        return words.say("equal" if len(known) > 1 else "not compared")
    distance = amount(judged.difference, row.unit, words)
    if judged.percent is not None and row.unit != "stars":
        distance += f" ({judged.percent} %)"
    template = "{} leads by {}" if row.better == "high" else "{} is lower by {}"
    told = words.fill(template, ", ".join(judged.best), distance)
    if len(comparison.subjects) > 2:
        told += " " + words.fill("before {}", judged.next)
    if judged.left_out:
        told += "; " + words.fill("left out: {}", ", ".join(judged.left_out))
    if judged.mixed_sources:
        told += "; " + words.say("figures from different sources")
    return told


def highlights(comparison: Comparison, words: Words) -> list[str]:
    """The conclusions: every judged row of benchmarks, prices and costs, one sentence each."""
    told = []
    for dimension in comparison.dimensions:
        if dimension.key not in {"benchmarks", "pricing"}:
            continue
        for row in dimension.rows:
            chosen = not row.key.startswith("price.") or row.key in {"price.input", "price.output"}
            if row.verdict is not None and chosen:
                priced = words.say("price") + words.colon if row.key.startswith("price.") else ""
                told.append(
                    f"{priced}{words.say(row.label)}{words.colon}"
                    f"{verdict_text(row, comparison, words)}"
                )
    return told


def amount(difference: Decimal, unit: str, words: Words) -> str:
    """A difference with its unit: percentages differ by percentage points."""
    told = _NUMBERS.get(unit, _plain)(difference)
    if unit == "percent":
        return words.fill("{} percentage points", _plain(difference))
    if unit == "stars":
        return words.fill("{} star" if difference == 1 else "{} stars", _plain(difference))
    return words.fill("{} tokens", told) if unit == "tokens" else told


def _plain(number: Decimal) -> str:
    return f"{number:,f}"


def _dollars(number: Decimal) -> str:
    """At least two decimals, more where there are more."""
    exponent = number.normalize().as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"${number:,.{places}f}"


def _money(number: Decimal) -> str:
    """As `_dollars`, in the currency that is shown."""
    return _dollars(number) if shown() is None else dollars(number, 2 if number >= 1 else 6)


def _stars(number: Decimal) -> str:
    count = int(number)
    return "★" * count + "☆" * (5 - count) + f" {count}/5"


_NUMBERS: dict[str, Callable[[Decimal], str]] = {
    "percent": lambda number: f"{number:f} %",
    "stars": _stars,
    "ms": lambda number: f"{number:,f} ms",
    "US dollars": _money,
    "US dollars a month": _money,
    "US dollars per million tokens": _dollars,
}
