"""The models that a policy's candidates mean on a day: what `decide` chooses among.

One model may be had at several doors (its vendor's own API, Bedrock, Vertex AI), and not each takes
all that another does: an image of 8 MB goes to Anthropic, not to Bedrock. An option can serve where
one of its doors can, and only those that can are asked (`Option.among`).
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from typing import TypeVar

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.routing.decision import Features
from fairlead.routing.guards import Broken, broken_limit, doubtful, limits_of
from fairlead.routing.policy import Policy

__all__ = ["Option", "options_for", "takes_on", "uneven"]

Way = TypeVar("Way")


class Option(Struct, frozen=True, dict=True):
    """One model with the policy's names for it, whether its vendor is configured, its warnings.

    `doors` are the models as its deployments have it, in their order, where their limits are not
    the same; else empty. What is compiled from the fields is cached beside them: no part of the
    option's value.
    """

    model: Model
    names: tuple[str, ...] = ()
    available: bool = True
    warnings: tuple[str, ...] = ()
    doors: tuple[Model, ...] = ()

    def answers_to(self, name: str) -> bool:
        """Whether a policy means this model by `name`."""
        return name in self.names or name == self.model.id

    @cached_property
    def fits(self) -> Callable[[Features], bool]:
        """Whether the model is configured and breaks no limit: `broken(features) is None`."""
        if not self.available:
            return lambda _: False
        if not self.doors:
            return limits_of(self.model)
        each = self._each
        return lambda features: any(fits(features) for fits in each)

    @cached_property
    def _each(self) -> list[Callable[[Features], bool]]:
        return [limits_of(door) for door in self.doors]

    def among(self, ways: Sequence[Way], features: Features) -> Sequence[Way]:
        """Of the ways to the doors, in their order, those that break no limit; where each does, the
        doubtful ones, as with models.
        """
        if not self.doors:
            return ways
        fit = [way for way, fits in zip(ways, self._each, strict=True) if fits(features)]
        if fit:
            return fit
        broken = [broken_limit(door, features) for door in self.doors]
        return [way for way, each in zip(ways, broken, strict=True) if doubtful(each)]

    def broken(self, features: Features) -> Broken | None:
        """What stands in the way of this model."""
        if self.fits(features):
            return None
        if not self.available:
            return Broken(
                "not_configured", f"belongs to {self.model.vendor}, which has no key here"
            )
        broken = [broken_limit(door, features) for door in self.doors or (self.model,)]
        return next((each for each in broken if doubtful(each)), broken[0])


def uneven(doors: Sequence[Model]) -> tuple[Model, ...]:
    """The models of a model's doors where their limits differ; else empty."""
    first = doors[0]
    same = all(
        (each.limits, each.modalities_in, each.features)
        == (first.limits, first.modalities_in, first.features)
        for each in doors[1:]
    )
    return () if same else tuple(doors)


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
