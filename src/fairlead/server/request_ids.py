"""Request ids: sortable by time, unguessable, cheap (one urandom call for many ids)."""

import os
import time

__all__ = ["request_id"]

_BATCH = 256
_pool: list[bytes] = []


def request_id() -> str:
    """`fl-` + 12 hex digits of milliseconds + 16 random hex digits."""
    if not _pool:
        noise = os.urandom(8 * _BATCH)
        _pool.extend(noise[i : i + 8] for i in range(0, len(noise), 8))
    now = time.time_ns() // 1_000_000
    return f"fl-{now.to_bytes(6).hex()}{_pool.pop().hex()}"
