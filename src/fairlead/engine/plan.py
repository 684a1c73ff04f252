"""From the client's bytes to a decision: peek, hints, decode where it is needed, route.

Decoding is lazy: a named model whose upstream speaks the client's own dialect is never decoded.
"""

from collections.abc import Callable, Sequence

from fairlead.canon import Failure
from fairlead.catalog.model import Model
from fairlead.engine import hints as hint_reader
from fairlead.engine.exchange import Exchange
from fairlead.engine.learning import PromptCounts
from fairlead.engine.snapshot import Lane
from fairlead.routing import Chooser, Moment, extract, named
from fairlead.routing.decide import undecided
from fairlead.routing.decision import Candidate, Decision, Features, Hints
from fairlead.routing.looking import NO_OUTSIDE, Outside
from fairlead.routing.options import Option, uneven

__all__ = ["AUTO", "Lane", "as_named", "plan"]

AUTO = "auto"

MomentOf = Callable[[Exchange, Chooser, Features], Moment]
"""What a decision of a policy may look at (`engine.live`)."""
OutsideOf = Callable[[Exchange, tuple[str, ...]], Outside]
"""What those of the features are that the request itself does not say (`engine.live`)."""


def plan(x: Exchange, counts: PromptCounts, moment: MomentOf, outside: OutsideOf) -> Sequence[Lane]:
    """The ways that may serve this request, best first; fills in the exchange's decision.

    `counts` corrects the estimate of its prompt by what the route's last answers had; `moment` is
    asked for what an objective looks at, `outside` for what a policy's questions do.

    Raises:
        Failure: nothing can serve it, or the request is at fault.
    """
    hints = hint_reader.read(x.headers, x.body)
    if hints.allow_loss is not None:
        x.allow_loss = hints.allow_loss
    if hints.prompt_caching is not None:
        x.wants_caching = hints.prompt_caching == "auto"
    x.latency, x.timeout = hints.latency, hints.timeout
    if hints.policy is not None:
        x.snapshot.policy(hints.policy)  # a misspelt one is told, also where none is needed
    if x.model_name == AUTO:
        return _by_policy(x, hints, counts, moment, outside)
    return _by_name(x, hints, counts)


def _by_name(x: Exchange, hints: Hints, counts: PromptCounts) -> Sequence[Lane]:
    snapshot = x.snapshot
    if not x.model_name and (lanes := _unnamed(x)):
        return lanes
    model = snapshot.model(x.model_name, x.today)
    lanes = snapshot.ways(model)
    model = lanes[0][0]  # as its first door has it
    warnings = snapshot.warnings(x.model_name, x.today)
    if lanes[0][1].speaks(x.codec.dialect):
        x.decision = as_named(model, warnings)
    else:
        request = x.decoded()
        features = counts.foresee(x, extract(request, hints, len(x.body)), model.id)
        doors = uneven([each for each, _ in lanes])
        x.decision = named(model, features, warnings=warnings, doors=doors)
        lanes = Option(model, doors=doors).among(lanes, features)
    return lanes


def _unnamed(x: Exchange) -> Sequence[Lane]:
    """Where a request goes that names no model because a prompt that its vendor keeps does
    (Responses: `prompt`). Only one upstream may be meant.
    """
    dialect = x.codec.dialect
    speaking = [u for u in x.snapshot.upstreams.values() if u.speaks(dialect)]
    if x.in_url is not None or len({each.name for each in speaking}) != 1:
        return ()
    model = Model.unknown("", speaking[0].vendor)
    x.decision = as_named(model, ())
    return [(model, each) for each in speaking]


def as_named(model: Model, warnings: tuple[str, ...]) -> Decision:
    """The decision for a named model whose limits nobody here checks: its vendor does."""
    return Decision(
        policy="named",
        policy_hash="",
        path=(),
        ranked=(model.id,),
        candidates=(Candidate(model.id, "named by the client"),),
        reason="named by the client",
        route="named by the client",
        features=Features(),
        warnings=warnings,
    )


def _by_policy(
    x: Exchange, hints: Hints, counts: PromptCounts, moment: MomentOf, outside: OutsideOf
) -> Sequence[Lane]:
    snapshot, today = x.snapshot, x.today
    policy = snapshot.policy(hints.policy)
    if policy.hold_back_ms is not None:
        x.hold_back = policy.hold_back_ms / 1000
    x.hedge = policy.hedge
    chooser = snapshot.chooser(policy, today)
    asked = chooser.looks_at
    given = outside(x, asked) if asked else NO_OUTSIDE
    features = extract(x.decoded(), hints, len(x.body), asked=asked, outside=given)
    features = counts.foresee(x, features, policy.name)
    state = moment(x, chooser, features)
    try:
        decision = x.decision = chooser.quick(features, state)
    except Failure:
        if policy.canary is not None:  # its arm has to answer for that
            x.decision = undecided(policy, features, state)
        raise
    if chooser.shadows:
        x.shadow = chooser.shadow_of(decision)
    if chooser.cascades:
        x.cascade = chooser.cascade_of(decision)
    models, partly = chooser.models, chooser.uneven
    ways, known = snapshot.ways, snapshot.lanes
    if not partly:
        return [
            lane
            for name in decision.ranked
            for lane in known.get(models[name].id) or ways(models[name])
        ]
    lanes: list[Lane] = []
    for name in decision.ranked:
        found, option = ways(models[name]), partly.get(name)
        lanes += found if option is None else option.among(found, features)
    return lanes
