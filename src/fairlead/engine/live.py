"""What objectives look at: how fast models answer, what is warm where, what a session had before.

Mutable; of one process. Fed when an answer begins and when it is settled; asked when a policy whose
decision depends on it routes a request, and by the preview. What comes out is a frozen `Moment`.

A model's prompt cache is known by what was sent to it: a vendor that caches by itself, or was asked
to, holds the beginnings of those prompts for five minutes after they were last used. How sure that
is differs: a cache that is asked for nearly always hits, an automatic one as the vendor pleases. So
it is learned for each model, from what was expected to be read and what was billed as read.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.engine.beginnings import Beginnings, cached_as, marked, wants
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.routing import (
    NO_MOMENT,
    Chooser,
    Features,
    Moment,
    Pace,
    Quality,
    Warm,
    prompt_tokens_for,
)
from fairlead.routing.looking import Outside
from fairlead.routing.pace import Paces
from fairlead.routing.scored import scored
from fairlead.routing.session import session_of, stated
from fairlead.tokens.prefix import FIVE_MINUTES, PrefixIndex

__all__ = ["Live", "quality_of"]

SESSIONS: Final = 20_000
"""Sessions that are remembered; of two generations, like beginnings."""
MOST_FURTHER: Final = 8
"""Further turns that a session is expected to have at most."""
_PRIOR: Final = 4.0
"""Answers' worth of belief in the first guess of how sure a cache is."""
_GUESS: Final = {True: 0.95, False: 0.5}
"""Asked for, and automatic."""
_FADE: Final = 0.98
_LEAST: Final = 1_024


class _Held(Struct, frozen=True):
    """What a session had: its model, and when each model last answered it."""

    model: str
    at: dict[str, float]


class _Hits:
    """How much of what should be warm was read, by model."""

    __slots__ = ("_by",)

    def __init__(self) -> None:
        self._by: dict[str, tuple[float, float]] = {}

    def note(self, model: str, share: float) -> None:
        """An answer read this share of what was expected to be warm."""
        hits, all_ = self._by.get(model, (0.0, 0.0))
        self._by[model] = (hits * _FADE + share, all_ * _FADE + 1)

    def sure(self, model: str, *, asked: bool) -> float:
        """How much of what should be warm will be."""
        hits, all_ = self._by.get(model, (0.0, 0.0))
        return round((hits + _PRIOR * _GUESS[asked]) / (all_ + _PRIOR), 3)


class Accounts(Protocol):
    """What is known of a key by its id, in memory (`server.budget_watch`)."""

    def team(self, key_id: str) -> str | None:
        """Whose it is."""
        ...

    def pressure(self, key_id: str) -> int | None:
        """How much of its budget is spent, in percent; None: not known, or it has none."""
        ...


