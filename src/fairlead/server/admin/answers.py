"""What the admin API answers: each question is a command's, and so is the answer.

A question is a name with typed parameters and a function: it gives the value whose JSON the command
prints with `--json`. Imported by the workers alone.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, FairleadError, Problem
from fairlead.catalog import Catalog
from fairlead.catalog.document import ending, listed, shown
from fairlead.catalog.shipped import read
from fairlead.cost import document as workload
from fairlead.cost.amounts import encode
from fairlead.cost.display import marked, show
from fairlead.cost.scenario import Scenario, ScenarioError, parse_scenarios
from fairlead.cost.study import VENDOR
from fairlead.finance.commitments import owed
from fairlead.finance.forecast import from_ledger
from fairlead.finance.plan import parse_mix
from fairlead.finance.reconcile import against_ledger
from fairlead.finance.rows import parse_export
from fairlead.finance.series import METHODS
from fairlead.finance.spent import spent
from fairlead.finance.told import look_up, told
from fairlead.finance.whatif import Caching, what_if
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.measured import Measured, read_measured
from fairlead.ledger.answers import answers
from fairlead.ledger.health import LedgerError
from fairlead.ledger.moment import moment, period
from fairlead.ledger.query import Dimension
from fairlead.ledger.traffic import traffic
from fairlead.routing import Policy
from fairlead.server.admin.office import Answered, Question
from fairlead.server.admin.problem import problem_json
from fairlead.server.canary_report import canary_report, resume, roll_back
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import Loaded, load
from fairlead.server.money import billed_elsewhere, commitments_of, display_of, quotas_of
from fairlead.server.paths import database_path, overlay_path
from fairlead.server.policies import compile_policies

__all__ = ["ASKED", "answer"]


class _Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """A question without parameters."""


class UsageAsk(_Ask, frozen=True):
    """`fairlead usage`."""

    by: tuple[Dimension, ...] = ("model",)
    since: str | None = None
    until: str | None = None


class WhatIfAsk(_Ask, frozen=True):
    """`fairlead whatif`."""

    model: str
    since: str = "30d"
    until: str | None = None
    caching: Caching = "auto"
    batch_share: Decimal = Decimal(0)


class ForecastAsk(_Ask, frozen=True):
    """`fairlead forecast`."""

    days: int = 30
    budget: Decimal | None = None
    method: str | None = None
    emulated: bool = False


class ModelsAsk(_Ask, frozen=True):
    """`fairlead models list` and `models ends`."""

    on: date | None = None


class ModelAsk(_Ask, frozen=True):
    """`fairlead models show`."""

    on: date | None = None
    facts: bool = False
    upstream: str | None = None


class CompareAsk(_Ask, frozen=True):
    """`fairlead models compare`; `model` is given for each of them."""

    model: tuple[str, ...]
    source: str | None = None
    on: str | None = None
    measured: bool = True
    since: str | None = None


class ScenarioAsk(_Ask, frozen=True):
    """`fairlead cost scenario`; `model` may be given several times."""

    prices: str = VENDOR
    model: tuple[str, ...] = ()
    cached_share: Decimal = Decimal(1)
    batch_share: Decimal = Decimal(1)
    prefixes: int = 1
    on: date | None = None


class EstimateAsk(ScenarioAsk, frozen=True, kw_only=True):
    """`fairlead cost estimate`."""

    requests_per_day: int
    input: int
    output: int
    thinking: int = 0


class CanaryAsk(_Ask, frozen=True):
    """`fairlead policy canary`."""

    since: str | None = None


class Desk:
    """What answers rest on: the configuration as it is now, the catalogue, the ledger."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.now = time.time()
        self.loaded: Loaded = load(Path(question.config) if question.config else None)
        self.ledger = database_path(self.loaded.settings)

    @property
    def today(self) -> date:
        """The day of the question, UTC."""
        return datetime.fromtimestamp(self.now, UTC).date()

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue; compiled anew where the configuration or the overlay has changed."""
        return _CATALOGS.of(self.loaded)

    def moment(self, text: str | None, param: str = "since") -> float | None:
        """A point in time as commands take it."""
        return None if text is None else moment(text, self.now, param)


class _Catalogs:
    """The last catalogue: a worker is mostly asked under one configuration."""

    def __init__(self) -> None:
        self._held: tuple[Loaded, float, Catalog] | None = None

    def of(self, loaded: Loaded) -> Catalog:
        path = overlay_path(loaded.settings)
        changed = path.stat().st_mtime if path.exists() else 0.0
        held = self._held
        if held is None or held[0].settings != loaded.settings or held[1] != changed:
            held = self._held = loaded, changed, compile_catalog(loaded)
        return held[2]


_CATALOGS = _Catalogs()


def _usage(desk: Desk, asked: UsageAsk) -> object:
    span = period(asked.since, asked.until, desk.now)
    loaded = desk.loaded
    return spent(
        desk.ledger,
        asked.by,
        span,
        quotas_of(loaded),
        lambda: desk.catalog,
        commitments_of(loaded),
    )


def _receipt(desk: Desk, _asked: _Ask) -> object:
    record = look_up(desk.ledger, desk.question.variables["id"])
    return told(record, desk.catalog, desk.ledger, quotas_of(desk.loaded))


def _whatif(desk: Desk, asked: WhatIfAsk) -> object:
    if asked.model.startswith("policy:"):
        raise Failure.invalid(
            "a policy's file is read by the command alone", "model",
            hint="`fairlead whatif --model policy:FILE`; here a model, or mix:A=0.3,B=0.7",
        )  # fmt: skip
    plan = parse_mix(asked.model, desk.catalog)
    begin, end = period(asked.since, asked.until, desk.now)
    return what_if(
        traffic(desk.ledger, begin, end),
        plan,
        desk.catalog,
        sample=answers(desk.ledger, begin, end, decisions=plan.fixed is None),
        caching=asked.caching,
        batch_share=asked.batch_share,
        commitments=owed(desk.ledger, commitments_of(desk.loaded), (begin, end), desk.now),
    )


def _forecast(desk: Desk, asked: ForecastAsk) -> object:
    if asked.method is not None and asked.method not in METHODS:
        known = ", ".join(METHODS)
        raise Failure.invalid(f"there is no method '{asked.method:.80}'", "method", hint=known)
    if asked.budget is not None and not (asked.budget.is_finite() and asked.budget >= 0):
        raise Failure.invalid(f"{asked.budget} is no amount of dollars", "budget")
    return from_ledger(
        desk.ledger,
        desk.today,
        asked.days,
        method=asked.method,
        budget=asked.budget,
        emulated=asked.emulated,
        commitments=commitments_of(desk.loaded),
    )


def _reconcile(desk: Desk, _asked: _Ask) -> object:
    document = parse_export(desk.question.body, "the upload")
    vendor = desk.question.variables["vendor"]
    quotas, elsewhere = quotas_of(desk.loaded), billed_elsewhere(desk.loaded, vendor)
    return against_ledger(vendor, document, desk.ledger, desk.catalog, quotas, elsewhere)


def _models(desk: Desk, asked: ModelsAsk) -> object:
    return listed(desk.catalog, asked.on or desk.today)


def _model(desk: Desk, asked: ModelAsk) -> object:
    name, day = desk.question.variables["model"], asked.on or desk.today
    return shown(desk.catalog, name, day, upstream=asked.upstream, facts=asked.facts)[1]


def _ends(desk: Desk, asked: ModelsAsk) -> object:
    return ending(desk.catalog, asked.on or desk.today)


def _compare(desk: Desk, asked: CompareAsk) -> object:
    since = desk.moment(asked.since)
    day = datetime.fromtimestamp(desk.moment(asked.on, "on") or desk.now, UTC).date()
    return compare(
        desk.catalog,
        list(asked.model),
        day,
        source=asked.source,
        measured=_measured(desk, since) if asked.measured else None,
        measured_since=since,
    )


def _measured(desk: Desk, since: float | None) -> dict[str, Measured]:
    """Nothing where there is no ledger yet: a comparison needs none."""
    try:
        return read_measured(desk.ledger, since) if desk.ledger.is_file() else {}
    except LedgerError:
        return {}


def _scenario(desk: Desk, asked: ScenarioAsk) -> object:
    known = parse_scenarios(read("scenarios.toml"))
    name = desk.question.variables["name"]
    if name == "list":
        return workload.listed(known)
    return _month(desk, asked, lambda: workload.named(known, name))


def _estimate(desk: Desk, asked: EstimateAsk) -> object:
    def own() -> Scenario:
        return Scenario(
            name="estimate",
            requests_per_day=asked.requests_per_day,
            input_tokens=asked.input,
            output_tokens=asked.output,
            thinking_tokens=asked.thinking,
        )

    return _month(desk, asked, own)


def _month(desk: Desk, asked: ScenarioAsk, of: Callable[[], Scenario]) -> object:
    try:
        meant = replace(
            of(),
            cached_share=asked.cached_share,
            batch_share=asked.batch_share,
            prefixes=asked.prefixes,
        )
        day = asked.on or desk.today
        found = workload.look(desk.catalog, meant, asked.model, asked.prices, day)
    except ScenarioError as error:
        raise Failure.invalid(str(error)) from error
    return workload.document(*found)


def _meant(desk: Desk) -> Policy:
    policies = compile_policies(desk.loaded, desk.catalog)
    found = policies.get(desk.question.variables["policy"])
    if found is None:
        said = ", ".join(name for name, policy in policies.items() if policy.canary)
        raise Failure.invalid("there is no such policy", "policy", hint=f"canaries: {said}")
    return found


def _canary(desk: Desk, asked: CanaryAsk) -> object:
    return canary_report(desk.ledger, _meant(desk), desk.moment(asked.since))


def _resume(desk: Desk, _: _Ask) -> object:
    return resume(desk.ledger, _meant(desk))


def _roll_back(desk: Desk, _: _Ask) -> object:
    return roll_back(desk.ledger, _meant(desk))


ASKED: dict[str, tuple[type[_Ask], Callable[[Desk, Any], object]]] = {
    "usage": (UsageAsk, _usage),
    "receipt": (_Ask, _receipt),
    "whatif": (WhatIfAsk, _whatif),
    "forecast": (ForecastAsk, _forecast),
    "reconcile": (_Ask, _reconcile),
    "models": (ModelsAsk, _models),
    "model": (ModelAsk, _model),
    "ends": (ModelsAsk, _ends),
    "compare": (CompareAsk, _compare),
    "cost_scenario": (ScenarioAsk, _scenario),
    "cost_estimate": (EstimateAsk, _estimate),
    "canary": (CanaryAsk, _canary),
    "canary_resume": (_Ask, _resume),
    "canary_roll_back": (_Ask, _roll_back),
}
"""By the route's name without `admin.`: the parameters, and what answers."""


