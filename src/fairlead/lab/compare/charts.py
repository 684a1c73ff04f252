"""The report's three charts. What is not disclosed is a gap with words in it, never a bar of 0."""

from collections.abc import Sequence
from decimal import Decimal
from math import floor, log10

from msgspec import Struct

from fairlead.lab.compare.comparison import Comparison
from fairlead.lab.compare.curve import BreakEven, Curve
from fairlead.lab.compare.svg import drawing, label, line, path, rect
from fairlead.lab.compare.text import SILENT, value_text
from fairlead.lab.compare.words import Words

__all__ = ["benchmark_chart", "cost_chart", "curve_chart"]

WIDTH, NAMES, TOLD = 900.0, 290.0, 150.0
BAR, SPACE, GROUP = 20.0, 3.0, 12.0
AREA = WIDTH - NAMES - TOLD


class _Bar(Struct, frozen=True):
    series: int
    value: Decimal | None
    told: str


class _Group(Struct, frozen=True):
    name: str
    bars: tuple[_Bar, ...]


def benchmark_chart(comparison: Comparison, words: Words) -> str:
    """A bar for each model and benchmark, on one scale from 0 to 100."""
    rows = next(d.rows for d in comparison.dimensions if d.key == "benchmarks")
    groups = [
        _Group(
            words.say(row.label),
            tuple(
                _bar(at, cell.value, words.say(SILENT.get(cell.state, "")), row.unit, words)
                for at, cell in enumerate(row.cells)
            ),
        )
        for row in rows
    ]
    return _bars("benchmarks", words.say("benchmarks"), groups, Decimal(100), comparison)


def cost_chart(comparison: Comparison, words: Words) -> str:
    """A bar for each scenario, form and model: US dollars a month."""
    groups = []
    for scenario in comparison.scenarios:
        own = [cost for cost in comparison.costs if cost.scenario == scenario.name]
        for form in dict.fromkeys(cost.form for cost in own):
            bars = tuple(
                _bar(at, cost.total, words.say(cost.reason or ""), "US dollars a month", words)
                for at, cost in enumerate(cost for cost in own if cost.form == form)
            )
            groups.append(_Group(words.say(f"{scenario.name}: {form}"), bars))
    most = max((cost.total for cost in comparison.costs if cost.total), default=Decimal(1))
    title = f"{words.say('cost per scenario')} ({words.say('US dollars a month')})"
    return _bars("costs", title, groups, most, comparison)


def _bar(series: int, value: object, gap: str, unit: str, words: Words) -> _Bar:
    if not isinstance(value, int | Decimal):
        return _Bar(series, None, gap)
    number = Decimal(value)
    return _Bar(series, number, value_text(number, unit, words))


def _bars(
    name: str, title: str, groups: Sequence[_Group], most: Decimal, comparison: Comparison
) -> str:
    body, y = [], 10.0
    for group in groups:
        height = len(group.bars) * (BAR + SPACE)
        body.append(label(NAMES - 12, y + height / 2 + 4, group.name, "name", "end"))
        for bar in group.bars:
            body += _one(bar, y, most)
            y += BAR + SPACE
        y += GROUP
    body.append(line(NAMES, 4, NAMES, y - 6, "axis"))
    return drawing(name, (WIDTH, y), (title, _told(groups, comparison)), body)


def _one(bar: _Bar, y: float, most: Decimal) -> list[str]:
    if bar.value is None:
        return [
            rect(NAMES + 1, y + 1, AREA, BAR - 2, f"gap g{bar.series}"),
            label(NAMES + 10, y + BAR - 5.5, bar.told, "silent"),
        ]
    length = float(bar.value / most) * AREA
    return [
        rect(NAMES, y, length, BAR, f"s{bar.series}"),
        label(NAMES + length + 7, y + BAR - 5.5, bar.told, "value"),
    ]


def _told(groups: Sequence[_Group], comparison: Comparison) -> str:
    names = [subject.id for subject in comparison.subjects]
    return "; ".join(
        f"{group.name}: " + ", ".join(f"{names[bar.series]} {bar.told}" for bar in group.bars)
        for group in groups
    )


