"""The gateway as `fairlead` runs it, with two additions for the chaos suite.

Names can be made unresolvable, and what it holds is told. Both are asked for over a Unix socket:

    gone NAME | back NAME      the name has no address from now on, or has one again
    look                       tasks that run, connections of the pools, names that were refused

`python -m benchmarks.chaos_gateway SOCKET serve --port N`
"""

import asyncio
import gc
import json
import socket
import sys
import threading
from typing import Any

from fairlead.cli.main import main
from fairlead.upstream import dial
from fairlead.upstream.origin_pool import OriginPool

__all__ = ["SUFFIX", "tell"]

SUFFIX = ".chaos.test"
_gone: set[str] = set()
_refused = 0


async def _resolve(host: str, port: int) -> list[dial.Address]:
    """Stands in for `dial.resolve`: the suite's names are on this machine, or nowhere."""
    global _refused  # noqa: PLW0603 - one process, one count
    if not host.endswith(SUFFIX):
        return await _real(host, port)
    if host in _gone:
        _refused += 1
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, "127.0.0.1")]


_real = dial.resolve


def _look() -> dict[str, Any]:
    gc.collect()
    held = gc.get_objects()
    pools = [each for each in held if isinstance(each, OriginPool)]
    return {
        "tasks": sum(isinstance(each, asyncio.Task) and not each.done() for each in held),
        "connections": sum(pool.size for pool in pools),
        "idle": sum(len(pool.idle) for pool in pools),
        "refused": _refused,
    }


def _listen(at: str) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(at)
        door.listen()
        while True:
            peer, _ = door.accept()
            with peer:
                verb, _, name = peer.recv(1000).decode().partition(" ")
                if verb == "gone":
                    _gone.add(name)
                elif verb == "back":
                    _gone.discard(name)
                peer.sendall(json.dumps(_look() if verb == "look" else {}).encode())


def tell(at: str, words: str) -> dict[str, Any]:
    """Say it to a running one."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(at)
        peer.sendall(words.encode())
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    told: dict[str, Any] = json.loads(answer)
    return told


if __name__ == "__main__":
    dial.resolve = _resolve
    threading.Thread(target=_listen, args=(sys.argv.pop(1),), daemon=True).start()
    main()
