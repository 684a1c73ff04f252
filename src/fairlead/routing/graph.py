"""A policy as a picture: its questions from the top down, as Mermaid's text or as an SVG.

The tree is a ladder: each question stands below the one before it, a yes leads to the right, and
what no question decides stands at the foot. So the picture is laid out by counting rows.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from msgspec import Struct

from fairlead.routing.conditions import OPERATORS, Condition
from fairlead.routing.objective import WEIGHTED
from fairlead.routing.policy import Policy
from fairlead.routing.rule import Rule

__all__ = ["mermaid", "svg"]


class _Rung(Struct, frozen=True):
    """A question, what it compares, and where a yes leads."""

    question: str
    asks: str
    leads: str


class _Ladder(Struct, frozen=True):
    title: str
    rungs: tuple[_Rung, ...]
    foot: str


def mermaid(policy: Policy) -> str:
    """The policy as a Mermaid flowchart."""
    lines = ["flowchart TD"]
    canary = policy.canary
    if canary is not None:
        lines.append(f'    c(["{_quoted(policy.name)}"])')
    for number, ladder in enumerate(_ladders(policy)):
        at = f"p{number}"
        lines.append(f'    {at}(["{_quoted(ladder.title)}"])')
        before, label = at, ""
        for row, rung in enumerate(ladder.rungs):
            node = f"{at}q{row}"
            lines += [
                f'    {node}{{"{_quoted(rung.question)}"}}',
                f"    {before} -->{label} {node}",
                f'    {node} -->|yes| {node}m["{_quoted(rung.leads)}"]',
            ]
            before, label = node, "|no|"
        lines += [f'    {at}o["{_quoted(ladder.foot)}"]', f"    {before} -->{label} {at}o"]
        if canary is not None:
            share = canary.share if number else 1 - canary.share
            lines.append(f'    c -->|"{share * 100:g} % of sessions"| {at}')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;").replace("\n", "<br>")


WIDE: Final = 360
HIGH: Final = 54
GAP: Final = 26
LEFT: Final = 30
RIGHT: Final = 470
LEADS: Final = 300
TOP: Final = 74
CHARS: Final = 50
LEADS_CHARS: Final = 40
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1c2733}.small{font-size:11px;fill:#5b6b7b}"
    ".title{font-size:16px;font-weight:600}.q{fill:#eef4fb;stroke:#4a7db5}"
    ".m{fill:#e9f6ec;stroke:#3f8f58}.o{fill:#fdf3e1;stroke:#b9812b}"
    "path{stroke:#5b6b7b;fill:none;stroke-width:1.4}.tip{fill:#5b6b7b;stroke:none}"
)


def svg(policy: Policy) -> str:
    """The policy as an SVG document, with nothing but shapes and text."""
    parts: list[str] = []
    y = 0
    for ladder in _ladders(policy):
        drawn, height = _drawn(ladder, y)
        parts += drawn
        y += height
    width = RIGHT + LEADS + LEFT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" '
        f'height="{y}" role="img"><title>{escape(policy.name)}</title><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _drawn(ladder: _Ladder, top: int) -> tuple[list[str], int]:
    """A ladder's shapes from `top` on, and its height."""
    title, _, small = ladder.title.partition("\n")
    parts = [_text(LEFT, top + 32, title, "title"), _text(LEFT, top + 52, small, "small")]
    middle = LEFT + WIDE // 2
    for row, rung in enumerate(ladder.rungs):
        y = top + TOP + row * (HIGH + GAP)
        center = y + HIGH // 2
        parts += [
            _box(LEFT, y, WIDE, "q"),
            _text(LEFT + 14, center - 3, _cut(rung.question, CHARS)),
            _text(LEFT + 14, center + 15, _cut(rung.asks, CHARS + 8), "small"),
            _arrow(LEFT + WIDE, center, RIGHT, center),
            _text(LEFT + WIDE + 30, center - 6, "yes", "small"),
            *_leads(RIGHT, y, rung.leads, "m"),
            _arrow(middle, y + HIGH, middle, y + HIGH + GAP),
            _text(middle + 8, y + HIGH + 17, "no", "small"),
        ]
    y = top + TOP + len(ladder.rungs) * (HIGH + GAP)
    parts += _leads(LEFT, y, ladder.foot, "o", WIDE)
    return parts, y + HIGH + GAP - top


def _leads(x: int, y: int, leads: str, kind: str, width: int = LEADS) -> list[str]:
    first, _, small = leads.partition("\n")
    room = LEADS_CHARS if width == LEADS else CHARS
    return [
        _box(x, y, width, kind),
        _text(x + 14, y + HIGH // 2 - 3, _cut(first, room)),
        _text(x + 14, y + HIGH // 2 + 15, _cut(small, room + 8), "small"),
    ]


def _box(x: int, y: int, width: int, kind: str) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{HIGH}" rx="8"/>'


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text{of} x="{x}" y="{y}">{escape(text)}</text>'


def _arrow(x: int, y: int, to_x: int, to_y: int) -> str:
    tip = (
        f"{to_x},{to_y} {to_x - 8},{to_y - 4} {to_x - 8},{to_y + 4}"
        if y == to_y
        else f"{to_x},{to_y} {to_x - 4},{to_y - 8} {to_x + 4},{to_y - 8}"
    )
    return f'<path d="M{x} {y}L{to_x} {to_y}"/><polygon class="tip" points="{tip}"/>'


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}\u2026"


def _ladders(policy: Policy) -> Sequence[_Ladder]:
    canary = policy.canary
    if canary is None:
        return (_ladder(policy, policy.name),)
    shares = (1 - canary.share, canary.share)
    names = [f"{policy.name}: {share * 100:g} % of sessions on" for share in shares]
    arms = canary.arms
    if not arms:
        return tuple(
            _Ladder(name, (), other)
            for name, other in zip(names, (canary.base, canary.policy), strict=True)
        )
    return tuple(_ladder(arm, f"{name} {arm.name}") for name, arm in zip(names, arms, strict=True))


def _ladder(policy: Policy, title: str) -> _Ladder:
    rungs = tuple(
        _Rung(rule.question, _asks(rule), _choice(policy, rule.use, rule.reason))
        for rule in policy.rules
    )
    foot = _choice(policy, policy.otherwise, policy.otherwise_reason)
    return _Ladder(f"{title}\n{policy.description}".rstrip(), rungs, foot)


def _asks(rule: Rule) -> str:
    return " and ".join([_asked(each) for each in rule.when])


def _asked(condition: Condition) -> str:
    wanted = condition.wanted
    if isinstance(wanted, bool):
        said = "yes" if wanted else "no"
    elif isinstance(wanted, int):
        said = f"{wanted:,}"
    else:
        said = wanted if isinstance(wanted, str) else ", ".join(wanted)
    return f"{condition.feature} {OPERATORS[condition.operator].yes} {said}"


def _choice(policy: Policy, use: Sequence[str], reason: str) -> str:
    """The names, by what they are chosen, and why in a second line."""
    cascade = policy.cascade
    if cascade is not None and cascade.then in use:
        reason = f"{cascade.ask} before {cascade.then}; {reason}"
    if len(use) == 1:
        return f"{use[0]}\n{reason}"
    objective = policy.objective
    if objective is None:
        how = "the first that can of"
    elif objective.name == WEIGHTED:
        how = "by shares of"
    else:
        how = "best by weights of" if objective.name == "weights" else f"{objective.name} of"
    return f"{how} {', '.join(use)}\n{reason}"
