"""How often the task recogniser is right: writes the figures in docs/features.md.

    python scripts/task_report.py            write them
    python scripts/task_report.py --check    exit 1 if they are not what would be written
    python scripts/task_report.py --work     print what it gets wrong in the half to work on

The labelled prompts are those of scripts/task_labels: the project's own, and ids of prompts in
../shared (FAIRLEAD_SHARED overrides), whose figures are left alone where that is absent.
"""

import gzip
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from math import sqrt
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fairlead.canon import Dialect, Request, Text, Turn
from fairlead.routing import extract
from fairlead.server.compile import CODECS

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "scripts" / "task_labels"
DOCS = ROOT / "docs" / "features.md"
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", ROOT.parent / "shared"))
Z = 1.96
Half = Literal["work", "report"]
OWN: dict[str, tuple[Half, ...]] = {
    "unseen": ("report",),
    "own": ("work", "report"),
    "fresh": ("report",),
    "held": ("work",),
}
"""Files of the project's own prompts, and the halves that a list's prompts belong to by turns."""
DIALECTS: dict[tuple[str, str], Dialect] = {
    ("anthropic", "messages"): "anthropic",
    ("openai", "chat_completions"): "openai_chat",
    ("openai", "responses"): "openai_responses",
    ("gemini", "generate"): "gemini",
    ("vertex_gemini", "generate"): "gemini",
}


class Labelled(NamedTuple):
    """A request, the task that a person says it is, and the half that it belongs to."""

    source: str
    request: Request
    task: str
    half: Half


class Judged(NamedTuple):
    """A labelled request and what was recognised."""

    source: str
    task: str
    found: str
    half: Half
    evidence: str
    text: str


def main() -> int:
    """Write, check or print."""
    own, shared = judged(own_prompts()), judged(shared_prompts())
    if "--work" in sys.argv[1:]:
        for row in own + shared:
            if row.half == "work" and row.task != row.found:
                said = f"{row.evidence} | {row.text[:160]!r}"
                print(f"{row.source:8} {row.task:11} -> {row.found:11} {said}")
        for half in ("work", "report"):
            for name, each in by_source(own + shared, half).items():
                print(half, name, told(each))
        return 0
    before = DOCS.read_text(encoding="utf-8")
    after = put(before, "own", own_part(own))
    if shared:
        after = put(after, "shared", shared_part(shared))
    if "--check" in sys.argv[1:]:
        return int(before != after)
    DOCS.write_text(after, encoding="utf-8")
    return 0


def own_prompts() -> Iterator[Labelled]:
    """The project's own prompts."""
    for name, halves in OWN.items():
        labels = tomllib.loads((LABELS / f"{name}.toml").read_text(encoding="utf-8"))
        for task, by_language in labels.items():
            for language, texts in by_language.items():
                for number, text in enumerate(texts):
                    half = halves[number % len(halves)]
                    yield Labelled(f"{name} {language}", asking(text), task, half)


def shared_prompts() -> Iterator[Labelled]:
    """Prompts of ../shared that a label names by id; none where that is absent."""
    labels = tomllib.loads((LABELS / "shared.toml").read_text(encoding="utf-8"))
    task_of = {
        source: {id_: task for task, ids in by_task.items() for id_ in ids}
        for source, by_task in labels.items()
    }
    for row in rows("routing/pair_dev.jsonl.gz", "routing/routellm_dev.jsonl.gz"):
        if task := task_of["routing"].get(row["id"]):
            yield Labelled("routing", asking(row["prompt"]), task, half_of(row["id"]))
    for row in rows("wire/recordings.jsonl.gz"):
        if task := task_of["wire"].get(row["id"]):
            body = row["request"]["body"]
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            codec = CODECS[DIALECTS[row["provider"], row["op"]]]
            yield Labelled("wire", codec.decode_request(data), task, half_of(row["id"]))


def rows(*names: str) -> Iterator[dict[str, Any]]:
    """The lines of files in ../shared, of those that are there."""
    for name in names:
        if (SHARED / name).exists():
            with gzip.open(SHARED / name, "rt", encoding="utf-8") as lines:
                yield from map(json.loads, lines)


