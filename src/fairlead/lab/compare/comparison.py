"""What a comparison is: dimensions of rows, a cell for each model, and what follows from them.

A cell is one of these. *Stated*: a source says so. *Not disclosed*: no source that counts
says anything; such a cell has no value and takes part in no verdict. *Not offered*: the thing
doesn't exist for the model (no prompt cache, say), and `note` says why. *Measured*: a figure of the
user's own gateway; *not measured* is one that it hasn't.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from fairlead.catalog.keys import Value
from fairlead.lab.compare.curve import Curves
from fairlead.lab.compare.scenario import MonthlyCost, Scenario

__all__ = [
    "Better",
    "Cell",
    "Comparison",
    "Dimension",
    "Dissent",
    "Row",
    "State",
    "Subject",
    "Verdict",
]

State = Literal["stated", "measured", "not_disclosed", "not_offered", "not_measured"]
Better = Literal["high", "low"]


class Dissent(Struct, frozen=True):
    """Another source's value for the same thing."""

    value: Value
    source: str
    seen: date
    note: str | None = None


class Cell(Struct, frozen=True, kw_only=True):
    """One model's value in a row. `n` is the number of requests behind a measured one."""

    state: State
    value: Value | None = None
    source: str | None = None
    seen: date | None = None
    note: str | None = None
    n: int | None = None
    agreed_by: tuple[str, ...] = ()
    disputed_by: tuple[Dissent, ...] = ()


class Verdict(Struct, frozen=True):
    """Who leads a row, and by how much over the next: `difference` in the row's unit, `percent` of
    the next one's value. `left_out` names the models whose value is unknown; `mixed_sources` says
    that no source states all the figures, so that they may not have been taken alike.
    """

    best: tuple[str, ...]
    next: str
    difference: Decimal
    percent: Decimal | None
    left_out: tuple[str, ...] = ()
    mixed_sources: bool = False


class Row(Struct, frozen=True):
    """One thing that models are compared by; `cells` in the order of the comparison's subjects."""

    key: str
    label: str
    unit: str
    cells: tuple[Cell, ...]
    better: Better | None = None
    verdict: Verdict | None = None


class Dimension(Struct, frozen=True):
    """One of the seven."""

    key: str
    title: str
    rows: tuple[Row, ...]


class Subject(Struct, frozen=True):
    """A model that is compared."""

    id: str
    vendor: str
    ends: date | None = None
    served_as: str | None = None


class Comparison(Struct, frozen=True):
    """The whole report. `source`: only this source's claims count (None: the rules of the
    catalogue decide). `sources` holds id and title of every source that is named in it.
    """

    at: date
    source: str | None
    subjects: tuple[Subject, ...]
    dimensions: tuple[Dimension, ...]
    scenarios: tuple[Scenario, ...]
    costs: tuple[MonthlyCost, ...]
    curves: Curves
    sources: dict[str, str]
    measured_since: float | None = None
