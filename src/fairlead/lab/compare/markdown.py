"""A comparison in Markdown: headings and tables."""

from fairlead.lab.compare.comparison import Comparison, Dimension
from fairlead.lab.compare.text import Told, highlights, row_name, rows_told, verdict_text
from fairlead.lab.compare.words import Words

__all__ = ["markdown"]


def markdown(comparison: Comparison, words: Words) -> str:
    """The whole report, with a newline at its end."""
    names = " / ".join(subject.id for subject in comparison.subjects)
    parts = [
        f"# {names}",
        words.fill("Facts in force on {}", str(comparison.at)) + _only(comparison),
    ]
    parts += [_section(dimension, comparison, words) for dimension in comparison.dimensions]
    parts.append(f"## {words.say('Conclusions')}")
    parts.append("\n".join(f"- {_plain(told)}" for told in highlights(comparison, words)))
    parts.append(f"## {words.say('Sources')}")
    parts.append("\n".join(f"- `{i}`: {_plain(t)}" for i, t in comparison.sources.items()))
    return "\n\n".join(part for part in (*parts, words.rate()) if part) + "\n"


def _only(comparison: Comparison) -> str:
    return f" (`{comparison.source}`)" if comparison.source else ""


def _section(dimension: Dimension, comparison: Comparison, words: Words) -> str:
    heads = ["", *(subject.id for subject in comparison.subjects), words.say("difference")]
    lines = [f"## {words.say(dimension.title)}", "", _row(heads), _row(["---"] * len(heads))]
    for row, told in rows_told(dimension, words):
        cells = [_cell(cell) for cell in told]
        name, judged = row_name(row, words), verdict_text(row, comparison, words)
        lines.append(_row([_plain(name), *cells, _plain(judged)]))
    return "\n".join(lines)


def _cell(told: Told) -> str:
    value = f"**{_plain(told.value)}**" if told.known else f"*{_plain(told.value)}*"
    small = [told.origin, told.note, *(f"≠ {other}" for other in told.dissent)]
    return "<br>".join([value, *(f"<small>{_plain(one)}</small>" for one in small if one)])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    for sign in "\\`*_[]|":
        text = text.replace(sign, "\\" + sign)
    return text.replace("<", "&lt;").replace("\n", " ")
