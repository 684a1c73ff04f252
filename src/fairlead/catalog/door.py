"""Doors: behind which upstream a model is served, and so what is claimed and paid there."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from fairlead.catalog.claims import Sheet
from fairlead.catalog.compile import compile_model
from fairlead.catalog.keys import CatalogError
from fairlead.catalog.model import Model
from fairlead.catalog.surcharge import Surcharge, region_of, surcharged
from fairlead.catalog.tail import laid_over

__all__ = ["Served", "known_doors", "model_of", "no_door", "not_own"]

_BARE = ("price.", "limits.")


def known_doors(surcharges: Iterable[Surcharge], sheets: Iterable[Sheet]) -> set[str]:
    """Every door that a surcharge or a claim is of."""
    known = {each.upstream for each in surcharges}
    return known | {claim.upstream for sheet in sheets for claim in sheet.claims if claim.upstream}


def no_door(door: str, known: set[str]) -> CatalogError:
    """What is told of a door that nothing is known of."""
    said = f"nothing is known of the door '{door:.80}'"
    return CatalogError(f"{said}; known are {', '.join(sorted(known))}")


def not_own(door: str, vendor: str) -> str | None:
    """The door, None for the vendor's own."""
    return None if door == vendor else door


def model_of(sheet: Sheet, upstream: str | None) -> Model:
    """The model of a sheet; one of which only catalogues tell prices and limits stays unknown."""
    claims = sheet.claims
    if claims and all(c.source.kind == "catalogue" and c.key.startswith(_BARE) for c in claims):
        return laid_over(Model.unknown(sheet.id, sheet.vendor), sheet, upstream)
    return compile_model(sheet, upstream=upstream)


class Served:
    """What the upstreams make of prices: whose list counts, and what each region adds to it."""

    def __init__(
        self,
        doors: Mapping[str, tuple[str, str]],
        surcharges: tuple[Surcharge, ...],
        sheets: Iterable[Sheet],
    ) -> None:
        self._surcharges = surcharges
        known = known_doors(surcharges, sheets)
        for door, _ in doors.values():
            if door and door not in known | doors.keys():
                raise no_door(door, known)
        self._doors = {
            vendor: (door or vendor, region_of(surcharges, door or vendor, said))
            for vendor, (door, said) in doors.items()
        }

    def door_of(self, vendor: str) -> str | None:
        """The door that is not the vendor's own, if there is one."""
        door, _ = self._doors.get(vendor, (vendor, ""))
        return None if door == vendor else door

    def __call__(self, model: Model) -> Model:
        """The model with its door, its region and the prices of all regions there."""
        door, region = self._doors.get(model.vendor, (model.vendor, ""))
        told = replace(model, door="" if door == model.vendor else door, region=region)
        return surcharged(told, self._surcharges, door)
