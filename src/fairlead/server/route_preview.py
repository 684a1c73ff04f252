"""Where a request would go and why, without sending it: `POST /v1/route`, and the command line.

The body is a request in any dialect, as it would be sent. It is decoded, its features are read and
the policy is asked, as for an answer. A model that the request names needs no policy; where a
policy is asked for by name, it is put to that all the same.
"""

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Dialect, Failure, Request
from fairlead.cost.amounts import encode
from fairlead.engine import hints as hint_reader
from fairlead.engine.answer_headers import JSON, answer_headers
from fairlead.engine.client import Client
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.live import quality_of
from fairlead.engine.plan import AUTO
from fairlead.engine.snapshot import Snapshot
from fairlead.engine.stored import recall
from fairlead.routing import (
    NO_MOMENT,
    Decision,
    Features,
    Flip,
    Moment,
    Policy,
    Step,
    extract,
    named,
    predictor,
)
from fairlead.routing.cascade import checks_for
from fairlead.routing.decision import Hints
from fairlead.routing.looking import LOOKED_AT, NO_OUTSIDE, OUTSIDE, Outside, asked_of
from fairlead.routing.options import uneven
from fairlead.routing.scored import scored
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import Loaded
from fairlead.server.dialects import codec_named, recognise
from fairlead.server.own_query import read_query
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.wire.codec import Codec

__all__ = [
    "Cascading",
    "Considered",
    "Preview",
    "RouteEngine",
    "asked_first",
    "codec_for",
    "known_quality",
    "preview_of",
    "read_features",
    "routed",
    "snapshot_for_preview",
    "snapshot_of_all",
    "with_model",
]

NAMED: Final = "named"
ASKED: Final = ("dialect", "policy")
"""What the query may ask for."""
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Considered(Struct, frozen=True):
    """A candidate as it is told: `routing.decision.Candidate`, nothing left out."""

    model: str
    cost_usd: Decimal | None
    why: str
    ruled_out: str | None
    prompt_tokens: int | None
    output_tokens: int | None
    first_token_ms: float | None
    latency_ms: float | None
    quality: float | None
    warm_tokens: int | None
    switch_usd: Decimal | None
    drawn: float | None


class Cascading(Struct, frozen=True):
    """Who would be asked before the model, and what its answer is checked for."""

    ask: str
    checks: tuple[str, ...]


class Preview(Struct, frozen=True):
    """A decision as it is told. `model` is None where no model can take the request: then `reason`
    says why, and there are no candidates.
    """

    model: str | None
    policy: str
    path: tuple[Step, ...]
    candidates: tuple[Considered, ...]
    reason: str
    flip: tuple[Flip, ...] = ()
    fallbacks: tuple[str, ...] = ()
    policy_hash: str = ""
    features: Features | None = None
    moment: Moment | None = None
    warnings: tuple[str, ...] = ()
    cascade: Cascading | None = None
    object: str = "route"


def preview_of(decision: Decision, first: Cascading | None = None) -> Preview:
    """The decision, told; `first` is who would be asked before."""
    return Preview(
        cascade=first,
        model=decision.ranked[0] if decision.ranked else None,
        policy=decision.policy,
        path=decision.path,
        candidates=tuple(
            Considered(
                *(each.model, each.cost_usd, each.why, each.ruled_out, each.prompt_tokens),
                *(each.output_tokens, each.first_token_ms, each.latency_ms, each.quality),
                *(each.warm_tokens, each.switch_usd, each.drawn),
            )
            for each in decision.candidates
        ),
        reason=decision.reason,
        flip=decision.flip,
        fallbacks=decision.ranked[1:],
        policy_hash=decision.policy_hash,
        features=decision.features,
        moment=decision.moment,
        warnings=decision.warnings,
    )


def read_features(
    codecs: Mapping[Dialect, Codec],
    body: bytes,
    dialect: str | None,
    hints: Hints | None,
    outside: Outside = NO_OUTSIDE,
) -> Features:
    """The features of a body, in a dialect that is given or recognised; hints in it count too.
    `outside` is what the request itself does not say.

    Raises:
        Failure: there is no such dialect, or the body is at fault.
    """
    codec = codec_for(codecs, body, dialect)
    body = with_model(codec, body)
    own = hint_reader.read((), body)
    said = {name: value for name, value in msgspec.structs.asdict(own).items() if value is not None}
    merged = replace(hints or Hints(), **said)
    given = [name for name in OUTSIDE if getattr(outside, name) is not None]
    asked = (*LOOKED_AT, *given)
    return extract(codec.decode_request(body), merged, len(body), asked=asked, outside=outside)