TOP, LEFT, RIGHT, FOOT, PLOT = 46.0, 64.0, 20.0, 48.0, 340.0
DECADES = (Decimal("0.1"), Decimal(1), Decimal(10), Decimal(100))
STEPS = 90
FORMS = {"plain": "f0", "cached": "f1", "batched": "f2", "cached and batched": "f3"}


def curve_chart(comparison: Comparison, words: Words) -> str:
    """US dollars per million tokens over the ratio of input to output, and the break-evens.

    Break-evens within the chart are dashed lines with the numbers of the table below it.
    """
    found = comparison.curves
    dearest = (curve.at(end) for curve in found.curves for end in (DECADES[0], DECADES[-1]))
    most = _ceiling(float(max(dearest, default=Decimal(1))))
    body = _grid(most, words)
    ids = [subject.id for subject in comparison.subjects]
    for curve in found.curves:
        kind = f"curve s{ids.index(curve.model)} {FORMS.get(curve.form, 'f0')}"
        body.append(path(_points(curve, most), kind))
    for level, (ratio, numbers) in enumerate(_meets(found.listed())):
        x, high = _x(float(ratio)), TOP - 8 - 13 * (level % 3)
        body.append(line(x, high + 3, x, TOP + PLOT, "meet"))
        body.append(label(x, high, ", ".join(numbers), "meet", "middle"))
    title = words.say("cost by the ratio of input to output")
    told = "; ".join(
        f"{curve.model} ({words.say(curve.form)}): {curve.input} / {curve.output}"
        for curve in found.curves
    )
    return drawing("curves", (WIDTH, TOP + PLOT + FOOT), (title, told), body)


def _meets(break_evens: Sequence[BreakEven]) -> list[tuple[Decimal, list[str]]]:
    """Ratios within the chart, each with the numbers of the break-evens that lie there."""
    found: dict[Decimal, list[str]] = {}
    for number, meet in enumerate(break_evens, 1):
        if DECADES[0] <= meet.ratio <= DECADES[-1]:
            found.setdefault(meet.ratio, []).append(str(number))
    return list(found.items())


def _ceiling(most: float) -> float:
    """The least round figure from `most` on that five equal steps make."""
    power = 10.0 ** (floor(log10(most)) - 1) if most > 0 else 0.1
    return next(
        5 * power * step for step in (2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20) if 5 * power * step >= most
    )


def _grid(most: float, words: Words) -> list[str]:
    body = []
    for step in range(6):
        y = TOP + PLOT * (1 - step / 5)
        body.append(line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        body.append(label(LEFT - 8, y + 4, f"${most * step / 5:.2f}", "tick", "end"))
    for ratio in DECADES:
        told = f"{ratio:f} : 1" if ratio >= 1 else f"1 : {1 / ratio:.0f}"
        x, anchor = _x(float(ratio)), "end" if ratio == DECADES[-1] else "middle"
        body.append(line(x, TOP, x, TOP + PLOT, "grid"))
        body.append(label(x, TOP + PLOT + 18, told, "tick", anchor))
    middle = (LEFT + WIDTH - RIGHT) / 2
    told = words.say("input tokens : output tokens")
    body.append(label(middle, TOP + PLOT + 40, told, "tick", "middle"))
    return body


def _points(curve: Curve, most: float) -> list[tuple[float, float]]:
    first, last = log10(float(DECADES[0])), log10(float(DECADES[-1]))
    ratios = [10 ** (first + (last - first) * step / STEPS) for step in range(STEPS + 1)]
    prompt, output = float(curve.input), float(curve.output)
    return [(_x(r), TOP + PLOT * (1 - (r * prompt + output) / (r + 1) / most)) for r in ratios]


def _x(ratio: float) -> float:
    first, last = log10(float(DECADES[0])), log10(float(DECADES[-1]))
    return LEFT + (WIDTH - RIGHT - LEFT) * (log10(ratio) - first) / (last - first)
