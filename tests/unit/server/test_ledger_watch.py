"""The ledger's trouble is told once when it begins, once when it ends, and at the end of all."""

import logging

from fairlead.ledger.health import Health
from fairlead.server.ledger_watch import LedgerWatch

FULL = Health(
    ok=False, waiting=3, errors=1, last_error="database or disk is full", lost=2,
    spilled=5, spill_path="/var/ledger.spill",
)  # fmt: skip


def test_each_change_is_told_once(caplog) -> None:
    caplog.set_level(logging.INFO, "fairlead")
    now = Health(ok=True)
    watch = LedgerWatch(lambda: now)
    watch.look()
    assert not caplog.records
    now = FULL
    watch.look()
    watch.look()
    (told,) = caplog.records
    assert told.levelname == "ERROR"
    for fact in ("disk is full", "3 wait", "5 wait in /var/ledger.spill", "2 are lost"):
        assert fact in told.getMessage()
    now = Health(ok=True, last_error="database or disk is full")
    watch.look()
    assert caplog.records[1].levelname == "INFO"


def test_the_last_word_is_true(caplog) -> None:
    caplog.set_level(logging.INFO, "fairlead")
    LedgerWatch(lambda: Health(ok=True, written=9)).close()
    LedgerWatch(lambda: FULL).close()
    assert [r.levelname for r in caplog.records] == ["INFO", "ERROR"]
