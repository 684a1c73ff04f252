"""A function call whose arguments come in pieces: Vertex's `streamFunctionCallArguments`.

Each piece names a place in the arguments and a value; strings for one place are appended
(`partialArgs: [{"jsonPath": "$.location", "stringValue": "Bos", "willContinue": true}]`). The call
ends with the first piece that has no `willContinue`. We never ask for it; a client may.
"""

import re
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from fairlead.wire.gemini.types import ENCODER

__all__ = ["PartialArg", "PartialCall"]

_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]")
_LONGEST_LIST: Final = 10_000


class PartialArg(Struct, rename="camel"):
    """One piece."""

    json_path: str = ""
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None


class PartialCall:
    """The call so far."""

    __slots__ = ("_args", "id", "name", "signature")

    def __init__(self, name: str, call_id: str, signature: str | None) -> None:
        self.name = name
        self.id = call_id
        self.signature = signature
        self._args: dict[str, Any] = {}

    def add(self, pieces: list[PartialArg]) -> None:
        """Take pieces in; one whose path can't be followed is skipped."""
        for piece in pieces:
            steps = [m[1] or m[3] or int(m[2]) for m in _STEP.finditer(piece.json_path)]
            if steps and isinstance(steps[0], str):
                _put(self._args, steps, _value(piece))

    def arguments(self) -> bytes:
        """The arguments as compact JSON."""
        return ENCODER.encode(self._args)


def _value(piece: PartialArg) -> str | float | bool | None:
    for value in (piece.string_value, piece.number_value, piece.bool_value):
        if value is not None:
            return value
    return None


def _put(at: Any, steps: list[str | int], value: object) -> None:  # noqa: ANN401  # JSON
    for step, following in pairwise(steps):
        below: Any = [] if isinstance(following, int) else {}
        at = _child(at, step, below)
        if at is None:
            return
    last = steps[-1]
    old = _child(at, last, value)
    if old is not value and isinstance(old, str) and isinstance(value, str):
        at[last] = old + value


def _child(at: Any, step: str | int, new: object) -> Any:  # noqa: ANN401  # JSON
    """What stands at `step`, put there if nothing does; None where the path doesn't fit."""
    if isinstance(at, dict) and isinstance(step, str):
        return at.setdefault(step, new)
    if isinstance(at, list) and isinstance(step, int) and step <= min(len(at), _LONGEST_LIST):
        if step == len(at):
            at.append(new)
        return at[step]
    return None
