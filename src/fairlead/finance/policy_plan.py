"""A policy as a plan: the decisions that the ledger keeps, made again under another policy.

A stored decision holds the features of its request (and of the moment what had a say); that is all
that a policy sees. So where a policy sent the request, the policy of a file can be asked the same,
with the models of the request's own day. A request that named its model stays with it. Vendors
without a key count as available: the question is what if.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog, shipped_policies
from fairlead.cost.price import PriceTable
from fairlead.finance.plan import Shares
from fairlead.ledger.answers import Answer
from fairlead.routing import (
    NO_MOMENT,
    Chooser,
    Features,
    Moment,
    Policy,
    PolicyError,
    options_for,
    parse_policies,
    predictor,
    takes_on,
)

__all__ = ["PolicyPlan", "read_policy"]

NAMED = "the client named the model"
LOST = "no decision is kept, or one of an older form"
IMPOSSIBLE = "no model of the policy could take it"


class _Stored(Struct, frozen=True):
    """What of a stored decision is asked again."""

    features: Features
    moment: Moment | None = None


_decode = msgspec.json.Decoder(_Stored).decode


class PolicyPlan:
    """Each request where the policy sends it; `stayed` counts the others by the reason."""

    fixed: Shares | None = None

    def __init__(self, name: str, policy: Policy, catalog: Catalog) -> None:
        self.name = name
        self._policy = policy
        self._catalog = catalog
        self._choosers: dict[date, Chooser] = {}
        self._stayed: Counter[str] = Counter()

    @property
    def stayed(self) -> Mapping[str, int]:
        """Answers that stay with the model that gave them."""
        return self._stayed

    @property
    def notes(self) -> tuple[str, ...]:
        """That a cascade is no part of the figures, where the policy has one."""
        cascade = self._policy.cascade
        if cascade is None:
            return ()
        told = (
            f"The policy's cascade is left out: each request costs what {cascade.then} or another"
            f" choice of the policy costs, whether or not {cascade.ask} is asked first"
            " (`fairlead policy cascade` estimates that)."
        )
        return (told,)

    def targets(self, answer: Answer) -> tuple[str, ...]:
        """The one model that takes this answer."""
        return (self._target(answer),)

    def _target(self, answer: Answer) -> str:
        if not answer.decision:
            auto = answer.asked_model in {"", "auto"}
            return self._stays(answer, LOST if auto else NAMED)
        try:
            stored = _decode(answer.decision)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return self._stays(answer, LOST)
        try:
            chooser = self._chooser(answer.day)
            return chooser.decide(stored.features, stored.moment or NO_MOMENT).ranked[0]
        except Failure:
            return self._stays(answer, IMPOSSIBLE)

    def _stays(self, answer: Answer, reason: str) -> str:
        if answer.counted and answer.comparable:
            self._stayed[reason] += 1
        return answer.model

    def _chooser(self, day: date) -> Chooser:
        found = self._choosers.get(day)
        if found is None:
            options = options_for(self._policy, self._catalog, day, lambda _: True)
            found = Chooser(self._policy, options, lambda model: predictor(PriceTable(model, day)))
            self._choosers[day] = found
        return found


def read_policy(path: Path, catalog: Catalog) -> PolicyPlan:
    """The policy of a file, which may divide between the shipped ones.

    Failure (invalid_request) that says what is wrong, with the line.
    """
    shipped = {f"{name}.toml": text for name, text in shipped_policies().items()}
    try:
        text = path.read_text(encoding="utf-8")
        takes = takes_on(catalog, datetime.now(UTC).date())
        known = parse_policies({str(path): text}, shipped, catalog, takes)
        policy = known[str(tomllib.loads(text)["name"])]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure.invalid(f"{path} cannot be read: {reason}", "model", hint=_HINT) from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise Failure.invalid(str(error), "model", hint=_HINT) from error
    return PolicyPlan(f"policy:{path}", policy, catalog)


_HINT = "give the file of a policy: docs/policies.md"
