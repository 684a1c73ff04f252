"""The figures of quality by the configuration: made from its ledger, results and catalogue."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from fairlead.catalog import Catalog
from fairlead.lab.quality.figures import Figure, figures
from fairlead.lab.quality.sources import own_answers, published, read_lab
from fairlead.lab.quality.written import written
from fairlead.routing import Policy
from fairlead.server.config import Loaded
from fairlead.server.paths import database_path

__all__ = ["figures_of", "table_of"]


def figures_of(
    loaded: Loaded,
    catalog: Catalog,
    policies: Mapping[str, Policy],
    *,
    results: Path | None = None,
    emulated: bool = False,
) -> tuple[Figure, ...]:
    """All figures. Without a ledger there are no own answers; `results` goes before the setting.

    Raises `Failure` for results at fault, LedgerError for a ledger that cannot be read.
    """
    settings = loaded.settings.quality
    path = database_path(loaded.settings)
    own = []
    if path.is_file():
        counted = emulated or settings.emulated
        own = own_answers(path, settings.half_life_days, policies, emulated=counted)
    file = results or (Path(settings.results) if settings.results else None)
    lab = [] if file is None else read_lab(file, catalog)
    return figures(own, lab, published(catalog))


def table_of(made: tuple[Figure, ...], catalog: Catalog) -> str:
    """The TOML table of the figures."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return written(made, catalog.models, f"Made by `fairlead quality build`, {now}.")
