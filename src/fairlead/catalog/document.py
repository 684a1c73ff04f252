"""What the catalogue knows, as plain data for machines: the rows and documents behind `models`."""

from datetime import date
from decimal import Decimal

from fairlead.canon import Failure
from fairlead.catalog.catalog import Catalog
from fairlead.catalog.facts import Fact, is_in_force, undisclosed
from fairlead.catalog.model import Model

__all__ = ["ending", "listed", "price_changes", "row", "shown"]


def listed(catalog: Catalog, today: date) -> dict[str, object]:
    """All models, a row each."""
    rows = [row(model, today) for model in catalog.models.values()]
    return {"catalog_version": catalog.version, "date": today, "models": rows}


def shown(
    catalog: Catalog, name: str, today: date, *, upstream: str | None = None, facts: bool = False
) -> tuple[Model, dict[str, object]]:
    """One model (by id, alias or family; as an `upstream` serves it) and all that is known of it,
    with each of its `facts` if wanted. Raises as `Catalog.resolve` does, and for an upstream that
    nobody knows.
    """
    if upstream is not None and upstream not in catalog.doors:
        raise Failure.invalid(
            f"nothing is known of the upstream '{upstream:.80}'", "upstream",
            hint=f"known are {', '.join(catalog.doors)}",
        )  # fmt: skip
    meant = catalog.meant(name)
    found = meant if isinstance(meant, Model) else catalog.resolve(name, today)
    warnings = catalog.warnings_for(name, today)
    if upstream and found.id in catalog.sheets:
        found = catalog.behind(found.id, upstream)
    document = _document(catalog, name, found, today) | {"warnings": warnings}
    if facts:
        stated = catalog.facts_of(found)
        document["facts"] = [_fact(fact, stated, today) for fact in stated]
        document["not_disclosed"] = undisclosed(stated)
    return found, document


def ending(catalog: Catalog, today: date) -> dict[str, object]:
    """Models whose end is announced, names whose use is warned of, and price changes to come."""
    rows = [
        {
            "model": model.id,
            "ends": model.lifecycle.ends,
            "days": (model.lifecycle.ends - today).days,
            "served_as": model.lifecycle.served_as,
            "successor": model.lifecycle.successor,
            "source": model.lifecycle.source,
        }
        for model in catalog.models.values()
        if model.lifecycle.ends is not None
    ]
    warned: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*catalog.families, *catalog.models)):
        try:
            said = catalog.warnings_for(name, today)
        except Failure as failure:
            said = (failure.problem.message,)
        if said:
            warned[name] = said
    return {
        "catalog_version": catalog.version,
        "date": today,
        "ends": sorted(rows, key=lambda each: str(each["ends"])),
        "warnings": warned,
        "price_changes": [
            said for model in catalog.models.values() for said in price_changes(model, today)
        ],
    }


def row(model: Model, today: date) -> dict[str, object]:
    """A model in a line: window, standard prices of the day, announced end."""
    return {
        "model": model.id,
        "vendor": model.vendor,
        "family": model.family,
        "context_window": model.limits.context_window,
        "max_output": model.limits.max_output,
        "input": _standard(model, "input", today),
        "output": _standard(model, "output", today),
        "ends": model.lifecycle.ends,
        "successor": model.lifecycle.served_as or model.lifecycle.successor,
    }


def price_changes(model: Model, today: date) -> list[str]:
    """Announced changes of the price, the standard tier's, in sentences."""
    said = []
    for price in model.prices:
        if price.valid_from is None or price.valid_from <= today:
            continue
        if price.tier or price.region or price.kind.startswith("batch_"):
            continue
        before = [
            old.usd_per_million
            for old in model.prices
            if old.kind == price.kind
            and (old.over_prompt, old.tier, old.region) == (price.over_prompt, "", "")
            and old.valid_to == price.valid_from
        ]
        was = f" from {before[0].normalize():f}" if before else ""
        band = f" (prompts over {price.over_prompt:,})" if price.over_prompt else ""
        said.append(
            f"{model.id}: the price of {price.kind}{band} changes{was} to"
            f" {price.usd_per_million.normalize():f} on {price.valid_from} (source {price.source})"
        )
    return said


def _document(catalog: Catalog, name: str, model: Model, today: date) -> dict[str, object]:
    return row(model, today) | {
        "asked": name,
        "date": today,
        "known": model.known,
        "catalog_version": catalog.version,
        "aliases": model.aliases,
        "modalities_in": model.modalities_in,
        "features": model.features,
        "limits": model.limits,
        "thinking": model.thinking,
        "lifecycle": model.lifecycle,
        "prices": model.prices,
        "price_changes": price_changes(model, today),
    }


def _fact(fact: Fact, facts: tuple[Fact, ...], today: date) -> dict[str, object]:
    return {
        "key": fact.key,
        "value": fact.value,
        "unit": fact.unit,
        "source": fact.source,
        "seen": fact.seen,
        "applies_to": {
            "upstream": fact.upstream,
            "tier": fact.tier,
            "region": fact.region,
            "over_prompt": fact.over_prompt,
            "valid_from": fact.valid_from,
            "valid_to": fact.valid_to,
        },
        "in_force": is_in_force(fact, facts, today),
        "rule": fact.rule,
        "note": fact.note,
        "agreed_by": fact.agreed_by,
        "disputed_by": [
            {
                "value": claim.value,
                "source": claim.source.id,
                "kind": claim.source.kind,
                "seen": claim.seen,
                "note": claim.note,
            }
            for claim in fact.disputed_by
        ],
    }


def _standard(model: Model, kind: str, today: date) -> Decimal | None:
    """The price of a kind for short prompts, of the standard tier, today."""
    for price in model.prices:
        plain = not (price.over_prompt or price.tier or price.region)
        if price.kind == kind and plain and price.holds(today):
            return price.usd_per_million
    return None
