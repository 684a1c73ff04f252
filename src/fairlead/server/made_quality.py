"""Figures of quality that the gateway made, as `server.quality_watch` left them in a file."""

import logging
from collections.abc import Container
from pathlib import Path

from fairlead.routing import PolicyError
from fairlead.routing.quality import QualityTable, parse_quality

__all__ = ["read_made"]

log = logging.getLogger("fairlead.quality")


def read_made(path: Path, known: Container[str]) -> QualityTable:
    """The figures of a file that was made here; none where it is missing or of another version."""
    try:
        return parse_quality(path.read_text(encoding="utf-8"), str(path), known)
    except FileNotFoundError:
        return QualityTable()
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        log.warning("figures of quality are not read, and will be made anew: %s", error)
        return QualityTable()
