"""`fairlead models compare`: models over seven dimensions."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli.currency import in_own_currency
from fairlead.cli.day import day_of
from fairlead.cli.output import console, print_json, save
from fairlead.lab.compare.build import compare as build
from fairlead.lab.compare.html import html_report
from fairlead.lab.compare.markdown import markdown as as_markdown
from fairlead.lab.compare.measured import Measured, read_measured
from fairlead.lab.compare.terminal import for_terminal
from fairlead.lab.compare.words import LANGUAGES, Words
from fairlead.ledger.health import LedgerError
from fairlead.ledger.moment import moment
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import Loaded, load
from fairlead.server.paths import database_path

__all__ = ["compare"]


def compare(
    models: Annotated[list[str], typer.Argument(help="Two models or more: ids or aliases.")],
    source: Annotated[
        str | None,
        typer.Option(help="Only this source's claims count, e.g. `article-2025-10`."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML report to this file.")
    ] = None,
    language: Annotated[str, typer.Option(help=f"One of {', '.join(LANGUAGES)}.")] = "en",
    on: Annotated[
        str | None, typer.Option(help="The day whose facts count. Default: today.")
    ] = None,
    measured: Annotated[
        bool, typer.Option(help="Show what your own gateway measured, from its ledger.")
    ] = True,
    since: Annotated[
        str | None, typer.Option(help="Measured since when: `7d`, `24h`, or a date.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
) -> None:
    """Compare models over seven dimensions, each figure with its source."""
    words = _words(language)
    loaded = in_own_currency(load(config), json=json)
    now = time.time()
    begin = moment(since, now) if since else None
    at = day_of(on)
    report = build(
        compile_catalog(loaded),
        models,
        at,
        source=source,
        measured=_measured(loaded, begin) if measured else None,
        measured_since=begin,
    )
    if html is not None:
        save(html, html_report(report, words), "html")
        typer.echo(f"wrote {html}", err=True)
    if json:
        print_json(report)
    elif markdown:
        sys.stdout.write(as_markdown(report, words))
    elif html is None:
        console().print(for_terminal(report, words))


def _words(language: str) -> Words:
    for known in LANGUAGES:
        if language == known:
            return Words(known)
    raise typer.BadParameter(f"--language {language}: one of {', '.join(LANGUAGES)}")


def _measured(loaded: Loaded, since: float | None) -> dict[str, Measured]:
    """Nothing where there is no ledger yet, or one that can't be read: a comparison needs none."""
    path = database_path(loaded.settings)
    if not path.is_file():
        return {}
    try:
        return read_measured(path, since)
    except LedgerError as error:
        typer.echo(f"nothing measured is shown: {error}", err=True)
        return {}
