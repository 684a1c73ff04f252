"""Prompt-cache breakpoints over a whole body: how many, and in which order.

"A maximum of 4 blocks with cache_control may be provided"; "a ttl='1h' cache_control block must not
come after a ttl='5m' cache_control block. Note that blocks are processed in the following order:
`tools`, `system`, `messages`" (two 400s of the live API). Other dialects know neither rule. Of too
many the first stays, which covers the part that changes least, and the last three, which cover
most; a mark that came too late for an hour lives five minutes.
"""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.wire.anthropic.types import Json
from fairlead.wire.losses import Losses

__all__ = ["settle_breakpoints"]

MOST: Final = 4


def settle_breakpoints(body: Json, losses: Losses) -> None:
    """Take away and shorten what the vendor would refuse, with named losses."""
    marked = list(_marked(body))
    room = MOST - ("cache_control" in body)
    if len(marked) > room:
        for block in marked[1 : len(marked) - room + 1]:
            del block["cache_control"]
        losses.cosmetic("cache_control", "cache_control", f"at most {MOST} breakpoints are taken")
        marked = [marked[0], *marked[len(marked) - room + 1 :]]
    short = False
    for block in marked:
        mark = block["cache_control"]
        if not isinstance(mark, dict):
            continue  # a shape of the client's own, spliced as it came
        if mark.get("ttl", "5m") == "5m":
            short = True
        elif short:
            del mark["ttl"]
            losses.cosmetic("cache_control", "cache_ttl", "an hour cannot follow five minutes")


def _marked(body: Json) -> Iterator[Json]:
    """Blocks of ours with a breakpoint, in the vendor's order. Raw blocks stay as they are."""
    yield from _in(body.get("tools"))
    yield from _in(body.get("system"))
    messages: Any = body["messages"]
    for message in messages:
        yield from _in(message["content"])


def _in(blocks: Any) -> Iterator[Json]:  # noqa: ANN401 - a string, a list of blocks, or nothing
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            if "cache_control" in block:
                yield block
            if "content" in block:
                yield from _in(block["content"])
