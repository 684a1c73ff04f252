"""The report in Markdown."""

from fairlead.lab.router.measures import Interval
from fairlead.lab.router.report import Report

__all__ = ["markdown", "rankings"]


def rankings(made: Report) -> list[tuple[str, str, str, str]]:
    """Rows of APGR: what was held out, the scorer, length only, how far ahead."""
    named = (
        ("prompts held out", made.ranking),
        ("whole groups held out", made.groups_left_out),
        ("templates stripped", made.templates_stripped),
        ("labels shuffled (0.5 is sound)", made.shuffled_labels),
    )
    return [
        (name, spread(each.scorer), spread(each.length), spread(each.ahead))
        for name, each in named
        if each is not None
    ]


def spread(figure: Interval, digits: int = 3, scale: float = 1.0) -> str:
    """A figure and its interval."""
    value, low, high = (f"{scale * x:.{digits}f}" for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def markdown(made: Report) -> str:
    """All of the report but the curves."""
    lines = [
        f"# A scorer for {made.models[0]} and {made.models[1]}",
        "",
        f"**{made.verdict}**",
        "",
        (
            f"{made.prompts} prompts; {made.dealings} x {made.folds} folds, nested; 95 % intervals"
            f" from {made.resamples:,} paired resamples; cost within {made.cost_within:g} x."
        ),
        "",
        "| routing | score, % | gain, points | not to the base, % | cost, x |",
        "|---|---|---|---|---|",
    ]
    for row in made.rows:
        cost = "unknown" if row.cost_ratio is None else f"{row.cost_ratio:.2f}"
        score, gain = spread(row.score, 1, 100), spread(row.gain, 2, 100)
        lines.append(f"| {row.name} | {score} | {gain} | {100 * row.moved:.1f} | {cost} |")
    lines += ["", "| APGR | scorer | length only | ahead |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cells)} |" for cells in rankings(made)]
    lines += ["", f"Random has 0.5, the oracle {made.oracle_apgr:.2f}.", ""]
    lines += ["| predicted, % | " + " | ".join(f"{m}: seen, %" for m in made.models) + " |"]
    lines += ["|---" * 3 + "|"]
    for bins in zip(*made.calibration.values(), strict=True):
        predicted = ", ".join(f"{100 * each.predicted:.0f}" for each in bins)
        seen = " | ".join(f"{100 * each.seen:.0f}" for each in bins)
        lines.append(f"| {predicted} | {seen} |")
    return "\n".join(lines) + "\n"
