"""Whether any policy breaks a hard limit, over generated requests and recorded ones.

    python -m benchmarks.hard_limits [--requests 100000] [--seed 1]

Each request goes to every policy, in a random moment, with a random choice of vendors that have a
key, every third time with models that several doors have whose limits differ: by the quick way, and
each tenth request by the whole one too. The limits are said here once more, plainly, without the
code under test. A model that may not be able to serve (the prompt's size is an estimate) counts as
broken only where another one certainly could. Looked at is everybody whom a request may reach: the
choice, all that are ranked behind it (of these alone retries, fallbacks, hedges and cascades take
theirs), which doors of each, and where a shadow's copy would go, whoever answered. Recorded
requests are read from ../shared, if that is there. Ends with 1 if a limit was broken.
"""

import argparse
import gzip
import json
import os
import random
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import get_args

from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.catalog import Catalog, load, shipped_policies
from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable
from fairlead.routing import (
    Chooser,
    Features,
    Latency,
    Moment,
    Option,
    Pace,
    Policy,
    Quality,
    Task,
    Warm,
    always,
    extract,
    options_for,
    parse_policies,
    predictor,
)
from fairlead.routing.decision import Decision
from fairlead.routing.draw import uniform
from fairlead.routing.options import uneven
from fairlead.server.compile import CODECS
from fairlead.server.dialects import recognise

TODAY = date(2026, 11, 22)
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[2] / "shared"))
KINDS = ("image", "audio", "video", "document")
NEEDS = ("tools", "forced_tools", "json", "json_schema", "n", "prefill", "audio_output")
SIZES = (0, 5, 900, 60_000, 150_000, 181_000, 199_999, 200_001, 221_000, 900_000, 1_048_577)
WIDE = """
name = "wide-{objective}"
version = "1"
candidates = ["flash", "haiku", "gpt-5-mini", "gemini-3.8-flash", "claude-haiku-5-5"]
objective = "{objective}"
constraints = {{ max_usd = 0.05, max_first_token_ms = 600, quality_within = 3 }}
options = {{ sticky = true }}
"""

EVERYTHING = """
name = "everything"
version = "1"
candidates = ["haiku", "flash", "gpt-5-mini"]
objective = "cheapest"
options = { sticky = true, hedge = true, hold_back_ms = 300 }
[fallbacks]
haiku = "gpt-5-mini"
[cascade]
ask = "flash"
then = "haiku"
accepted_cost_ratio = 1
[shadow]
to = ["haiku", "flash", "gpt-5-mini"]
share = 1
usd_per_day = 1_000
"""
DIVIDED = """
name = "divided"
version = "1"
[canary]
base = "article-tree"
policy = "everything"
share = 0.5
"""
DOORS = ("", "vertex", "bedrock")


def policies(catalog: Catalog) -> list[Policy]:
    """Those that ship, `always:`, one over more models for each objective, one with everything
    that a policy may have, and a canary of it.
    """
    wide = {
        f"{name}.toml": WIDE.format(objective=name)
        for name in ("cheapest", "fastest", "best", "balanced")
    }
    files = {**wide, "everything.toml": EVERYTHING, "divided.toml": DIVIDED}
    found = parse_policies(files, shipped_policies(), catalog)
    return [*found.values(), always("flash"), always("haiku")]


def breaks(model: Model, features: Features) -> bool:
    """The limits that are certain, said plainly."""
    limits, none = model.limits, 10**15
    image = len(b64encode(bytes(features.image_bytes)))
    return (
        (limits.context_window or none) * 1.1 < features.prompt_tokens
        or (limits.max_output or none) < (features.max_tokens or 0)
        or (limits.candidates_max or none) < features.candidates
        or bool(model.modalities_in and set(features.modalities) - set(model.modalities_in))
        or bool(model.features and set(features.needs) - set(model.features))
        or _over(limits.images_max, features.images)
        or _over(limits.videos_max, features.videos)
        or _over(limits.image_base64_bytes, image)
        or _over(limits.document_bytes, features.document_bytes)
        or _over(limits.request_bytes, features.inline_bytes)
    )


def doubted(model: Model, features: Features) -> bool:
    """What is judged by an estimate: the window and the pages."""
    limits = model.limits
    return (
        _over(limits.context_window, features.prompt_tokens_high)
        or _over(limits.document_pages, features.document_pages)
        or _over(limits.request_pages, features.pages)
    )


