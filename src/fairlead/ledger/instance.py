"""Which process a journalled request belongs to, and whether that process still lives.

Three facts decide it, so that a process id that was used again, a reboot and a container restart
are all told apart: the process's start time, the boot, and the namespace of process ids. Where two
processes cannot see each other (two containers on one volume) or the system does not tell
(no /proc), a sign of life in the database decides, not older than `LAPSE` seconds.
"""

import os
import secrets
from pathlib import Path

from msgspec import Struct

__all__ = ["BEAT", "LAPSE", "Instance"]

BEAT = 10.0
"""Seconds between two signs of life."""

LAPSE = 60.0
"""Seconds without one after which a process that cannot be looked up counts as dead."""

_PROC = Path("/proc")


class Instance(Struct, frozen=True):
    """One opening of the ledger by one process. Empty strings where the system does not tell."""

    id: str
    pid: int
    started: str
    boot: str
    pid_space: str

    @classmethod
    def mine(cls) -> "Instance":
        """A new instance of this process."""
        pid = os.getpid()
        return cls(secrets.token_hex(8), pid, _started(pid) or "", _boot(), _pid_space())

    def lives(self, seen: float, now: float, here: "Instance") -> bool:
        """Whether the process still runs, as `here` can tell. `seen`, `now`: Unix seconds."""
        if here.boot and self.boot and self.boot != here.boot:
            return False
        if here.pid_space and self.started and self.pid_space == here.pid_space:
            return _started(self.pid) == self.started
        return now - seen < LAPSE


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks after boot; None if it is gone or not told."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # proc(5): the name in parentheses may hold anything, so count from the last one. Field 3 is
    # the state (Z and X: dead, not yet reaped), field 22 the start time.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _pid_space() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""
