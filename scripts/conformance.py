"""Write docs/conformance.md: what becomes of each dialect's features at each vendor.

    python scripts/conformance.py             write the page
    python scripts/conformance.py --check     exit 1 if it is not what would be written
    python scripts/conformance.py --measure   first measure the figures on recorded traffic anew

The matrix comes from minimal requests that are sent through the whole gateway (no network). The
figures come from recorded traffic in ../shared, which is not part of the project: they are kept in
tests/acceptance/conformance/figures.json with the day on which they were measured.
"""

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.acceptance.conformance.features import FEATURES  # noqa: E402 - needs the path above
from tests.acceptance.conformance.figures import measure  # noqa: E402
from tests.acceptance.conformance.gateway import MODELS, Gateway  # noqa: E402
from tests.acceptance.conformance.matrix import CLIENTS, Cell, cells  # noqa: E402

PAGE = ROOT / "docs" / "conformance.md"
FIGURES = ROOT / "tests" / "acceptance" / "conformance" / "figures.json"
MARK = "<!-- Written by scripts/conformance.py; edit the script or the code, not this file. -->"
NAMES = {
    "openai_chat": "OpenAI chat",
    "openai_responses": "OpenAI Responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
}
LITELLM = {
    "openai_chat -> claude-haiku-4-5-20251001": "94.3 %",
    "openai_chat -> gemini-2.5-flash": "98.9 %",
    "anthropic -> gemini-2.5-flash": "77.1 %",
    "gemini -> claude-haiku-4-5-20251001": "56.4 %",
    "openai_responses -> claude-haiku-4-5-20251001": "57.6 %",
    "openai_responses -> gemini-2.5-flash": "60.5 %",
}
"""LiteLLM 1.109.1 on as many rows, measured from outside: accepted, complete, typed and equal."""
WORDS = {"exact": "exact", "lossy": "lossy", "refused": "refused", "failed": "FAILED"}

HEAD = """# Conformance

{mark}

Which feature of which client's dialect arrives at which vendor's model, and how. Every cell of the
matrix is the outcome of a request that was sent through the whole gateway, with a stand-in for the
vendor behind it. What was sent is then judged from outside, by code that shares nothing with the
gateway's translation: the vendor's own schema and rules have to accept it, and a reader of its own
looks for everything that the client said (texts, tools and their schemas, calls, results, media,
knobs) in the bytes that the vendor would get.

- **exact**: it arrives, and nothing is lost. In the client's own dialect: the same bytes.
- **lossy**: it arrives; something that changes no content does not, and is named (the code of the
  loss, see [translation](translation.md)).
- **refused**: the vendor has no such thing. The client gets a 400 that names the field and the
  reason, unless losses are allowed. In brackets the loss, or the field at fault.

A dash: the dialect has no word for it.
"""


def matrix(found: list[Cell]) -> list[str]:
    """One table a client's dialect."""
    lines: list[str] = []
    by_place = {(c.client, c.model, c.feature): c for c in found}
    models = [model for several in MODELS.values() for model in several]
    for client in CLIENTS:
        lines += [f"## {NAMES[client]} in front", ""]
        lines += ["| feature | " + " | ".join(models) + " |", "|---" * (len(models) + 1) + "|"]
        for feature, title in FEATURES.items():
            told = [_told(by_place.get((client, model, feature))) for model in models]
            if any(cell != "-" for cell in told):
                lines.append(f"| {title} | " + " | ".join(told) + " |")
        lines.append("")
    return lines


def _told(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    names = ", ".join(f"`{name}`" for name in cell.names)
    return f"{WORDS[cell.kind]} ({names})" if names else WORDS[cell.kind]


FIGURE_HEAD = """## On recorded traffic

Measured on {date}, on {requests:,} recorded requests that their vendor took and {answers:,}
recorded answers. The recordings are no part of the project; `scripts/conformance.py --measure`
measures again where they are at hand.

### Requests to another vendor

*Complete*: accepted by the vendor's authority, everything that the client said in it or named as a
loss that changes no content. *Refused by name*: the target cannot say it; a 400 with field and
reason (or, with losses allowed, sent without it). *Failed*: anything else. *Nothing exotic*: the
requests without server tools, stored content, `n`, log-probabilities, sound, film, or fields and
blocks of one vendor's own; the share of them that is complete. LiteLLM 1.109.1 names no losses: its
column is the share of such rows that arrived accepted, complete, typed and equal.

| client → model | requests | complete | refused by name | failed | nothing exotic | LiteLLM |
|---|---|---|---|---|---|---|
"""


def figures(kept: dict[str, Any]) -> list[str]:
    """The tables of what was measured."""
    found = kept["figures"]
    counted = sum(_sum(each["all"]) for each in found["relay"].values())
    answered = sum(_sum(each["all"]) for each in found["decoding"].values())
    lines = [FIGURE_HEAD.format(date=kept["date"], requests=counted, answers=answered).rstrip()]
    for way, each in found["requests"].items():
        every, plain = each["all"], each["plain"]
        parts = [_share(every, kind) for kind in ("complete", "named", "failed")]
        lines.append(
            f"| {_way(way)} | {_sum(every)} | {' | '.join(parts)} | {_share(plain, 'complete')} of"
            f" {_sum(plain)} | {LITELLM.get(way, '')} |"
        )
    lines += ["", *_by_feature(found["requests"]), *_answers(found), *_own(found)]
    return lines


def _by_feature(found: dict[str, Any]) -> list[str]:
    ways = [way for way in LITELLM if way in found]
    names = list(dict.fromkeys(name for way in ways for name in found[way]["features"]))
    lines = [
        "By what the recordings are labelled with: complete / refused by name / failed.",
        "",
        "| | " + " | ".join(_way(way) for way in ways) + " |",
        "|---" * (len(ways) + 1) + "|",
    ]
    for name in names:
        cells_ = [_triple(found[way]["features"].get(name)) for way in ways]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells_) + " |")
    return [*lines, ""]