def half_of(id_: str) -> Half:
    """An id's half, by its hash."""
    return "report" if blake2b(id_.encode(), digest_size=1).digest()[0] % 2 else "work"


def asking(text: str) -> Request:
    """A request with one user's one text."""
    return Request(model="auto", turns=(Turn("user", (Text(text),)),))


def judged(labelled: Iterable[Labelled]) -> list[Judged]:
    """What the recogniser makes of each."""
    found = []
    for each in labelled:
        features = extract(each.request)
        said = [part.text for part in each.request.turns[-1].parts if isinstance(part, Text)]
        judgement = (features.task, each.half, features.task_evidence, " | ".join(said))
        found.append(Judged(each.source, each.task, *judgement))
    return found


def by_source(found: Iterable[Judged], half: str) -> dict[str, list[Judged]]:
    """One half's judgements by where they come from."""
    sources: dict[str, list[Judged]] = {}
    for each in found:
        if each.half == half:
            sources.setdefault(each.source, []).append(each)
    return sources


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score."""
    share, room = right / n, Z * Z / n
    middle = (share + room / 2) / (1 + room)
    wide = Z * sqrt(share * (1 - share) / n + room / (4 * n)) / (1 + room)
    return middle - wide, middle + wide


def told(found: list[Judged]) -> str:
    """Table cells: number, accuracy and its interval, what always saying the usual task would be
    right in, and the accuracy where some task was recognised.
    """
    n, right = len(found), sum(each.task == each.found for each in found)
    low, high = wilson(right, n)
    usual = max(Counter(each.task for each in found).values())
    said = [each.task == each.found for each in found if each.found != "other"]
    sure = f"{sum(said) / len(said):.0%}" if said else "-"
    return (
        f"{n} | {right / n:.1%} | {low:.1%} to {high:.1%} | {usual / n:.1%} | {sure}"
        f" | {len(said) / n:.0%} |"
    ).replace("%", " %")


NAMES = {
    f"{name} {language}": f"`{name}`, {told}"
    for name in OWN
    for language, told in (("en", "English"), ("zh", "Chinese"))
}
HEAD = [
    "| prompts | half | n | right | 95 % interval | the most frequent | right of told | told |",
    "|---|---|---|---|---|---|---|---|",
]


def own_part(found: list[Judged]) -> str:
    """The project's own prompts: a row for each language, and the confusion."""
    lines = list(HEAD)
    for half, kind in (("report", "**report**"), ("work", "work")):
        for name, each in by_source(found, half).items():
            lines.append(f"| {NAMES[name]} | {kind} | {told(each)}")
    for name in [name for name, halves in OWN.items() if "report" in halves]:
        of = [each for each in found if each.half == "report" and each.source.startswith(name)]
        lines += ["", f"`{name}`, report half, both languages:", "", *matrix(of)]
    return "\n".join(lines)


def shared_part(found: list[Judged]) -> str:
    """Prompts of ../shared, by source."""
    lines = list(HEAD)
    for half, kind in (("report", "**report**"), ("work", "work")):
        for name, each in by_source(found, half).items():
            lines.append(f"| `{name}` | {kind} | {told(each)}")
    for name, each in by_source(found, "report").items():
        lines += ["", f"`{name}`, report half:", "", *matrix(each)]
    return "\n".join(lines)


def matrix(found: list[Judged]) -> list[str]:
    """The confusion matrix: a row for each label, a column for what was recognised."""
    order = list(dict.fromkeys(each.task for each in found))
    columns = [*order, *sorted({each.found for each in found} - set(order))]
    counted = Counter((each.task, each.found) for each in found)
    lines = [f"| label | {' | '.join(columns)} | found |", "|---" * (len(columns) + 2) + "|"]
    for task in order:
        n = sum(counted[task, column] for column in columns)
        cells = [
            f"**{counted[task, column]}**" if task == column else str(counted[task, column] or "")
            for column in columns
        ]
        lines.append(f"| {task} | {' | '.join(cells)} | {counted[task, task]} of {n} |")
    return lines


def put(text: str, name: str, part: str) -> str:
    """The text with what stands between the marks of this name replaced."""
    begin, end = f"<!-- {name}: written by scripts/task_report.py -->", f"<!-- /{name} -->"
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n\n{part}\n\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    sys.exit(main())
