"""A comparison as one HTML file: no script, nothing loaded from elsewhere, fit for printing."""

from collections.abc import Sequence
from html import escape
from importlib import resources

from fairlead.lab.compare.charts import FORMS, benchmark_chart, cost_chart, curve_chart
from fairlead.lab.compare.comparison import Comparison, Dimension, Row
from fairlead.lab.compare.curve import BreakEven
from fairlead.lab.compare.text import Told, highlights, row_unit, rows_told, verdict_text
from fairlead.lab.compare.words import Words

__all__ = ["html_report"]

_LANG = {"en": "en", "zh": "zh-Hans"}


def html_report(comparison: Comparison, words: Words) -> str:
    """The whole page."""
    names = " / ".join(subject.id for subject in comparison.subjects)
    style = resources.files("fairlead.lab.compare").joinpath("data", "style.css")
    title = f"{words.say('Comparison of models')}{words.colon}{names}"
    head = f"<h1>{escape(words.say('Comparison of models'))}</h1>{_subjects(comparison)}"
    body = [
        f"<header>{head}<p>{escape(_scope(comparison, words))}</p></header>",
        _conclusions(comparison, words),
        _charts(comparison, words),
        *(_section(dimension, comparison, words) for dimension in comparison.dimensions),
        _sources(comparison, words),
    ]
    return (
        f'<!doctype html>\n<html lang="{_LANG[words.language]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style.read_text(encoding='utf-8')}</style>\n"
        "</head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )


def _scope(comparison: Comparison, words: Words) -> str:
    told = words.fill("Facts in force on {}", str(comparison.at))
    if comparison.source:
        only = words.fill(
            "only what {} says counts; other sources stand beside it", comparison.source
        )
        told = f"{told}{words.colon}{only}"
    return " · ".join(part for part in (told, words.rate()) if part)


def _subjects(comparison: Comparison) -> str:
    items = "".join(
        f'<li><span class="key k{at}" aria-hidden="true"></span>{escape(subject.id)}</li>'
        for at, subject in enumerate(comparison.subjects)
    )
    return f'<ul class="legend">{items}</ul>'


def _conclusions(comparison: Comparison, words: Words) -> str:
    items = "".join(f"<li>{escape(told)}</li>" for told in highlights(comparison, words))
    return _part("conclusions", words.say("Conclusions"), f"<ul>{items}</ul>")


def _charts(comparison: Comparison, words: Words) -> str:
    legend = _subjects(comparison)
    cost = f"{words.say('cost per scenario')} ({words.say('US dollars a month')})"
    curve = words.say("cost by the ratio of input to output")
    per = words.say("US dollars per million tokens")
    forms = "".join(
        f'<li><svg class="sample" viewBox="0 0 44 8" aria-hidden="true">'
        f'<line class="curve plainline {kind}" x1="0" y1="4" x2="44" y2="4"/></svg>'
        f"{escape(words.say(form))}</li>"
        for form, kind in FORMS.items()
    )
    figures = [
        _figure(words.say("benchmarks"), legend, benchmark_chart(comparison, words)),
        _figure(cost, legend, cost_chart(comparison, words)),
        _figure(
            f"{curve} ({per})",
            f'{legend}<ul class="legend">{forms}</ul>',
            curve_chart(comparison, words) + _break_evens(comparison.curves.listed(), words),
        ),
    ]
    return _part("charts", words.say("Charts"), "".join(figures))


def _figure(caption: str, legend: str, chart: str) -> str:
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>{legend}"
        f'<div class="scroll">{chart}</div></figure>'
    )


def _break_evens(meets: Sequence[BreakEven], words: Words) -> str:
    if not meets:
        never = words.say("No two of these lines meet: one is cheaper at every mix.")
        return f"<p>{escape(never)}</p>"
    heads = ("#", "input : output", "cheaper above it", "cheaper below it")
    rows = "".join(
        f'<tr><th scope="row">{number}</th><td>{float(meet.ratio):,.4g} : 1</td>'
        + "".join(
            f"<td>{escape(model)} ({escape(words.say(form))})</td>"
            for model, form in (meet.above, meet.below)
        )
        + "</tr>"
        for number, meet in enumerate(meets, 1)
    )
    cells = "".join(f'<th scope="col">{escape(words.say(head))}</th>' for head in heads)
    caption = escape(words.say("break-even points"))
    head = f"<caption>{caption}</caption><thead><tr>{cells}</tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>"


def _section(dimension: Dimension, comparison: Comparison, words: Words) -> str:
    title = words.say(dimension.title)
    heads = ["", *(subject.id for subject in comparison.subjects), words.say("difference")]
    cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    rows = "".join(_row(row, told, comparison, words) for row, told in rows_told(dimension, words))
    quiet = f'<caption class="quiet">{escape(title)}</caption>'
    table = (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(title)}">'
        f'<table class="wide">{quiet}<thead><tr>{cells}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return _part(dimension.key.replace(" ", "-"), title, table)


def _row(row: Row, told: Sequence[Told], comparison: Comparison, words: Words) -> str:
    best = row.verdict.best if row.verdict else ()
    cells = "".join(
        _cell(cell, leads=subject.id in best)
        for cell, subject in zip(told, comparison.subjects, strict=True)
    )
    judged = escape(verdict_text(row, comparison, words))
    unit = row_unit(row, words)
    name = escape(words.say(row.label)) + (f"<small>{escape(unit)}</small>" if unit else "")
    return f'<tr><th scope="row">{name}</th>{cells}<td>{judged}</td></tr>'


def _cell(told: Told, *, leads: bool) -> str:
    kind = "known" if told.known else "silent"
    parts = [f'<span class="{kind}{" best" if leads else ""}">{escape(told.value)}</span>']
    if told.origin:
        where = "measured" if told.measured else "origin"
        parts.append(f'<small class="{where}">{escape(told.origin)}</small>')
    if told.note:
        parts.append(f"<small>{escape(told.note)}</small>")
    parts += [f'<small class="dissent">≠ {escape(other)}</small>' for other in told.dissent]
    return f"<td>{''.join(parts)}</td>"


def _sources(comparison: Comparison, words: Words) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(title)}</dd>"
        for name, title in comparison.sources.items()
    )
    return _part("sources", words.say("Sources"), f"<dl>{rows}</dl>")


def _part(name: str, title: str, inner: str) -> str:
    head = f'<h2 id="{name}-h">{escape(title)}</h2>'
    return f'<section aria-labelledby="{name}-h">{head}{inner}</section>'
