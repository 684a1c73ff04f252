"""All configuration, compiled once, immutable, swapped whole on reload.

An exchange holds the snapshot it began with, so a reload in its middle changes nothing for it.
"""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from fairlead.canon import Dialect, Failure, Problem
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.cost.book import PriceBook
from fairlead.cost.price import PriceTable
from fairlead.routing import ALWAYS, Chooser, Policy, always, options_for, predictor
from fairlead.routing.quality import QualityTable
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.vendors import Upstream
from fairlead.wire.codec import Codec

__all__ = ["Day", "Snapshot"]


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

    `upstreams` maps a vendor to the upstream that serves it. `_day` caches resolutions of one day.
    """

    catalog: Catalog
    codecs: Mapping[Dialect, Codec]
    upstreams: Mapping[str, Upstream]
    policies: Mapping[str, Policy]
    default_policy: str
    fetch: FetchPolicy
    quality: QualityTable = QualityTable()
    allow_loss: bool = False
    fallback: bool = True
    max_answer_bytes: int = 64 * 1024 * 1024
    days: list[Day] = []

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
            found = self.catalog.resolve(name, today)
            if len(known) < 4096:  # names come from clients: bounded
                known[name] = found
        return found

    def warnings(self, name: str, today: date) -> tuple[str, ...]:
        """What the operator should know about asking for this name today (its model ends, ...)."""
        known = self.day(today).warnings
        found = known.get(name)
        if found is None:
            found = self.catalog.warnings_for(name, today)
            if len(known) < 4096:
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
            options = options_for(policy, self.catalog, today, self.upstreams.__contains__)
            prices = day.prices
            found = Chooser(policy, options, lambda model: predictor(prices.table(model, today)))
            if len(day.choosers) < 1024:  # of `always:` there are as many as clients name models
                day.choosers[policy.name] = found
        return found

    def prices(self, model: Model, today: date) -> PriceTable:
        """A model's prices of that day."""
        return self.day(today).prices.table(model, today)

    def upstream(self, model: Model) -> Upstream:
        """Where a model is served.

        Raises:
            Failure: no upstream of its vendor is configured.
        """
        found = self.upstreams.get(model.vendor)
        if found is None:
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
