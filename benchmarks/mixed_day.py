"""A mixed day under policies and single models: cost, quality and failures of each.

    make mixed             python -m benchmarks.mixed_day [--sessions N] [--seed N] [--only SHARES]
                                                          [--pair PAIR] [--told yes|no]

A day of 40 sessions takes about a minute on two idle cores; there are twelve for a pair.

Chats, agents with long warm prefixes, documents, one-off questions and media, in the stated shares
(`MIXES`), from a seed; the clock is the day's, so that caches expire as they would. Each day is run
once for each way to choose, through the real gateway, and billed by the emulator's counts at the
catalogue's prices. Shares and tasks (`benchmarks.tasked_day`) were written down before anything was
measured, and nothing is fitted to them.

The emulator answers every model with the same words, so quality is no measurement here. It is what
the source that the policies come from gives each model for each kind of work: its stars. A request
is *held* where the model that answered has at most one star less than the other; one that nobody
could take is not held. Work without stars (translation, images) asks for nothing. The better of the
two single models is the one that holds more.

The routers see the same stars as quality figures. What they do not see is the day's truth: they go
by the recogniser, or, on days that are played `told`, by what the client says. `blind` is a router
that is like the one beside it in all but this: it knows nothing of prompt caches and of sessions,
while the gateway still asks the vendors to cache. `uncached` does not ask either.
"""

import argparse
import http.client
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from benchmarks.day import SHARES, Session
from benchmarks.made_media import PARTS
from benchmarks.tasked_day import TASKS, Tasked, tasked
from benchmarks.whatif_truth import Choose, Client, Clock, play, spoken
from fairlead.catalog import load
from fairlead.engine.exchange import Exchange
from fairlead.engine.live import Live
from fairlead.lab.choose.evidence import stars
from fairlead.routing import Chooser, Features, Moment
from fairlead.server.app import App

__all__ = ["MIXES", "PAIRS", "WAYS", "Result", "better", "results"]

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
    "near": ("gemini-3.8-flash", "claude-haiku-4-5-20251001"),
}
"""Flash and Haiku: the article's; those that are served after them; and two whose prices are near.
Only of the first pair a source gives stars: of the others it is assumed that the families kept
them."""
STAR = 20
"""Points of quality that a star stands for: five are 100."""
MOST_BEHIND = 1

_OWN = """
name = "{name}"
version = "1"
candidates = ["flash", "haiku"]
objective = "cheapest"

[constraints]
quality_within = {within}
"""
POLICIES = {
    "held": _OWN.format(name="held", within=MOST_BEHIND * STAR),
    "best-stars": _OWN.format(name="best-stars", within=0),
    "careful": """
name = "careful"
version = "1"
candidates = ["haiku", "flash"]
objective = "cheapest"
otherwise = "haiku"

[[rules]]
question = "work for which Flash is at most a star behind?"
when.task.any_of = ["document", "audio", "video", "math", "science", "chat", "creative", "agent"]
use = ["flash", "haiku"]
""",
}
"""The cheapest that is at most a star behind; that is not behind at all; and, where nobody knows
what a request is about, the one that is better in what would cost most stars (coding)."""


class Way(NamedTuple):
    """How the model is chosen: the policy of `auto`, or the client by itself. `blind`: without a
    look at caches and sessions. `caching`: vendors are asked to cache.
    """

    choose: Callable[[tuple[str, str], int], Choose]
    policy: str = ""
    blind: bool = False
    caching: bool = True


def _single(place: int) -> Callable[[tuple[str, str], int], Choose]:
    return lambda pair, _: lambda _: pair[place]


def _each_by_lot(pair: tuple[str, str], seed: int) -> Choose:
    """A lot for each request: what ignores every prompt cache."""
    draw = random.Random(seed)  # noqa: S311 - a day, not a secret
    return lambda _: draw.choice(pair)


def _auto(policy: str, *, blind: bool = False, caching: bool = True) -> Way:
    return Way(lambda _, __: lambda _: "auto", policy, blind, caching)


