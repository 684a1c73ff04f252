"""The operator's word about the ledger: its trouble is told when it begins and when it ends.

No request ever fails for the ledger's sake, so without this a full disk would be noticed by nobody.
"""

import logging
from collections.abc import Callable

from fairlead.ledger.health import Health

__all__ = ["LedgerWatch"]

log = logging.getLogger("fairlead")


class LedgerWatch:
    """Looks at the ledger's health when it is told to; says each change once."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health
        self._well = True

    def look(self) -> None:
        """Log it if the ledger has stopped taking records, or takes them again."""
        health = self._health()
        if health.ok == self._well:
            return
        self._well = health.ok
        if health.ok:
            log.info("the ledger takes records again; nothing is missing from it")
        else:
            log.error("the ledger takes no records for now: %s", _told(health))

    def close(self) -> None:
        """The last word, when the ledger is closed."""
        health = self._health()
        if health.ok and not health.waiting:
            log.info("stopped; the ledger is written")
        else:
            log.error("stopped; the ledger could not be written whole: %s", _told(health))


def _told(health: Health) -> str:
    facts = [health.last_error or "no error was told", f"{health.waiting} wait in memory"]
    if health.spill_path is not None:
        facts.append(f"{health.spilled} wait in {health.spill_path}")
    if health.lost:
        facts.append(f"{health.lost} are lost")
    return "; ".join(facts)
