"""Drawing by hash: the same session always draws the same, in any process.

A share is drawn per session, so that a conversation stays where it began. Several names are drawn
by rendezvous hashing: each gets a number of its own, the greatest of `number ** (1 / weight)` wins
(Efraimidis and Spirakis, 2006: the winner is then drawn by the weights). When a weight changes,
only as many sessions move as must.
"""

from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["by_shares", "uniform"]

_ALL = 2**64


def uniform(session: int, salt: str) -> float:
    """A number in [0, 1) from a session; `salt` makes draws independent of each other."""
    text = f"{salt}\n{session}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") / _ALL


def by_shares(session: int, salt: str, shares: Iterable[tuple[str, float]]) -> list[str]:
    """The names in the order in which they are drawn; those without a share last, as they came."""
    drawn = [
        (-(uniform(session, f"{salt}\n{name}") ** (1 / share)) if share > 0 else 1.0, name)
        for name, share in shares
    ]
    return [name for _, name in sorted(drawn, key=lambda pair: pair[0])]
