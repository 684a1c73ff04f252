"""Where the parts of a turn stood among the input's items.

Items are smaller than turns: an answer is a reasoning item, a message and some calls, and all of it
is one turn of canon's (its thoughts belong to its calls). A turn's path says which items it holds:

    input            a text instead of a list
    input[3]         one item, with all the parts of the turn
    input[3:1.2.0.1] items 3 to 6, with one part, two, none and one

so that a part can be found where the client wrote it, and messages are written as they came.
"""

from itertools import accumulate
from typing import Final

__all__ = ["TEXT", "place_of", "spans_of", "turn_path"]

TEXT: Final = "input"


def turn_path(first: int, counts: list[int]) -> str:
    """The path of a turn that holds the items from `first` on, with so many parts each."""
    if len(counts) == 1:
        return f"input[{first}]"
    return f"input[{first}:{'.'.join(map(str, counts))}]"


def spans_of(path: str, parts: int) -> list[tuple[int, int]] | None:
    """(item, number of parts) of each item of the turn, or None for a path of another dialect."""
    if not path.startswith("input[") or not path.endswith("]"):
        return None
    first, _, counts = path[6:-1].partition(":")
    try:
        at = int(first)
        spans = [int(count) for count in counts.split(".")] if counts else [parts]
    except ValueError:
        return None
    return list(enumerate(spans, at)) if sum(spans) == parts else None


def place_of(path: str, part: int) -> tuple[int, int] | None:
    """(item, part within it) of a turn's part; None where the path tells no items."""
    first, _, counts = path[6:-1].partition(":")
    if not path.startswith("input[") or not first.isdigit():
        return None
    if not counts:
        return int(first), part
    spans = [int(count) for count in counts.split(".")]
    for at, end in enumerate(accumulate(spans)):
        if part < end:
            return int(first) + at, part - (end - spans[at])
    return None