class Live:
    """The state beside the configuration that decisions may depend on. Nothing is noted before a
    policy has asked for the first time: others shall not pay for it.
    """

    def __init__(self, beginnings: Beginnings) -> None:
        self._beginnings = beginnings
        self.asked = False
        """Whether a policy has ever looked: until then nothing is noted."""
        self.paces = Paces()
        self.accounts: Accounts | None = None
        """Whose keys are, and what they have spent."""
        self.rolled_back: Mapping[str, str] = {}
        """Since when canaries have no share any more, by their hash; swapped whole."""
        self._sent = PrefixIndex()
        self._hits = _Hits()
        self._young: dict[int, _Held] = {}
        self._old: dict[int, _Held] = {}

    def moment(self, x: Exchange, chooser: Chooser, features: Features) -> Moment:
        """What a decision may look at; nothing where the policy looks at nothing."""
        if not chooser.looks_round:
            return NO_MOMENT
        self.asked = True
        self._beginnings.look(x)
        request = x.decoded()
        said = stated(x.headers, request.user)
        session = x.session = session_of(request, x.scope, said)
        held = self._young.get(session) or self._old.get(session)
        models = chooser.available
        moment = Moment(
            session=session,
            held=None if held is None else held.model,
            further=_further(features),
            pace=self._paces(models, x.at),
            quality=quality_of(x.snapshot, models, features.task) if x.snapshot.quality else {},
            warm=self._warm(x, models, features, held),
            rolled_back=self.rolled_back.get(chooser.policy.hash, ""),
        )
        scorers = x.snapshot.scorers
        return scored(moment, chooser.policy, scorers, request) if scorers else moment

    def outside(self, x: Exchange, asked: tuple[str, ...]) -> Outside:
        """What is known of the request's surroundings."""
        if "warm_tokens" in asked:
            self._beginnings.look(x)
        warm = 0 if x.reuse is None else x.reuse.within_5m
        team = pressure = None
        if self.accounts is not None and x.key_id is not None:
            team, pressure = self.accounts.team(x.key_id), self.accounts.pressure(x.key_id)
        hour = int(x.at) // 3600 % 24
        return Outside(x.key_id, hour, warm, team, pressure)

    def begun(self, x: Exchange) -> None:
        """The answer begins: the session has a model, and its vendor has cached what it caches."""
        model = x.model
        if model is None or not self.asked:
            return
        if x.prefix is not None and "prompt_cache" in model.features:
            self._sent.note(cached_as(x, model), x.prefix, x.at)
        session = x.session
        if session is not None:
            held = self._young.get(session) or self._old.get(session)
            if len(self._young) >= SESSIONS // 2:
                self._old, self._young = self._young, {}
            at = {} if held is None else held.at
            self._young[session] = _Held(model.id, {**at, model.id: x.at})

    def settled(self, x: Exchange) -> None:
        """The answer is over: how long it took, and what was read from the cache."""
        usage, model = x.usage, x.model
        if not self.asked or usage is None or model is None or usage.estimated:
            return
        self.paces.observe(
            model.id,
            x.at,
            first_token_ms=None if not x.stream else _ms(x, x.first_token),
            last_ms=_ms(x, x.last),
            output_tokens=usage.completion_total,
        )
        decision = x.decision
        moment = None if decision is None else decision.moment
        warm = None if moment is None else moment.warm.get(model.id)
        if warm is not None and warm.tokens >= _LEAST:
            self._hits.note(model.id, min(1.0, usage.cache_read / warm.tokens))

    def _paces(self, models: Collection[Model], at: float) -> dict[str, Pace]:
        found = {model.id: self.paces.of(model.id, at) for model in models}
        return {name: pace for name, pace in found.items() if pace is not None}

    def _warm(
        self, x: Exchange, models: Collection[Model], features: Features, held: _Held | None
    ) -> dict[str, Warm]:
        """What each model that caches has of the prompt, and what it will have kept of it."""
        prefix = x.prefix
        found: dict[str, Warm] = {}
        if prefix is None:
            return found
        by_client = marked(x.body)
        for model in models:
            least = model.limits.min_cacheable or _LEAST
            prompt = prompt_tokens_for(features, model)
            if "prompt_cache" not in model.features or prompt < least:
                continue
            seen = self._sent.look(cached_as(x, model), prefix, x.at)
            asks = _asks(model)
            asked = by_client or (_wanted(x, model) and seen.boundary >= 0)
            if asks and not asked:
                continue
            tokens = prompt * seen.within_5m // max(1, prefix.tokens[-1])
            last = None if held is None else held.at.get(model.id)
            found[model.id] = Warm(
                tokens=tokens if tokens >= least else 0,
                seconds=0 if last is None else round(max(0.0, last + FIVE_MINUTES - x.at), 1),
                sure=self._hits.sure(model.id, asked=asks),
                writes=prompt if asks else 0,
                keeps=prompt,
            )
        return found


def _asks(model: Model) -> bool:
    """Whether the vendor caches only what it is asked to, at a price."""
    return any(price.kind.startswith("cache_write") for price in model.prices)


def _wanted(x: Exchange, model: Model) -> bool:
    """Whether the gateway asks the model's upstream by itself."""
    return any(wants(x, upstream) for _, upstream in x.snapshot.lanes_of(model)[:1])


def quality_of(snapshot: Snapshot, models: Iterable[Model], task: str) -> dict[str, Quality]:
    """What the table of quality has for a task, by model id."""
    table = snapshot.quality
    found = {model.id: table.of(model.id, task) for model in models}
    return {name: quality for name, quality in found.items() if quality is not None}


def _further(features: Features) -> int:
    """Turns that are expected to follow. An assumption: what has gone on for n turns of the user
    goes on for n more; of a first turn one more follows where there are tools, else none.
    """
    so_far = (features.turns + 1) // 2
    if so_far <= 1:
        return 1 if features.tools else 0
    return min(so_far, MOST_FURTHER)


def _ms(x: Exchange, moment: float | None) -> float | None:
    return None if moment is None else 1000 * (moment - x.started)