def with_model(codec: Codec, body: bytes) -> bytes:
    """The body, which asks for `auto` if it names no model where its dialect wants one."""
    if not codec.model_in_body:
        return body
    try:
        keys = _KEYS(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body  # the codec says what is wrong with it
    if "model" in keys:
        return body
    return msgspec.json.encode({"model": AUTO, **keys})


def codec_for(codecs: Mapping[Dialect, Codec], body: bytes, dialect: str | None) -> Codec:
    """The codec of a dialect by its name, or of the one that the body is written in.

    Raises:
        Failure: there is no such dialect, or the body is no request.
    """
    return codec_named(codecs, dialect) if dialect else codecs[recognise(body)]


def routed(
    snapshot: Snapshot,
    request: Request,
    features: Features,
    today: date,
    policy: Policy | None,
    moment: Moment,
) -> Decision:
    """Where the request would go. With a `policy` as if it named no model.

    Raises:
        Failure: no model can take it, or nobody knows the one that it names.
    """
    name = request.model or AUTO
    if policy is not None or name == AUTO:
        chooser = snapshot.chooser(policy or snapshot.policy(None), today)
        return chooser.decide(features, moment)
    model = snapshot.model(name, today)
    doors = [each for each, _ in snapshot.lanes_of(model)]
    model, available = (doors[0], True) if doors else (model, False)
    warnings = snapshot.warnings(name, today)
    made = named(
        model, features, available=available, warnings=warnings, doors=uneven(doors or [model])
    )
    said = predictor(snapshot.prices(model, today))(features, None, None)
    (only,) = made.candidates
    figured = replace(
        only,
        cost_usd=said.cost_usd,
        prompt_tokens=said.prompt_tokens,
        output_tokens=said.output_tokens,
    )
    return replace(made, candidates=(figured,))


def asked_first(
    snapshot: Snapshot, request: Request, decision: Decision, today: date, policy: Policy | None
) -> Cascading | None:
    """Who the policy's cascade would ask before the model that it chose; None: nobody."""
    if decision.policy == NAMED:
        return None
    cascade = snapshot.chooser(policy or snapshot.policy(None), today).cascade_of(decision)
    if cascade is None:
        return None
    first, second = (snapshot.model(name, today).id for name in (cascade.ask, cascade.then))
    checks = checks_for(cascade, request, decision.features.task)
    if not checks or decision.ranked[0] != second or first not in decision.ranked:
        return None
    return Cascading(first, checks)


def known_quality(
    snapshot: Snapshot,
    features: Features,
    today: date,
    policy: Policy | None,
    request: Request,
) -> Moment:
    """What is known of the moment outside of a running gateway: the table of quality, and what a
    scorer says.
    """
    chooser = snapshot.chooser(policy or snapshot.policy(None), today)
    if not chooser.looks_round:
        return NO_MOMENT
    moment = Moment(quality=quality_of(snapshot, chooser.models.values(), features.task))
    return scored(moment, chooser.policy, snapshot.scorers, request)


def snapshot_for_preview(loaded: Loaded) -> tuple[Snapshot, bool]:
    """The snapshot of a configuration for decisions that nobody sends; where no vendor has a key,
    as if each had one (True then): the question is where a request would go.
    """
    snapshot = compile_snapshot(loaded)
    if snapshot.upstreams:
        return snapshot, False
    return snapshot_of_all(loaded), True


def snapshot_of_all(loaded: Loaded) -> Snapshot:
    """The snapshot with every vendor as if it had a key."""
    keys = {kind.key_env: "none" for kind in VENDORS_OWN.values()}
    return compile_snapshot(loaded, {**os.environ, **keys})


class RouteEngine(Engine):
    """Takes previews through: an exchange without an answer of a model."""

    def _accept(self, x: Exchange) -> None:
        """Read in which dialect the request is written."""
        try:
            asked = read_query(x.query, ASKED)
            x.codec = codec_for(x.snapshot.codecs, x.body, asked.get("dialect"))
            x.body = with_model(x.codec, x.body)
            x.dialect = x.codec.dialect
            x.model_name = AUTO
            if x.codec.model_in_body:
                x.model_name = x.codec.peek(x.body).model or AUTO
            else:
                x.in_url = (AUTO, False)
        finally:
            self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        hints = hint_reader.read(x.headers, x.body)
        forced = read_query(x.query, ASKED).get("policy")
        policy = None if forced is None else x.snapshot.policy(forced)
        if hints.policy is not None:  # a misspelt one is told, also where none is needed
            hinted = x.snapshot.policy(hints.policy)
            if policy is None and x.model_name == AUTO:
                policy = hinted
        if x.codec.state is not None:
            await recall(x, self.stores.responses)
        request = x.decoded()
        looks_at = asked_of(policy or x.snapshot.policy(None))
        outside = self.live.outside(x, looks_at) if looks_at else NO_OUTSIDE
        features = extract(request, hints, len(x.body), asked=looks_at, outside=outside)
        if policy is not None or x.model_name == AUTO:
            route = (policy or x.snapshot.policy(None)).name
            features = self.stores.counts.foresee(x, features, route)
        told = self._told(x, request, features, policy)
        x.status, x.outcome, x.last = 200, "ok", perf_counter()
        x.cost, x.cost_text = Decimal(0), "0"
        await client.respond(200, answer_headers(x, JSON[1]), encode(told))

    def _told(
        self, x: Exchange, request: Request, features: Features, policy: Policy | None
    ) -> Preview:
        """The decision; that there is none is an answer too."""
        try:
            moment = NO_MOMENT
            if policy is not None or x.model_name == AUTO:
                asked = policy or x.snapshot.policy(None)
                moment = self.live.moment(x, x.snapshot.chooser(asked, x.today), features)
            made = routed(x.snapshot, request, features, x.today, policy, moment)
        except Failure as failure:
            problem = failure.problem
            if problem.kind not in {"unsupported", "context_length_exceeded"}:
                raise
            used = (policy or x.snapshot.policy(None)).name
            return Preview(None, used, (), (), problem.message, features=features)
        return preview_of(made, asked_first(x.snapshot, request, made, x.today, policy))
