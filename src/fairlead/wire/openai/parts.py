"""Parts of content, as both of OpenAI's dialects read, shorten and lose them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from fairlead.canon import Loss, Media, Opaque, Part
from fairlead.wire.openai.faults import not_among

__all__ = ["in_short", "loss_of", "read_parts"]


class _Typed(Protocol):
    @property
    def type(self) -> str: ...


_In = TypeVar("_In", bound=_Typed)
_Out = TypeVar("_Out")
_PLAIN: Final = {"type", "text"}


def read_parts(
    parts: Sequence[_In],
    readers: Mapping[str, Callable[[_In, str], _Out]],
    allowed: frozenset[str],
    path: str,
) -> tuple[_Out, ...]:
    """Each part by the reader of its type; `path` is the list's.

    Raises:
        Failure: a type is not among those that are `allowed` here.
    """
    found: list[_Out] = []
    for at, part in enumerate(parts):
        here = f"{path}[{at}]"
        read = readers.get(part.type) if part.type in allowed else None
        if read is None:
            raise not_among(part.type, f"{here}.type", sorted(allowed))
        found.append(read(part, here))
    return tuple(found)


def in_short(pieces: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One plain text is a string, as most clients write it."""
    if not pieces:
        return ""
    if len(pieces) == 1 and pieces[0].keys() == _PLAIN:
        text: str = pieces[0]["text"]
        return text
    return list(pieces)  # who gathered them may go on gathering


def loss_of(part: Part, path: str, cannot: str, nouns: Mapping[str, str]) -> Loss:
    """The loss of a part of an answer: `cannot` says of whom, `nouns` what media are called."""
    if isinstance(part, Media):
        what, why = f"{part.kind}_output", f"{cannot} {nouns[part.kind]}"
    elif isinstance(part, Opaque):
        what = f"{part.dialect}:{part.kind}"
        why = f"only the {part.dialect} dialect can say '{part.kind}'"
    else:
        what, why = type(part).__name__, f"{cannot} it"
    return Loss("semantic", path, what, why)
