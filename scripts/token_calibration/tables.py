"""The tables of docs/tokens.md, from the figures."""

from typing import Any

__all__ = ["written"]


def written(text: str, figures: dict[str, Any]) -> str:
    """The document with each of its tables anew; they stand between marks that name them."""
    made = {
        "errors": _errors(figures),
        "coverage": _coverage(figures["coverage"]),
        "others": _others(figures),
        "chosen": _chosen(figures),
    }
    for name, lines in made.items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            message = f"docs/tokens.md has no place for the table '{name}'"
            raise ValueError(message)
        text = before + begin + "\n".join(lines) + "\n" + end + after
    return text


def _cell(row: dict[str, float]) -> str:
    return f"{100 * row['median']:.1f} / {100 * row['p95']:.0f}"


def _errors(figures: dict[str, Any]) -> list[str]:
    lines = [
        "| family | n | cassettes | estimate | by prompt | characters / 4 | quick |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, row in figures["by_cassette"].items():
        stricter = figures["by_prompt"][label]
        cells = [
            label,
            str(row["estimate"]["n"]),
            str(row["cassettes"]),
            f"**{_cell(row['estimate'])}**",
            _cell(stricter["estimate"]),
            _cell(row["chars/4"]),
            _cell(row["quick"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _coverage(rows: dict[str, dict[str, float]]) -> list[str]:
    lines = [
        "| family | n | 80 % interval holds | 95 % interval holds | median width of the latter |",
        "|---|---|---|---|---|",
    ]
    for label, row in rows.items():
        lines.append(
            f"| {label} | {row['n']} | {row['within_80']:.1%} | {row['within_95']:.1%} "
            f"| {row['width_95']:.0%} of the estimate |"
        )
    return lines


def _others(figures: dict[str, Any]) -> list[str]:
    lines = ["| what else is in the request | n | median / 95th percentile |", "|---|---|---|"]
    found = [(f"media, {label}", row) for label, row in figures["media"].items()]
    found += [(f"server tools, {label}", row) for label, row in figures["server_tools"].items()]
    lines += [f"| {label} | {row['n']} | {_cell(row)} |" for label, row in found]
    return lines


def _chosen(figures: dict[str, Any]) -> list[str]:
    lines = [
        "| vendor | chosen on all rows (shipped) | chosen in the parts that measure |",
        "|---|---|---|",
    ]
    for vendor, choice in figures["chosen"].items():
        parts = "; ".join(_said(part[vendor]) for part in figures["chosen_in_parts"])
        lines.append(f"| {vendor} | {_said(choice)} | {parts} |")
    return lines


def _said(choice: dict[str, Any]) -> str:
    words = [f"ridge {choice['noise']:g}"]
    words += ["one fit for all surfaces"] if choice["split"] == "models" else []
    words += [] if choice["fine"] else ["without fine terms"]
    words += ["signatures"] if choice["signatures"] else []
    return ", ".join(words)
