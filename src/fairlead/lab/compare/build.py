"""Putting a comparison together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.claims import Claim
from fairlead.catalog.compile import compile_model
from fairlead.catalog.model import Model
from fairlead.lab.compare.cells import cell
from fairlead.lab.compare.comparison import Cell, Comparison, Dimension, Row, Subject
from fairlead.lab.compare.curve import curves
from fairlead.lab.compare.measured import Measured, measured_rows
from fairlead.lab.compare.rows import DIMENSIONS, Line
from fairlead.lab.compare.sayings import Sayings, load_sayings
from fairlead.lab.compare.scenario import (
    FORMS,
    MonthlyCost,
    Scenario,
    monthly_cost,
    shipped_scenarios,
)
from fairlead.lab.compare.verdict import verdict

__all__ = ["compare"]

MOST = 6
"""More models than colours that can be told apart, and columns that fit, are refused."""

_USD_MONTH = "US dollars a month"
_BESTS = (("best without batches", False), ("best of all", True))


def compare(
    catalog: Catalog,
    names: Sequence[str],
    at: date,
    *,
    source: str | None = None,
    measured: Mapping[str, Measured] | None = None,
    measured_since: float | None = None,
) -> Comparison:
    """Compare two or more models on the day `at`.

    `source`: only its claims count, and what it doesn't say is not disclosed; others stand beside
    it as dissent. `measured`: figures of the user's own gateway by model id. Failure for a source
    or a model that isn't known, for fewer than two models, or more than six.
    """
    sayings = load_sayings(catalog.sources)
    if source is not None and source not in sayings.sources:
        known = ", ".join(sorted(sayings.sources))
        raise Failure.invalid(f"there is no source '{source}'", "source", hint=f"one of: {known}")
    ids = _ids(catalog, names)
    claims = {i: (*catalog.sheets[i].claims, *sayings.claims.get(i, ())) for i in ids}
    models = tuple(_model(catalog, i, source) for i in ids)
    scenarios = shipped_scenarios()
    costs = tuple(
        monthly_cost(model, scenario, form, at)
        for scenario in scenarios
        for form in FORMS
        for model in models
    )
    desk = _Desk(ids, claims, at, source)
    extra = {
        "pricing": [*desk.bands(catalog), *_cost_rows(ids, scenarios, costs)],
        "speed": [],
        "application scenarios": [*desk.stars(sayings)],
    }
    for key, row in measured_rows(ids, measured or {}):
        extra[key].append(row)
    dimensions = tuple(
        Dimension(key, key, (*(desk.row(line) for line in lines), *extra.get(key, ())))
        for key, lines in DIMENSIONS.items()
    )
    return Comparison(
        at=at,
        source=source,
        subjects=tuple(_subject(catalog.models[i]) for i in ids),
        dimensions=tuple(replace(d, rows=_spoken(d.rows)) for d in dimensions),
        scenarios=scenarios,
        costs=costs,
        curves=curves(models, at),
        sources=_named(dimensions, sayings),
        measured_since=measured_since if measured else None,
    )


class _Desk:
    """Makes rows of claims: the models, their claims, the day and the source that counts."""

    def __init__(
        self,
        ids: Sequence[str],
        claims: Mapping[str, Sequence[Claim]],
        at: date,
        source: str | None,
    ) -> None:
        self.ids, self.claims, self.at, self.source = ids, claims, at, source

    def row(self, line: Line, over_prompt: int = 0) -> Row:
        cells = tuple(
            cell(self.claims[i], line.key, at=self.at, source=self.source, over_prompt=over_prompt)
            for i in self.ids
        )
        if line.key == "price.input_audio":
            cells = tuple(map(self._unheard, cells, self.ids))
        judged = verdict(cells, self.ids, line.better)
        return Row(line.key, line.label, line.unit, cells, line.better, judged)

    def _unheard(self, price: Cell, model: str) -> Cell:
        """Without a price, and known to take no audio: that is not offered, not undisclosed."""
        takes = cell(self.claims[model], "modalities_in", at=self.at, source=self.source).value
        deaf = isinstance(takes, tuple) and "audio" not in takes
        if price.state == "not_disclosed" and deaf:
            return replace(price, state="not_offered", note="no audio input")
        return price

    def bands(self, catalog: Catalog) -> list[Row]:
        """Prices of larger prompts; for a model without such a band they are what they were."""
        edges = sorted({p.over_prompt for i in self.ids for p in catalog.models[i].prices} - {0})
        rows = []
        for edge in edges:
            for line in DIMENSIONS["pricing"][:2]:
                banded = self.row(line, edge)
                plain = self.row(line)
                cells = tuple(
                    replace(below, note=f"no band over {edge:,} tokens")
                    if above.state == "not_disclosed" and below.state == "stated"
                    else above
                    for above, below in zip(banded.cells, plain.cells, strict=True)
                )
                label = f"prompts over {edge:,} tokens: {line.label}"
                judged = verdict(cells, self.ids, line.better)
                rows.append(
                    Row(f"{line.key}.over_{edge}", label, line.unit, cells, line.better, judged)
                )
        return rows

    def stars(self, sayings: Sayings) -> list[Row]:
        lines = (Line(f"rating.{s}", s, "stars", "high") for s in sayings.scenarios)
        return [self.row(line) for line in lines]


def _ids(catalog: Catalog, names: Sequence[str]) -> list[str]:
    """Ids of the models, as named: an ended model is compared as itself, not as its successor."""
    ids: list[str] = []
    for name in names:
        found = catalog.names.get(name) or catalog.names.get(catalog.vendors.plain(name))
        if not isinstance(found, Model):
            found = catalog.resolve(name, date.min)
        if found.id not in catalog.sheets:
            raise Failure.invalid(
                f"nothing is known about '{name}'", "models", hint="`fairlead models list`"
            )
        ids.append(found.id)
    unique = list(dict.fromkeys(ids))
    if len(unique) < 2:
        raise Failure.invalid("a comparison takes two models or more", "models")
    if len(unique) > MOST:
        raise Failure.invalid(f"a comparison takes {MOST} models at most", "models")
    return unique


def _model(catalog: Catalog, model_id: str, source: str | None) -> Model:
    if source is None:
        return compile_model(catalog.sheets[model_id])
    return catalog.as_claimed_by(model_id, source)


def _subject(model: Model) -> Subject:
    return Subject(model.id, model.vendor, model.lifecycle.ends, model.lifecycle.served_as)


def _cost_rows(
    ids: Sequence[str], scenarios: Iterable[Scenario], costs: Sequence[MonthlyCost]
) -> list[Row]:
    rows: list[Row] = []
    for scenario in scenarios:
        own = [cost for cost in costs if cost.scenario == scenario.name]
        for form in FORMS:
            cells = [_cost_cell(c) for c in own if c.form == form.name]
            rows.append(_cost_row(ids, scenario.name, form.name, cells))
        for label, batched in _BESTS:
            forms = {f.name for f in FORMS if batched or not f.batched}
            bests = [_best([c for c in own if c.model == i and c.form in forms]) for i in ids]
            cells = [
                replace(_cost_cell(best), note=best.form if best.total else best.reason)
                for best in bests
            ]
            rows.append(_cost_row(ids, scenario.name, label, cells))
    return rows


def _cost_row(ids: Sequence[str], scenario: str, form: str, cells: Sequence[Cell]) -> Row:
    key, judged = f"cost.{scenario}.{form}", verdict(cells, ids, "low")
    return Row(key, f"{scenario}: {form}", _USD_MONTH, tuple(cells), "low", judged)


def _cost_cell(cost: MonthlyCost) -> Cell:
    if cost.total is None:
        unknown = cost.reason == "prices not disclosed"
        return Cell(state="not_disclosed" if unknown else "not_offered", note=cost.reason)
    return Cell(state="stated", value=cost.total, source="fairlead", note=None)


def _best(costs: Sequence[MonthlyCost]) -> MonthlyCost:
    known = [cost for cost in costs if cost.total is not None]
    return min(known, key=lambda cost: cost.total or Decimal(0)) if known else costs[0]


def _spoken(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows of which anything is known, be it only by a source that doesn't count."""
    return tuple(
        row for row in rows if any(c.state != "not_disclosed" or c.disputed_by for c in row.cells)
    )


def _named(dimensions: Sequence[Dimension], sayings: Sayings) -> dict[str, str]:
    cells = [cell for d in dimensions for row in d.rows for cell in row.cells]
    named = {cell.source for cell in cells} | {d.source for c in cells for d in c.disputed_by}
    named |= {source for cell in cells for source in cell.agreed_by}
    return {s.id: s.title for s in sayings.sources.values() if s.id in named}
