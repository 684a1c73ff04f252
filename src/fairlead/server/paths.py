"""Where the files are: settings first, then the user's own folder for data."""

import os
from collections.abc import Mapping
from pathlib import Path

from fairlead.server.settings import Settings

__all__ = ["database_path", "overlay_path", "quality_path"]


def database_path(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Where the ledger and the keys are."""
    if settings.ledger.path:
        return Path(settings.ledger.path)
    env = os.environ if environ is None else environ
    home = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "fairlead" / "fairlead.db"


def overlay_path(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Where the catalogue's overlay is, whether or not the file exists."""
    own = settings.catalog.overlay
    return Path(own) if own else database_path(settings, environ).with_name("catalog.toml")


def quality_path(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Where the figures of quality are kept that the gateway makes by itself."""
    return database_path(settings, environ).with_name("quality.toml")
