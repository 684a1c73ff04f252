"""Cache breakpoints: at most four, longer ones first."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["breakpoints", "marks"]

MOST = 4


def breakpoints(request: Request) -> str | None:
    """[O] both sentences."""
    found = list(marks(request.body))
    if len(found) > MOST:
        return f"A maximum of {MOST} blocks with cache_control may be provided. Found {len(found)}."
    short = False
    for path, mark in found:
        if mark.get("ttl", "5m") == "5m":
            short = True
        elif short:
            return (
                f"{path}.cache_control.ttl: a ttl='1h' cache_control block must not come after a "
                "ttl='5m' cache_control block. Note that blocks are processed in the following "
                "order: `tools`, `system`, `messages`."
            )
    return None


def marks(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every breakpoint with its path, in the order tools, system, messages, automatic one."""
    for path, block in _blocks(body):
        if mark := block.get("cache_control"):
            yield path, mark
    if mark := body.get("cache_control"):
        yield "cache_control", mark


def _blocks(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, tool in enumerate(body.get("tools") or ()):
        yield f"tools.{index}", tool
    yield from _content("system", body.get("system"))
    for number, message in enumerate(body["messages"]):
        yield from _content(f"messages.{number}.content", message.get("content"))


def _content(path: str, content: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, block in enumerate(content if isinstance(content, list) else ()):
        here = f"{path}.{index}"
        yield here, block
        # Results hold blocks of their own, and so do search results and documents.
        yield from _content(f"{here}.content", block.get("content"))
