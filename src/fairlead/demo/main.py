"""The demo from start to end: processes, requests, figures."""

import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fairlead.canon import FairleadError, Usage
from fairlead.catalog import Model
from fairlead.catalog import load as load_catalog
from fairlead.cost.predict import what_if
from fairlead.cost.price import PriceTable
from fairlead.demo.cases import Case, cases, small_cases
from fairlead.demo.processes import environment, free_port, running, wait_ready
from fairlead.demo.runner import Result, Sender, run_case
from fairlead.ledger.query import show
from fairlead.ledger.record import Record
from fairlead.routing.decision import Decision

__all__ = ["FAMILIES", "Alone", "DemoFailed", "Outcome", "Totals", "run"]

FAMILIES = ("flash", "haiku")
SPEED = ("--ttft", "gemini-2.5-flash=30ms", "--ttft", "claude-haiku-4-5=20ms")


class DemoFailed(FairleadError):
    """The demo could not run; the message says what is missing."""


@dataclass(frozen=True)
class Totals:
    """Dollars of the whole run, and by family what it alone would have cost."""

    spent: Decimal
    requests: int
    alone: dict[str, "Alone"]


@dataclass(frozen=True)
class Alone:
    """One family for all that it can take (`served` requests), priced at its own prices.

    `cost` takes the very same token counts: an estimate, because the vendors count differently.
    `routed` is what was really spent on the same requests, so that like stands beside like.
    """

    cost: Decimal
    routed: Decimal
    served: int


@dataclass(frozen=True)
class Outcome:
    """All that the report needs."""

    results: tuple[Result, ...]
    totals: Totals
    seconds: float
    live: bool
    database: Path

    @property
    def ok(self) -> bool:
        """Whether every answer was as expected."""
        return bool(self.results) and not any(result.fault for result in self.results)

    def for_machines(self) -> dict[str, object]:
        """The same for `--json`."""
        return {
            "ok": self.ok,
            "emulated": not self.live,
            "seconds": round(self.seconds, 3),
            "requests": len(self.results),
            "spent_usd": self.totals.spent,
            "alone": self.totals.alone,
            "results": self.results,
        }


def run(*, live: bool, confirm: Callable[[str], bool], quiet: bool) -> Outcome:
    """Run the demo.

    Args:
        live: against the real vendors, with small prompts only.
        confirm: asked before money is spent.
        quiet: no progress on the terminal.

    Raises:
        DemoFailed: the SDK or a key is missing, or the user declined.
        ProcessFailed: emulator or gateway did not start.
    """
    if importlib.util.find_spec("openai") is None:
        raise DemoFailed("the demo needs the `openai` package: pip install 'fairlead[demo]'")
    today = datetime.now(UTC).date()
    catalog = load_catalog()
    families = {name: catalog.resolve(name, today) for name in FAMILIES}
    todo = _live_cases(families, today, confirm) if live else cases()
    begun = time.monotonic()
    # The folder stays: it holds the ledger, which the report invites to look into.
    folder = Path(tempfile.mkdtemp(prefix="fairlead-demo-"))
    with ExitStack() as stack:
        env = _start_emulator(stack, folder) if not live else environment(folder, None)
        port = free_port()
        log = folder / "gateway.log"
        gateway = stack.enter_context(running(["serve", "--port", str(port)], env, log))
        wait_ready(gateway, f"http://127.0.0.1:{port}/ready", log)
        results = _send_all(todo, port, families, quiet=quiet)
    database = folder / "fairlead.db"
    found = [show(database, result.request_id) for result in results]
    records = [record if isinstance(record, Record) else None for record in found]
    results = [_with_record(*pair) for pair in zip(results, records, strict=True)]
    totals = _totals([r for r in records if r is not None], families, today)
    return Outcome(tuple(results), totals, time.monotonic() - begun, live, database)


def _start_emulator(stack: ExitStack, folder: Path) -> dict[str, str]:
    port = free_port()
    log = folder / "emulator.log"
    env = environment(folder, f"http://127.0.0.1:{port}")
    process = stack.enter_context(running(["emulate", "--port", str(port), *SPEED], env, log))
    wait_ready(process, f"http://127.0.0.1:{port}/_emulator/bill", log)
    return env


def _send_all(
    todo: list[Case], port: int, families: dict[str, Model], *, quiet: bool
) -> list[Result]:
    from openai import OpenAI  # noqa: PLC0415 - an extra, needed by the demo only

    client = OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="none-needed", max_retries=0, timeout=110
    )
    sender = Sender(client, {name: model.id for name, model in families.items()})
    results: list[Result] = []
    with _progress(quiet=quiet) as progress:
        bar = progress.add_task("", total=len(todo))
        for case in todo:
            progress.update(bar, description=case.name)
            run_case(sender, case, results.append)
            progress.advance(bar)
    client.close()
    return results


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, quiet=quiet),
        transient=True,
    )


def _with_record(result: Result, record: Record | None) -> Result:
    """The result with the ledger's figures, or a fault where the ledger has no record."""
    if record is None:
        return replace(result, fault=result.fault or "the ledger has no record of it")
    usage = record.usage
    fault = result.fault
    if not fault and result.error is None and record.cost_usd is None:
        fault = "the ledger has no cost"
    first = record.first_token_ms if record.first_token_ms is not None else record.first_byte_ms
    return replace(
        result,
        fault=fault,
        cost_usd=record.cost_usd,
        input_tokens=usage.prompt_total if usage else None,
        output_tokens=usage.completion_total if usage else None,
        first_token=None if first is None else round(first / 1000, 4),
        emulated=record.emulated,
    )


def _totals(records: list[Record], families: dict[str, Model], today: date) -> Totals:
    alone: dict[str, Alone] = {}
    for name, model in families.items():
        table = PriceTable(model, today)
        taken = [r for r in records if r.usage is not None and _could_serve(model, r)]
        charges = [what_if(table, r.usage) for r in taken if r.usage is not None]
        cost = sum((c.total for c in charges if c is not None), Decimal(0))
        alone[name] = Alone(cost, _spent(taken), len(taken))
    return Totals(_spent(records), len(records), alone)


def _spent(records: list[Record]) -> Decimal:
    return sum((r.cost_usd for r in records if r.cost_usd is not None), Decimal(0))


def _could_serve(model: Model, record: Record) -> bool:
    """Whether the routing found that this model could have taken the request."""
    if not record.decision:
        return record.model == model.id
    decision = msgspec.json.decode(record.decision, type=Decision, strict=False)
    ruled_out = {c.model for c in decision.candidates if c.ruled_out}
    return model.id not in ruled_out


def _live_cases(
    families: dict[str, Model], today: date, confirm: Callable[[str], bool]
) -> list[Case]:
    missing = [name for name in ("GEMINI_API_KEY", "ANTHROPIC_API_KEY") if not os.environ.get(name)]
    if missing:
        raise DemoFailed(
            f"--live needs both vendors' keys in the environment: set {', '.join(missing)}"
        )
    todo = small_cases()
    guess = Usage(input=900 * len(todo), output=700 * len(todo))
    costs = [what_if(PriceTable(model, today), guess) for model in families.values()]
    dearest = max((charge.total for charge in costs if charge is not None), default=None)
    told = "an unknown sum" if dearest is None else f"about ${dearest:.2f} at most (an estimate)"
    if not confirm(f"{len(todo)} small requests to the real vendors will cost {told}. Go on?"):
        raise DemoFailed("nothing was sent")
    return todo