WAYS: Mapping[str, Way] = {
    "always flash": Way(_single(0)),
    "always haiku": Way(_single(1)),
    "random": Way(_each_by_lot),
    "article-length": _auto("article-length"),
    "article-tree": _auto("article-tree"),
    "cheapest": _auto("cheapest"),
    "held": _auto("held"),
    "held, blind": _auto("held", blind=True),
    "held, uncached": _auto("held", blind=True, caching=False),
    "careful": _auto("careful"),
    "careful, blind": _auto("careful", blind=True),
    "best-stars": _auto("best-stars"),
    "best-stars, blind": _auto("best-stars", blind=True),
}
SINGLE = ("always flash", "always haiku")


class Blind(Live):
    """A router's memory without what lies in caches and what a session had."""

    def moment(self, x: Exchange, chooser: Chooser, features: Features) -> Moment:
        """Paces and quality, and nothing else."""
        whole = super().moment(x, chooser, features)
        return replace(whole, session=None, held=None, further=0, warm={})


def _blinded(app: App) -> None:
    engine = app.plane.engine
    engine.live = Blind(engine.beginnings)


# --- a day played ---------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a request was about, and which model answered it; None: none could."""

    task: str
    model: str | None


class Player(Client):
    """A client that notes who answered what. `told`: it says what each request is about."""

    def __init__(
        self, port: int, clock: Clock, choose: Choose, day: Sequence[Tasked], *, told: bool
    ) -> None:
        super().__init__(port, clock, choose)
        self._tasks = {each.session.number: each.tasks for each in day}
        self._told = told
        self.answers: list[Answer] = []

    def _ask(self, session: Session, history: list[dict[str, Any]]) -> str:
        task = self._tasks[session.number][len(history) // 2]
        part = PARTS.get(task)
        if part is not None:
            history = [
                {**said, "content": [{"type": "text", "text": said["content"]}, part]}
                if said["role"] == "user"
                else said
                for said in history
            ]
        path, body = spoken(self._choose(session), session, history)
        head = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        if self._told:
            head["x-fairlead-task"] = task
        answer = self._sent(path, body, head)
        self.sent += 1
        if answer is None:
            self.answers.append(Answer(task, None))
            return "Sorry."
        model, text = answer
        self.answers.append(Answer(task, model))
        return text

    def _sent(
        self, path: str, body: dict[str, Any], head: dict[str, str]
    ) -> tuple[str, str] | None:
        """Who answered, and what; None where nobody can take such a request."""
        self._http.request("POST", path, json.dumps(body), head)
        answer: http.client.HTTPResponse = self._http.getresponse()
        read = json.loads(answer.read())
        if answer.status == 400 and read["error"]["type"] == "invalid_request_error":
            return None
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {read}")
        if path == "/v1/messages":
            text = "".join(block.get("text", "") for block in read["content"]) or "I call a tool."
        else:
            text = str(read["choices"][0]["message"]["content"])
        return str(answer.headers["x-fairlead-model"]), text


class Result(NamedTuple):
    """What one way made of one day. `held` and `stars` are over the requests whose work has stars:
    the share that was held, and the mean.
    """

    mix: str
    way: str
    requests: int
    failed: int
    usd: Decimal
    held: float
    stars: float


def given(pair: tuple[str, str]) -> dict[str, dict[str, int]]:
    """The stars of both models by task, where there are any: those of the article's pair."""
    catalog = load()
    found = {task: stars(task, catalog) for kind in TASKS.values() for task in kind}
    return {
        task: {
            model: said.by_model[rated] for model, rated in zip(pair, PAIRS["article"], strict=True)
        }
        for task, said in found.items()
        if said is not None
    }


def judged(answers: Sequence[Answer], by: Mapping[str, Mapping[str, int]]) -> tuple[float, float]:
    """The share that was held, and the mean of stars (none for what failed)."""
    rated = [each for each in answers if each.task in by]
    got = [0 if each.model is None else by[each.task].get(each.model, 0) for each in rated]
    best = [max(by[each.task].values()) for each in rated]
    held = [mine >= most - MOST_BEHIND for mine, most in zip(got, best, strict=True)]
    return sum(held) / len(rated), sum(got) / len(rated)


def results(
    folder: Path,
    mix: str,
    pair: str,
    count: int,
    seed: int,
    *,
    told: bool = False,
    ways: Sequence[str] = tuple(WAYS),
) -> Iterator[Result]:
    """One day, chosen in every way."""
    models = PAIRS[pair]
    rated = given(models)
    for name in ways:
        way = WAYS[name]
        own = folder / f"{pair}-{mix}-{name}-{told}".replace(" ", "-").replace(",", "")
        (own / "policies").mkdir(parents=True)
        day = list(tasked(count, seed, MIXES[mix]))
        players: list[Player] = []

        def player(
            port: int,
            clock: Clock,
            choose: Choose,
            day: Sequence[Tasked] = day,
            players: list[Player] = players,
        ) -> Client:
            players.append(Player(port, clock, choose, day, told=told))
            return players[-1]

        played = play(
            own,
            [each.session for each in day],
            way.choose(models, seed),
            _settings(own, way, models, rated),
            player,
            _blinded if way.blind else None,
        )
        answers = players[0].answers
        held, mean = judged(answers, rated)
        failed = sum(each.model is None for each in answers)
        yield Result(mix, name, len(answers), failed, played.bill, held, mean)


def _settings(
    folder: Path, way: Way, pair: tuple[str, str], by: Mapping[str, Mapping[str, int]]
) -> str:
    """The gateway's configuration: caching on, the policies above, the stars as figures."""
    for name, policy in POLICIES.items():
        (folder / "policies" / f"{name}.toml").write_text(policy)
    text = "".join(
        f'[[figures]]\nmodel = "{model}"\ntask = "{task}"\n'
        f"score = {count * STAR}\nlow = {count * STAR}\nhigh = {count * STAR}\n"
        for task, each in by.items()
        for model, count in each.items()
    )
    quality = folder / "quality.toml"
    quality.write_text(text)
    chosen = f'policy = "{way.policy}"\n' if way.policy else ""
    flash, haiku = pair
    return (
        f'[routing]\nprompt_caching = "{"auto" if way.caching else "off"}"\n'
        f'policies_dir = "{folder / "policies"}"\n'
        f'{chosen}quality = "{quality}"\n'
        f'[families]\nflash = ["{flash}"]\nhaiku = ["{haiku}"]\n'
    )


def better(found: Mapping[str, Result]) -> Result:
    """The single model that holds more; of equal ones the cheaper."""
    return max((found[way] for way in SINGLE), key=lambda each: (each.held, -each.usd))


def _print(found: Mapping[str, Result]) -> None:
    single = better(found)
    line = "{:20}{:>10}{:>8}{:>9}{:>8}{:>12}"
    print(line.format("way", "dollars", "failed", "held", "stars", "to single"))
    for name, each in found.items():
        ratio = f"{each.usd / single.usd:.3f}"
        held, mean = f"{each.held:.1%}", f"{each.stars:.2f}"
        print(line.format(name, f"{each.usd:.4f}", each.failed, held, mean, ratio))
    print(f"the better single model: {single.way}")
    for name, each in found.items():
        for without in ("blind", "uncached"):
            other = found.get(f"{name}, {without}")
            if other is not None:
                print(f"{name} to {name}, {without}: {each.usd / other.usd:.3f}", flush=True)


def main() -> None:
    """Run the days and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", help="mixes whose names begin so")
    parser.add_argument("--pair", choices=[*PAIRS, "all"], default="article")
    parser.add_argument("--told", choices=["yes", "no"], help="only days that are played so")
    asked = parser.parse_args()
    mixes = [mix for mix in MIXES if mix.startswith(asked.only or "")]
    for pair in PAIRS if asked.pair == "all" else [asked.pair]:
        for mix in mixes:
            for told in (False, True):
                if asked.told == ("no" if told else "yes"):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    day = results(Path(folder), mix, pair, asked.sessions, asked.seed, told=told)
                    found = {each.way: each for each in day}
                count = next(iter(found.values())).requests
                print(f"\n{pair}, {mix}, {'told' if told else 'recognised'}, {count} requests")
                _print(found)


if __name__ == "__main__":
    main()