def _over(most: int | None, has: int) -> bool:
    return most is not None and most < has


def generated(draw: random.Random) -> Features:
    """One request's features, near the limits more often than far from them."""
    tokens = draw.choice(SIZES)
    kinds = tuple([kind for kind in KINDS if draw.random() < 0.15])
    images = draw.choice((0, 1, 3, 101, 3_001)) if "image" in kinds else 0
    image = draw.choice((1_000, 7_864_320, 7_864_321, 12_000_000)) if images else 0
    pdf = draw.choice((9_000, 33_554_432, 60_000_000)) if "document" in kinds else 0
    pages = draw.choice((1, 90, 101, 1_001)) if pdf else 0
    return Features(
        prompt_tokens=tokens,
        prompt_tokens_high=tokens + draw.choice((0, 0, 9, 2_000, 20_000, 90_000)),
        max_tokens=draw.choice((None, 1, 500, 8_193, 64_000, 64_001, 65_537, 200_000)),
        modalities=("text", *kinds),
        needs=tuple([need for need in NEEDS if draw.random() < 0.08]),
        tools=draw.choice((0, 0, 3, 40)),
        turns=draw.choice((1, 2, 9, 80)),
        candidates=draw.choice((1, 1, 1, 2, 9)),
        stream=draw.random() < 0.5,
        task=draw.choice(get_args(Task)),
        latency=draw.choice(get_args(Latency)),
        budget=draw.choice(("tight", "normal")),
        images=images,
        image_bytes=image,
        videos=draw.choice((0, 1, 11)) if "video" in kinds else 0,
        document_bytes=pdf,
        document_pages=pages,
        pages=pages * draw.choice((1, 2)),
        inline_bytes=(image * min(images, 2) + pdf) * 4 // 3,
    )


def moment(draw: random.Random, models: list[str]) -> Moment:
    """A state that favours anybody."""
    some = [name for name in models if draw.random() < 0.7]
    return Moment(
        session=draw.choice((None, draw.getrandbits(50))),
        held=draw.choice((None, *models)),
        further=draw.choice((0, 1, 8)),
        pace={n: Pace(draw.uniform(50, 2_000), draw.uniform(10, 300), 200.0, 9) for n in some},
        quality={n: Quality(draw.uniform(20, 100), 0, 100) for n in some},
        warm={n: Warm(draw.choice((0, 50_000)), 100, 0.8, 60_000, 60_000) for n in some},
    )


def recorded() -> Iterator[Features]:
    """The features of every recorded request that is one, hints left out."""
    path = SHARED / "wire" / "recordings.jsonl.gz"
    if not path.exists():
        print("../shared is absent: no recordings", file=sys.stderr)
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            body = json.loads(line)["request"]["body"]
            text = (body if isinstance(body, str) else json.dumps(body)).encode()
            try:
                yield extract(CODECS[recognise(text)].decode_request(text), None, len(text))
            except Failure:
                continue  # files, counts, requests at fault


