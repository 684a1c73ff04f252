"""How many files may be open at once: each connection, of a client or to an upstream, is one.

Shells and systemd start programs with 1,024, because select(2) knows no more; who does not use that
is to raise the limit up to the hard one by itself ("If you are writing a program that can handle
more than 1024 file descriptors [...] bump the soft limit to the hard limit at start-up",
0pointer.net, File Descriptor Limits). With 1,024 some 500 requests at once are all there can be:
the rest would be told that the vendor cannot be reached.
"""

import logging
import sys
from typing import Final

if sys.platform != "win32":  # there is no such limit, and no such module
    import resource

__all__ = ["raise_limit"]

log = logging.getLogger("fairlead.server")

_MOST: Final = 1 << 20
"""Enough for all that `server.max_requests` may say; "no limit" is more than some systems take."""
_EACH: Final = 2
"""A request's own: the client's connection and the upstream's."""
_BESIDE: Final = 128
"""Idle connections, the ledger's and the vault's files, workers' pipes."""


def raise_limit(requests: int) -> int | None:
    """Raise the limit as far as this process may. The limit then; None where there is none to
    raise. Too low a one for so many requests at once is told in the log.
    """
    if sys.platform == "win32":
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError) as error:  # macOS has a lower one of its own
            log.debug("the limit of open files stays at %d: %s", soft, error)
    if soft != resource.RLIM_INFINITY and soft < _EACH * requests + _BESIDE:
        log.warning(
            "only %d files may be open: enough for some %d requests at once, not for"
            " server.max_requests = %d; raise the limit (`ulimit -Hn`, LimitNOFILE of systemd)",
            soft, max(0, soft - _BESIDE) // _EACH, requests,
        )  # fmt: skip
    return soft
