"""Models and aliases of the user's own, given as plain data by the configuration.

A model entry is flat: `vendor`, `family`, `aliases`, `date` and any fact by its key
(`"price.input" = 0.20`). For a model that ships with Fairlead it adds claims that win over all
others; for a new id it makes a model.
"""

from collections.abc import Mapping
from datetime import date

from fairlead.catalog.claims import Claim, Sheet, Source
from fairlead.catalog.keys import CatalogError, check

__all__ = ["CONFIG", "merge", "user_sheet"]

CONFIG = Source(id="config", kind="config", title="The operator's configuration")
_OWN = {"vendor", "family", "aliases", "date"}


def user_sheet(model_id: str, entry: Mapping[str, object], today: date) -> Sheet:
    """A user's entry as a sheet. Raises `CatalogError` with the path of the key at fault."""
    at = f"models.{model_id}"
    if not isinstance(entry, Mapping):
        raise CatalogError(f"{at}: must be a table")
    seen = entry.get("date", today)
    if type(seen) is not date:
        raise CatalogError(f"{at}.date: must be a date (2026-12-01, without quotes)")
    aliases = entry.get("aliases", ())
    if not isinstance(aliases, list | tuple) or not all(isinstance(a, str) for a in aliases):
        raise CatalogError(f"{at}.aliases: must be a list of strings")
    claims = tuple(
        Claim(key=key, value=check(key, value, at), source=CONFIG, seen=seen)
        for key, value in entry.items()
        if key not in _OWN
    )
    return Sheet(
        id=model_id,
        vendor=_word(entry, "vendor", at) or "",
        family=_word(entry, "family", at),
        aliases=tuple(aliases),
        claims=claims,
    )


def merge(shipped: Sheet | None, own: Sheet) -> Sheet:
    """The user's entry laid over the shipped one."""
    if shipped is None:
        if not own.vendor:
            raise CatalogError(
                f"models.{own.id}.vendor: missing; Fairlead does not ship this model, so the entry "
                "must say whose it is"
            )
        return own
    return Sheet(
        id=shipped.id,
        vendor=own.vendor or shipped.vendor,
        family=own.family or shipped.family,
        aliases=shipped.aliases + own.aliases,
        claims=shipped.claims + own.claims,
    )


def _word(entry: Mapping[str, object], key: str, at: str) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise CatalogError(f"{at}.{key}: must be a string that is not empty")
    return value
