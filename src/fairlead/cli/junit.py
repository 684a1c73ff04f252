"""Outcomes of cases as JUnit's XML, which CI systems show."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from fairlead.routing.cases import Outcome

__all__ = ["junit"]


def junit(suite: str, outcomes: Sequence[Outcome]) -> str:
    """One suite, one case each."""
    failed = sum(not each.passed for each in outcomes)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(outcomes)}" failures="{failed}">',
        f'  <testsuite name={quoteattr(suite)} tests="{len(outcomes)}" failures="{failed}">',
    ]
    for each in outcomes:
        head = f"    <testcase classname={quoteattr(suite)} name={quoteattr(_plain(each.name))}"
        if each.passed:
            lines.append(f"{head}/>")
            continue
        said = _plain("; ".join(each.wrong))
        lines += [
            f"{head}>",
            f"      <failure message={quoteattr(said)}>{escape(said)}</failure>",
            "    </testcase>",
        ]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _plain(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join([c if c >= " " or c in "\t\n" else "?" for c in text])