def answer(question: Question) -> Answered:
    """The answer to any question: what is wrong with one is told, and never raised."""
    try:
        kind, tell = ASKED[question.name]
        asked = _read(kind, question.query)
        desk = Desk(question)
        show(display_of(desk.loaded), json=True)
        return Answered(200, marked(encode(tell(desk, asked))))
    except Failure as failure:
        problem = failure.problem
    except LedgerError as error:
        problem = Problem("internal", str(error), hint=error.hint)
    except FairleadError as error:
        problem = Problem("internal", str(error), hint="`fairlead check` tells what is wrong")
    return Answered(problem.status, problem_json(problem))


def _read(kind: type[_Ask], query: Mapping[str, list[str]]) -> _Ask:
    """The parameters.

    Raises:
        Failure: one is not known, missing, or of the wrong form.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for name, values in query.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise Failure.invalid(f"there is no parameter '{name:.80}'", name, hint=known)
        given[name] = values if _is_tuple(fields[name].type) else values[-1]
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`").partition("[")[0]
        hint = ", ".join(_choices(fields[name].type)) if name in fields else ""
        raise Failure.invalid(what, name or None, hint=hint or None) from error


def _choices(kind: object) -> tuple[str, ...]:
    """The words that a parameter may be, alone, in a list, or beside None; none if it is free."""
    if get_origin(kind) is Literal:
        return tuple(str(word) for word in get_args(kind))
    return tuple(word for part in get_args(kind) for word in _choices(part))


def _is_tuple(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is tuple
