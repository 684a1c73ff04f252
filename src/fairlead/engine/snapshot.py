"""All configuration, compiled once, immutable, swapped whole on reload.

An exchange holds the snapshot it began with, so a reload in its middle changes nothing for it.
"""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Dialect, Failure, Problem
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.cost.book import PriceBook
from fairlead.cost.price import PriceTable
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.grader import Grader
from fairlead.routing import ALWAYS, Chooser, Policy, always, options_for, predictor
from fairlead.routing.options import Option, uneven
from fairlead.routing.quality import QualityTable
from fairlead.routing.scorer import Scorer
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.vendors import Upstream
from fairlead.wire.codec import Codec

__all__ = ["Day", "Lane", "Snapshot"]

Lane = tuple[Model, Upstream]
"""One deployment that may serve a request: a model as one upstream has it, with one of its keys."""

_MOST = 4096  # names come from clients: what is kept of them is bounded


class Day(Struct, frozen=True):
    """What depends on the date: models by the name that was asked for, warnings, prices, and the
    choosers of the policies.
    """

    today: date
    models: dict[str, Model]
    warnings: dict[str, tuple[str, ...]]
    choosers: dict[str, Chooser]
    prices: PriceBook


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything a request needs to know of the configuration.

    `upstreams` holds the upstreams by label, in the operator's order; each key of one is an entry.
    `days` caches resolutions of one day, `lanes` who serves which model.
    """

    catalog: Catalog
    codecs: Mapping[Dialect, Codec]
    upstreams: Mapping[str, Upstream]
    policies: Mapping[str, Policy]
    default_policy: str
    fetch: FetchPolicy
    quality: QualityTable = QualityTable()
    scorers: Mapping[str, Scorer] = {}
    graders: Mapping[str, Grader] = {}
    allow_loss: bool = False
    fallback: bool = True
    delivery: Delivery = Delivery()
    max_answer_bytes: int = 64 * 1024 * 1024
    days: list[Day] = []
    lanes: dict[str, tuple[Lane, ...]] = {}

    def day(self, today: date) -> Day:
        """The cache for `today`; yesterday's is dropped."""
        days = self.days
        if days and days[-1].today == today:
            return days[-1]
        fresh = Day(today, {}, {}, {}, PriceBook())
        days[:] = [fresh]
        return fresh

    def model(self, name: str, today: date) -> Model:
        """The model that a name stands for today.

        Raises:
            Failure: nobody knows the name.
        """
        known = self.day(today).models
        found = known.get(name)
        if found is None:
            found = self._by_prefix(name) or self.catalog.resolve(name, today)
            if len(known) < _MOST:
                known[name] = found
        return found

    def _by_prefix(self, name: str) -> Model | None:
        """A model that nobody here knows, at the upstream that takes all of its prefix."""
        if name in self.catalog:
            return None
        found = (u for u in self.upstreams.values() if u.prefix and name.startswith(u.prefix))
        upstream = next(found, None)
        return None if upstream is None else Model.unknown(name, upstream.name)

    def stands_in(self, name: str, model: Model) -> bool:
        """Whether a model serves in the place of the one that a name means, or of the first of the
        family that it means.
        """
        if name not in self.catalog:
            return False
        meant = self.catalog.meant(name)
        return (meant.id if isinstance(meant, Model) else meant.members[0]) != model.id

    def warnings(self, name: str, today: date) -> tuple[str, ...]:
        """What the operator should know about asking for this name today (its model ends, ...)."""
        known = self.day(today).warnings
        found = known.get(name)
        if found is None:
            unknown = self._by_prefix(name) is not None
            found = () if unknown else self.catalog.warnings_for(name, today)
            if len(known) < _MOST:
                known[name] = found
        return found

    def chooser(self, policy: Policy, today: date) -> Chooser:
        """A policy with the models that it chooses among today, compiled once a day.

        Raises:
            Failure: a family of it has ended altogether.
        """
        day = self.day(today)
        found = day.choosers.get(policy.name)
        if found is None:
            options = [
                self._at_doors(each)
                for each in options_for(policy, self.catalog, today, self.serves)
            ]
            prices = day.prices
            found = Chooser(policy, options, lambda model: predictor(prices.table(model, today)))
            if len(day.choosers) < 1024:  # of `always:` there are as many as clients name models
                day.choosers[policy.name] = found
        return found

    def _at_doors(self, option: Option) -> Option:
        """An option as its first door has it, and the others where they take less or more."""
        models = [model for model, _ in self.lanes_of(option.model)]
        return replace(option, model=models[0], doors=uneven(models)) if models else option

    def prices(self, model: Model, today: date) -> PriceTable:
        """A model's prices of that day."""
        return self.day(today).prices.table(model, today)

    def lanes_of(self, model: Model) -> tuple[Lane, ...]:
        """The deployments of a model, in the operator's order: the model as each door has it."""
        found = self.lanes.get(model.id)
        if found is None:
            at = self.catalog.at_door
            found = tuple(
                (at(model, each.door, each.region), each)
                for each in self.upstreams.values()
                if each.serves(model)
            )
            if len(self.lanes) < _MOST:
                self.lanes[model.id] = found
        return found

    def doors_of(self, model: Model) -> tuple[Upstream, ...]:
        """The upstreams that serve a model, in the operator's order."""
        return tuple(upstream for _, upstream in self.lanes_of(model))

    def serves(self, model: Model) -> bool:
        """Whether any upstream has the model."""
        return bool(self.lanes_of(model))

    def upstream(self, model: Model) -> Upstream:
        """Where a model is served: the first of its doors.

        Raises:
            Failure: no upstream that has it is configured.
        """
        return self.ways(model)[0][1]

    def ways(self, model: Model) -> tuple[Lane, ...]:
        """As `lanes_of`, at least one.

        Raises:
            Failure: no upstream that has it is configured.
        """
        found = self.lanes_of(model)
        if not found:
            raise Failure(
                Problem(
                    "model_not_found",
                    f"the model '{model.id}' is known, but no upstream of its vendor"
                    f" '{model.vendor}' is configured",
                    param="model",
                    code="model_not_found",
                    hint="set the vendor's API key in the environment; `fairlead check` shows how",
                )
            )
        return found

    def policy(self, name: str | None) -> Policy:
        """The policy of that name (`always:<model>` is one for every model), or the default.

        Raises:
            Failure: there is none of that name.
        """
        wanted = name or self.default_policy
        found = self.policies.get(wanted)
        if found is None and wanted.startswith(ALWAYS) and wanted[len(ALWAYS) :] in self.catalog:
            found = always(wanted[len(ALWAYS) :])
        if found is None:
            raise Failure.invalid(
                f"there is no policy '{name}'; there are: {', '.join(sorted(self.policies))}",
                "fairlead.policy",
            )
        return found
