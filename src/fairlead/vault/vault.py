"""The conversation vault: where signed parts of answers wait for their conversation to go on.

Vendors sign thoughts and tool calls and want them back, unchanged, in the next request. A client
that speaks another dialect cannot carry them, so the gateway keeps them (`turns.keep`) and puts
them back (`turns.restore`).
"""

from typing import Protocol

__all__ = ["LOOPBACK", "Vault"]

LOOPBACK = "loopback"
"""The scope of requests without a virtual key (they come from this machine)."""


class Vault(Protocol):
    """A store that may forget. A scope (a virtual key's id) never sees what another one put.

    None of `put`, `get` and `forget` waits for a disk's write or for a lock, and none raises.
    """

    def put(self, scope: str, key: str, parts: bytes) -> None:
        """Keep `parts` under `key`; what was there before is replaced."""
        ...

    def get(self, scope: str, key: str) -> bytes | None:
        """What was kept, None if it never was or is gone."""
        ...

    def forget(self, scope: str) -> None:
        """The key was revoked: drop all that it put, and take no more from it."""
        ...

    def close(self) -> None:
        """Write out what waits, and let go of files. May take some seconds."""
        ...
