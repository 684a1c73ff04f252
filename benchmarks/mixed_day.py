"""A mixed day under policies and single models: what the emulated vendors bill for it.

    make mixed             python -m benchmarks.mixed_day [--sessions N] [--seed N] [--only SHARES]

Chats, agents with long warm prefixes, documents, one-off questions and questions with an image, in
the stated shares (`MIXES`), from a seed; the clock is the day's, so that caches expire as they
would. Each day is run once for each way to choose, through the real gateway, and billed by the
emulator's counts at the catalogue's prices. The shares were written down before anything was
measured, and nothing is fitted to them.

The emulator answers every model with the same words. So this is about cost alone: where one model
is cheaper for everything, no router can beat it, and the table shows that. `pair` is which models
the families mean.
"""

import argparse
import base64
import random
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.day import SHARES, Session, sessions
from benchmarks.whatif_truth import AUTO, Choose, Client, play

__all__ = ["MIXES", "PAIRS", "WAYS", "Cost", "costs"]

MIXES: Mapping[str, Mapping[str, int]] = {
    "mixed": {"chat": 30, "agent": 15, "document": 15, "one-off": 30, "media": 10},
    "without media": SHARES,
    "mostly chats": {"chat": 80, "agent": 5, "document": 5, "one-off": 10},
    "mostly agents": {"chat": 10, "agent": 70, "document": 10, "one-off": 10},
    "mostly documents": {"chat": 10, "agent": 5, "document": 75, "one-off": 10},
    "one-off questions": {"one-off": 90, "media": 10},
}
PAIRS: Mapping[str, tuple[str, str]] = {
    "article": ("gemini-2.5-flash", "claude-haiku-4-5-20251001"),
    "successors": ("gemini-3.5-flash-lite", "claude-haiku-5-5"),
}
"""Flash and Haiku: the article's, and those that are served after them."""
EDGE = 768


class Way(NamedTuple):
    """How the model is chosen: the policy of `auto`, or the client by itself."""

    choose: Callable[[tuple[str, str], int], Choose]
    policy: str = ""


def _single(place: int) -> Callable[[tuple[str, str], int], Choose]:
    return lambda pair, _: lambda _: pair[place]


def _each_by_lot(pair: tuple[str, str], seed: int) -> Choose:
    """A lot for each request: what ignores every prompt cache."""
    draw = random.Random(seed)  # noqa: S311 - a day, not a secret
    return lambda _: draw.choice(pair)


def _auto(policy: str) -> Way:
    return Way(lambda _, __: lambda _: "auto", policy)


WAYS: Mapping[str, Way] = {
    "always flash": Way(_single(0)),
    "always haiku": Way(_single(1)),
    "random": Way(_each_by_lot),
    "article-tree": _auto("article-tree"),
    "cheapest": _auto("cheapest"),
    "balanced": _auto("balanced"),
}
SINGLE = ("always flash", "always haiku")


def _image() -> str:
    """A grey PNG as a data URL; vendors count its size, not what it shows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", EDGE, EDGE, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * EDGE for _ in range(EDGE)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


_PICTURE = {"type": "image_url", "image_url": {"url": _image()}}


class Player(Client):
    """A client that sends an image with the questions of the kind `media`."""

    def _ask(self, session: Session, history: list[dict[str, Any]]) -> str:
        if session.kind == "media":
            history = [
                {**said, "content": [{"type": "text", "text": said["content"]}, _PICTURE]}
                if said["role"] == "user"
                else said
                for said in history
            ]
        return super()._ask(session, history)


class Cost(NamedTuple):
    """What one way cost on one day, in dollars."""

    mix: str
    way: str
    requests: int
    usd: Decimal


def costs(folder: Path, mix: str, pair: str, count: int, seed: int) -> Iterator[Cost]:
    """One day, chosen in every way."""
    flash, haiku = PAIRS[pair]
    families = f'[families]\nflash = ["{flash}"]\nhaiku = ["{haiku}"]\n'
    for name, way in WAYS.items():
        own = folder / f"{pair}-{mix}-{name}".replace(" ", "-")
        own.mkdir()
        policy = f'policy = "{way.policy}"\n' if way.policy else ""
        day = sessions(count, seed, MIXES[mix])
        choose = way.choose((flash, haiku), seed)
        played = play(own, day, choose, AUTO + policy + families, Player)
        yield Cost(mix, name, played.requests, played.bill)


def main() -> None:
    """Run the days and print a table for each pair."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", help="mixes whose names begin so")
    parser.add_argument("--pair", choices=list(PAIRS), help="this pair only")
    asked = parser.parse_args()
    mixes = [mix for mix in MIXES if mix.startswith(asked.only or "")]
    line = "{:20}{:>9}" + "{:>14}" * len(WAYS) + "{:>12}{:>12}"
    for pair in [asked.pair] if asked.pair else PAIRS:
        print(f"\n{pair}: {' and '.join(PAIRS[pair])}, dollars a day")
        print(line.format("shares", "requests", *WAYS, "cheapest to", "cheapest to"))
        print(line.format("", "", *[""] * len(WAYS), "best single", "random"))
        for mix in mixes:
            with tempfile.TemporaryDirectory() as folder:
                found = list(costs(Path(folder), mix, pair, asked.sessions, asked.seed))
            usd = {each.way: each.usd for each in found}
            best = min(usd[way] for way in SINGLE)
            print(
                line.format(
                    mix,
                    found[0].requests,
                    *[f"{usd[way]:.4f}" for way in WAYS],
                    f"{usd['cheapest'] / best:.3f}",
                    f"{usd['cheapest'] / usd['random']:.3f}",
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