class Bench:
    """Every policy with its options, for each choice of vendors that have a key."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.policies = policies(catalog)
        self._choosers: dict[tuple[str, frozenset[str], tuple[str, ...]], Chooser] = {}
        self._plain: dict[tuple[str, str, str], bool] = {}
        self._count = -1
        self.broken: list[str] = []
        self.decisions = self.refused = self.copies = 0

    def run(self, features: Features, draw: random.Random) -> None:
        """One request under every policy, each in a moment of its own."""
        self._count += 1
        self._plain.clear()
        keyless = frozenset([v for v in ("google", "anthropic", "openai") if draw.random() < 0.15])
        doors = tuple(draw.sample(DOORS, draw.choice((2, 3)))) if self._count % 3 == 0 else ()
        for policy in self.policies:
            chooser = self._chooser(policy, keyless, doors)
            state = moment(draw, list(chooser.models))
            self._check(chooser, features, state, whole=self._count % 10 == 0)

    def _chooser(self, policy: Policy, keyless: frozenset[str], doors: tuple[str, ...]) -> Chooser:
        key = (policy.name, keyless, doors)
        found = self._choosers.get(key)
        if found is None:
            options = options_for(
                policy, self.catalog, TODAY, lambda model: model.vendor not in keyless
            )
            options = tuple([self._at(each, doors) for each in options])
            found = Chooser(policy, options, lambda model: predictor(PriceTable(model, TODAY)))
            self._choosers[key] = found
        return found

    def _at(self, option: Option, doors: tuple[str, ...]) -> Option:
        """The option as a gateway has it with these doors, the vendor's own being ""."""
        models = [self.catalog.at_door(option.model, door, "") for door in doors]
        return replace(option, model=models[0], doors=uneven(models)) if models else option

    def _said(
        self, ask: Callable[[Model, Features], bool], model: Model, features: Features
    ) -> bool:
        """The plain answer, which every policy asks for: kept for one request."""
        key = (ask.__name__, model.id, model.door)
        if key not in self._plain:
            self._plain[key] = ask(model, features)
        return self._plain[key]

    def _check(self, chooser: Chooser, features: Features, state: Moment, *, whole: bool) -> None:
        options: dict[str, Option] = {each.model.id: each for each in _asked(chooser, state)}
        may = {name: self._doors(each, features) for name, each in options.items()}
        fit = {name for name, (doors, _) in may.items() if doors}
        sure = {name for name, (_, doors) in may.items() if doors}
        for way in (chooser.quick, chooser.decide) if whole else (chooser.quick,):
            self.decisions += 1
            ranked: tuple[str, ...] = ()
            try:
                decision = way(features, state)
            except Failure:
                self.refused += 1
            else:
                ranked = decision.ranked
                self._check_copies(chooser, features, decision, options, may)
            right = set(ranked) == (sure or fit)
            for name in ranked if right else ():
                option, (serve, surely) = options[name], may[name]
                right = right and _among(option, features) == (surely or serve)
            if not right:
                self.broken.append(f"{chooser.policy.name}: {sorted(ranked)}, {features}")

    def _doors(self, option: Option, features: Features) -> tuple[list[str], list[str]]:
        """The doors of an option that may serve, and those of them that can for sure."""
        doors = (option.doors or (option.model,)) if option.available else ()
        serve = [each for each in doors if not self._said(breaks, each, features)]
        surely = [each.door for each in serve if not self._said(doubted, each, features)]
        return [each.door for each in serve], surely

    def _check_copies(
        self,
        chooser: Chooser,
        features: Features,
        decision: Decision,
        options: dict[str, Option],
        may: dict[str, tuple[list[str], list[str]]],
    ) -> None:
        """Where a shadow's copy goes, whoever answered: to another one that can for sure."""
        policy = chooser.shadow_of(decision) if chooser.shadows else None
        if policy is None or policy.shadow is None:
            return
        own = Chooser(policy, tuple(options.values()))
        for answered in decision.ranked:
            copy = own.copied_to(policy.shadow, answered, features)
            left = [name for name, (_, surely) in may.items() if surely and name != answered]
            self.copies += copy is not None
            to = None if copy is None else copy.model.id
            wrong = to not in left if left else to is not None
            if wrong or (copy is not None and _among(copy, features) != may[copy.model.id][1]):
                self.broken.append(f"{chooser.policy.name}, copy: {to}, {features}")


def _among(option: Option, features: Features) -> list[str]:
    """The doors of an option that are asked."""
    doors = option.doors or (option.model,)
    return [each.door for each in option.among(doors, features)]


def _asked(chooser: Chooser, state: Moment) -> Iterable[Option]:
    """The options of the policy; of a canary those of its arm."""
    canary = chooser.policy.canary
    if canary is None:
        return chooser.options
    name = chooser.policy.name
    drawn = state.session is not None and uniform(state.session, name) < canary.share
    names = canary.arms[drawn].candidates
    return [option for option in chooser.options if any(option.answers_to(n) for n in names)]


def main() -> None:
    """Print how many were broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)  # noqa: S311 - draws requests, no secrets
    bench = Bench(load())
    for _ in range(asked.requests):
        bench.run(generated(draw), draw)
    count = 0
    for features in recorded():
        count += 1
        bench.run(features, draw)
    names = ", ".join(policy.name for policy in bench.policies)
    print(
        f"{asked.requests:,} generated and {count:,} recorded requests, {len(bench.policies)}"
        f" policies ({names}): {bench.decisions:,} decisions, {bench.refused:,} of them that no"
        f" model can serve it, {bench.copies:,} copies to shadows; hard limits broken:"
        f" {len(bench.broken)}"
    )
    for line in bench.broken[:20]:
        print(line)
    sys.exit(bool(bench.broken))


if __name__ == "__main__":
    main()