def _triple(counts: dict[str, int] | None) -> str:
    if counts is None:
        return "-"
    return " / ".join(str(counts.get(kind, 0)) for kind in ("complete", "named", "failed"))


def _answers(found: dict[str, Any]) -> list[str]:
    lines = [
        "### Answers to a client of another dialect",
        "",
        "Each recorded answer, whole and streamed, typed by the client dialect's official SDK (its",
        "required fields and known enums checked), put together by that SDK's own accumulator, and",
        "equal to the vendor's in text, thoughts, calls, finish reason and usage. *With a named",
        "loss*: the answer holds what the dialect cannot say. *No answer*: an error, or a stream",
        "that was broken off, which is told as one.",
        "",
        "| vendor → client | answers | equal | with a named loss | failed | no answer |",
        "|---|---|---|---|---|---|",
    ]
    for way, each in found["answers"].items():
        vendor, _, client = way.partition(" -> ")
        counts = each["all"]
        cells_ = [str(counts.get(kind, 0)) for kind in ("equal", "named", "failed", "unread")]
        lines.append(
            f"| {NAMES[vendor]} → {NAMES[client]} | {_sum(counts)} | {' | '.join(cells_)} |"
        )
    return [*lines, ""]


def _own(found: dict[str, Any]) -> list[str]:
    lines = [
        "### The client's own dialect, and reading",
        "",
        "*Identical*: request and answer byte for byte, streams cut anywhere (the usage of streams",
        "not asked for). *Decoded*: every answer with status 2xx is read, folds to the same",
        "however it is cut, and its usage adds up by its vendor's arithmetic.",
        "",
        "| dialect | calls | identical | answers | decoded |",
        "|---|---|---|---|---|",
    ]
    for dialect in CLIENTS:
        relayed, read = found["relay"][dialect]["all"], found["decoding"][dialect]["all"]
        lines.append(
            f"| {NAMES[dialect]} | {_sum(relayed)} | {_share(relayed, 'identical')} |"
            f" {_sum(read)} | {_share(read, 'decoded')} |"
        )
    refused = found["refused"].values()
    clear = sum(each.get("clear", 0) for each in refused)
    return [
        *lines,
        "",
        "Requests that their own vendor had refused were sent on all ways, too:",
        f"{clear} trips, each",
        f"with a clear answer, {sum(each.get('exception', 0) for each in refused)} exceptions.",
    ]


def _way(way: str) -> str:
    client, _, model = way.partition(" -> ")
    return f"{NAMES[client]} → {model}"


def _sum(counts: dict[str, int]) -> int:
    return sum(counts.values())


def _share(counts: dict[str, int], kind: str) -> str:
    whole, part = _sum(counts), counts.get(kind, 0)
    if part == whole:
        return "100 %"
    return f"{100 * part / whole:.1f} % ({part})"


def page(found: list[Cell], kept: dict[str, Any]) -> str:
    """The whole page."""
    lines: Iterable[str] = [HEAD.format(mark=MARK), *matrix(found), *figures(kept)]
    return "\n".join(lines).rstrip() + "\n"


def rendered() -> str:
    """The page as the code and the kept figures have it now."""
    gateway = Gateway()
    try:
        return page(cells(gateway), json.loads(FIGURES.read_text(encoding="utf-8")))
    finally:
        gateway.close()


def main() -> int:
    """Measure if asked to, then write or check."""
    logging.disable(logging.CRITICAL)
    if "--measure" in sys.argv:
        day = datetime.now(UTC).date().isoformat()
        kept = {"date": day, "figures": measure()}
        FIGURES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = rendered()
    if "--check" in sys.argv:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
