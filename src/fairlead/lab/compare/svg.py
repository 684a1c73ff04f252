"""Just enough SVG: pieces as text, escaped, with classes that the page's style sheet colours."""

from collections.abc import Iterable
from html import escape

__all__ = ["drawing", "label", "line", "path", "rect"]


def drawing(
    name: str, size: tuple[float, float], told: tuple[str, str], body: Iterable[str]
) -> str:
    """A whole image of `size` (width, height), named and described for those who don't see it."""
    title, description = told
    return (
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" '
        f'aria-labelledby="{name}-t {name}-d" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>' + "".join(body) + "</svg>"
    )


def rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A box."""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
        f'height="{height:.1f}" rx="2"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Iterable[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{steps}"/>'


def label(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """Text whose baseline begins, ends or is centred at a point."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )
