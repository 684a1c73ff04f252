"""`fairlead catalog`: is what we know still so, and what do others say."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from fairlead.catalog import Catalog
from fairlead.catalog.claims import Claim, Sheet
from fairlead.catalog.from_genai_prices import genai_prices_list
from fairlead.catalog.given_list import price_list
from fairlead.catalog.overlay import Overlay, parse_overlay, write_overlay
from fairlead.catalog.price_list import PriceList
from fairlead.catalog.update import Change, changes
from fairlead.catalog.verify import Finding, against, disagreeing, old
from fairlead.cli.day import day_of
from fairlead.cli.output import console, new_table, print_json, save
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.paths import overlay_path

__all__ = ["app"]

app = typer.Typer(help="Verify and update the facts about models.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]
On = Annotated[str | None, typer.Option(help="As if on that day. Default: today.")]
_DAYS = 90
_TOLD = ("old", "unsettled", "package")


@app.command()
def verify(
    days: Annotated[int, typer.Option(min=1, help="How old a fact may be.")] = _DAYS,
    with_: Annotated[
        str | None,
        typer.Option(
            "--with",
            help="Compare with that list too: `litellm`, `genai-prices`, or a file."
            " Default: genai-prices, where it is installed.",
        ),
    ] = None,
    on: On = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Flag facts that are old and sources that disagree; exit code 1 if there are any.

    Disagreements that the kind of the sources settles (a vendor's document over the article) are
    counted, shown with --json, and no reason for exit code 1.
    """
    catalog, today = compile_catalog(load(config)), day_of(on)
    prices = price_list(with_, today) if with_ else genai_prices_list()
    findings = [
        f for sheet in catalog.sheets.values() for f in _findings(sheet, prices, today, days)
    ]
    told = [f for f in findings if f.matter in _TOLD]
    if json:
        print_json(
            {
                "catalog_version": catalog.version,
                "date": today,
                "compared_with": prices.source.id if prices else None,
                "flagged": len(told),
                "findings": findings,
            }
        )
    else:
        _print_findings(told, len(findings) - len(told), prices)
    if told:
        raise typer.Exit(1)


@app.command()
def update(
    given: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PACKAGE",
            help="litellm's price map or models.dev's api.json; or `genai-prices` or `litellm`,"
            " where installed.",
        ),
    ],
    add: Annotated[
        list[str] | None,
        typer.Option(help="A model to add that the catalogue has not; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the overlay; else only show.")] = False,
    on: On = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what a price list of others would change, with sources; write it with --yes.

    The changes go into an overlay file beside the ledger, never into what ships.
    """
    loaded = load(config)
    catalog, today = compile_catalog(loaded), day_of(on)
    found = _changes(catalog, price_list(given, today), add or [], today)
    path = overlay_path(loaded.settings)
    if yes and found:
        _write(path, catalog, found)
    if json:
        rows = [_row(change) for change in found]
        print_json({"overlay": str(path), "written": yes and bool(found), "changes": rows})
        return
    _print_changes(found, path, written=yes)


def _findings(sheet: Sheet, prices: PriceList | None, today: date, days: int) -> list[Finding]:
    compared = against(sheet, prices, today) if prices else []
    return [*old(sheet, today, days), *disagreeing(sheet), *compared]


def _print_findings(told: Sequence[Finding], settled: int, prices: PriceList | None) -> None:
    out = console()
    if told:
        table = new_table(
            "matter", "model", "fact", "scope", "in force", "other", title="To look at"
        )
        for f in told:
            other = (
                "" if f.other_source is None else f"{f.other} ({f.other_source}, {f.other_seen})"
            )
            held = f"{f.value} ({f.source}, {f.seen})"
            table.add_row(f.matter, f.model, f.key, f.scope or "all", held, other)
        out.print(table)
    out.print(f"{len(told)} to look at; {settled} disagreements are settled by the sources' kind")
    out.print(f"compared with {prices.source.id if prices else 'no price list: none is installed'}")


def _changes(catalog: Catalog, prices: PriceList, add: Sequence[str], today: date) -> list[Change]:
    found: list[Change] = []
    for sheet in catalog.sheets.values():
        theirs = prices.sheet(sheet.vendor, sheet.id, *sheet.aliases)
        found += changes(sheet, theirs, today) if theirs else ()
    for name in add:
        model = catalog.resolve(name, today)
        theirs = None if model.known else prices.sheet(model.vendor, model.id)
        if theirs is None:
            held = "is in the catalogue" if model.known else f"is not in {prices.source.id}"
            raise typer.BadParameter(f"--add {name}: {held}")
        found += changes(None, theirs, today)
    return found


def _write(path: Path, catalog: Catalog, found: Sequence[Change]) -> None:
    """Lay the changes over what the overlay holds."""
    overlay = Overlay()
    if path.exists():
        overlay = parse_overlay(path.read_text(encoding="utf-8"), catalog.sources, str(path))
    for change in found:
        vendor = catalog.meant(change.model)
        overlay = overlay.with_claims(change.model, vendor.vendor, [change.theirs])  # type: ignore[union-attr]  # an id of a sheet or of --add means a model
    save(path, write_overlay(overlay), "catalog.overlay")


def _row(change: Change) -> dict[str, object]:
    theirs = change.theirs
    return {
        "model": change.model,
        "key": theirs.key,
        "effect": change.effect,
        "tier": theirs.tier,
        "over_prompt": theirs.over_prompt,
        "valid_from": theirs.valid_from,
        "theirs": _claim(theirs),
        "ours": None if change.ours is None else _claim(change.ours),
    }


def _claim(claim: Claim) -> dict[str, object]:
    return {"value": claim.value, "source": claim.source.id, "seen": claim.seen}


_EFFECTS = {
    "new": "new",
    "changes": "will be in force",
    "disputed": "kept as a disagreement; ours stays",
}


def _print_changes(found: Sequence[Change], path: Path, *, written: bool) -> None:
    out = console()
    if not found:
        out.print("nothing to change")
        return
    table = new_table("model", "fact", "scope", "ours", "theirs", "effect", title="Changes")
    for change in found:
        theirs = change.theirs
        scope = [theirs.tier, f"over {theirs.over_prompt:,}" if theirs.over_prompt else ""]
        scope.append(f"from {theirs.valid_from}" if theirs.valid_from else "")
        table.add_row(
            change.model,
            theirs.key,
            ", ".join(word for word in scope if word) or "all",
            "none" if change.ours is None else _told(change.ours),
            _told(theirs),
            _EFFECTS[change.effect],
        )
    out.print(table)
    done = f"written to {path}" if written else f"nothing is written; --yes writes them to {path}"
    out.print(f"{len(found)} changes; {done}", soft_wrap=True, markup=False)


def _told(claim: Claim) -> str:
    return f"{claim.value} ({claim.source.id}, {claim.seen})"
