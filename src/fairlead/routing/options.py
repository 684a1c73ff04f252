"""The models that a policy's candidates mean on a day: what `decide` chooses among."""

from collections.abc import Callable
from datetime import date
from functools import cached_property

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.routing.decision import Features
from fairlead.routing.guards import Broken, broken_limit, limits_of
from fairlead.routing.policy import Policy

__all__ = ["Option", "options_for", "takes_on"]


class Option(Struct, frozen=True, dict=True):
    """One model with the policy's names for it, whether its vendor is configured, its warnings.

    What is compiled from the fields is cached beside them: no part of the option's value.
    """

    model: Model
    names: tuple[str, ...] = ()
    available: bool = True
    warnings: tuple[str, ...] = ()

    def answers_to(self, name: str) -> bool:
        """Whether a policy means this model by `name`."""
        return name in self.names or name == self.model.id

    @cached_property
    def fits(self) -> Callable[[Features], bool]:
        """Whether the model is configured and breaks no limit: `broken(features) is None`."""
        return limits_of(self.model) if self.available else lambda _: False

    def broken(self, features: Features) -> Broken | None:
        """What stands in the way of this model."""
        if self.fits(features):
            return None
        if not self.available:
            return Broken(
                "not_configured", f"belongs to {self.model.vendor}, which has no key here"
            )
        return broken_limit(self.model, features)


def options_for(
    policy: Policy, catalog: Catalog, today: date, configured: Callable[[Model], bool]
) -> tuple[Option, ...]:
    """The policy's candidates in its order, families resolved for the day, each model once.

    Depends on policy, catalogue, day and configuration only: to be computed once a day, not once
    a request. Raises `Failure` if a family has ended altogether.
    """
    found: dict[str, Option] = {}
    for name in policy.candidates:
        model = catalog.resolve(name, today)
        before = found.get(model.id)
        found[model.id] = Option(
            model=model,
            names=(*(before.names if before else ()), name),
            available=configured(model),
            warnings=catalog.warnings_for(name, today),
        )
    return tuple(found.values())


def takes_on(catalog: Catalog, today: date) -> Callable[[str], tuple[str, ...]]:
    """What kinds of content a name's model takes on that day; empty where that is not known."""

    def takes(name: str) -> tuple[str, ...]:
        try:
            return tuple(catalog.resolve(name, today).modalities_in)
        except Failure:
            return ()

    return takes
