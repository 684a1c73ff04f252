"""The emulator's own books: what each request was, what it cost, and the bill over all."""

import hashlib
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import Struct

from fairlead.emulator.scripts import Played

__all__ = ["Books", "Entry"]


class Entry(Struct):
    """One request. `outcome`: `ok`, `error` (the vendor refused), `fault` (a rule struck it),
    `replayed`, or `abandoned` (the client left before the end). `usage` is what is billed: an
    abandoned or broken stream for its prompt and for what had been made by then. `script` is the
    turn of a script that was played, with what was wrong with it. `version` and `betas` are
    Anthropic's headers.
    """

    id: str
    vendor: str
    model: str
    path: str
    op: str
    status: int
    stream: bool
    key: str
    outcome: str
    usage: dict[str, int]
    fault: str | None = None
    script: Played | None = None
    version: str | None = None
    betas: list[str] = []


class Line(Struct):
    """One line of the bill."""

    vendor: str
    model: str
    key: str
    requests: int = 0
    errors: int = 0
    abandoned: int = 0
    usage: dict[str, int] = {}


class Books:
    """Mutable. `keep` bounds how many requests are remembered; the bill covers all."""

    def __init__(self, keep: int = 1000) -> None:
        self.requests: deque[Entry] = deque(maxlen=keep)
        self._lines: dict[tuple[str, str, str], Line] = {}

    def enter(self, entry: Entry) -> None:
        """Note a request as it is answered."""
        self.requests.append(entry)
        line = self._line(entry)
        line.requests += 1
        line.errors += entry.status >= 400
        _add(line.usage, entry.usage, 1)

    def amend(self, entry: Entry, made: int, total: int, *, stayed: bool) -> None:
        """Correct a request that ended before its last token: `made` of `total` were sent."""
        line = self._line(entry)
        if not stayed and entry.outcome != "fault":
            entry.outcome = "abandoned"
            line.abandoned += 1
        if made >= total:
            return
        _add(line.usage, entry.usage, -1)
        left = made
        for kind in ("thinking", "output"):
            if kind in entry.usage:
                entry.usage[kind] = min(entry.usage[kind], left)
                left -= entry.usage[kind]
        _add(line.usage, entry.usage, 1)

    def _line(self, entry: Entry) -> Line:
        where = (entry.vendor, entry.model, entry.key)
        line = self._lines.get(where)
        if line is None:
            line = self._lines[where] = Line(*where)
        return line

    def bill(self) -> dict[str, Any]:
        """`{"emulated": true, "lines": [...], "total": {...}}`; each token in one kind only."""
        total: dict[str, int] = {}
        lines = [line for _, line in sorted(self._lines.items())]
        for line in lines:
            _add(total, line.usage, 1)
        return {
            "emulated": True,
            "lines": [
                {
                    "vendor": line.vendor,
                    "model": line.model,
                    "key": line.key,
                    "requests": line.requests,
                    "errors": line.errors,
                    "abandoned": line.abandoned,
                    "usage": dict(line.usage),
                }
                for line in lines
            ],
            "total": {
                "requests": sum(line.requests for line in lines),
                "errors": sum(line.errors for line in lines),
                "abandoned": sum(line.abandoned for line in lines),
                "usage": total,
            },
        }

    def reset(self) -> None:
        """Begin anew."""
        self.requests.clear()
        self._lines.clear()


def _add(sums: dict[str, int], usage: dict[str, int], sign: int) -> None:
    for kind, tokens in usage.items():
        sums[kind] = sums.get(kind, 0) + sign * tokens


@lru_cache(maxsize=4096)
def key_hash(key: str) -> str:
    """A key as the books name it: never the key itself."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12] if key else ""


Clock = Callable[[], float]
