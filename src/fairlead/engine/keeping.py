"""Which upstream keeps an object: a file, a batch, a cached content.

The first one in the configuration that keeps such objects in the client's dialect. Two doors of one
vendor may: then an object is asked for where its id was made (`Shelf.knows`), and a client that
says where its project is speaks of the cloud's.
"""

from collections.abc import Iterable

from fairlead.canon import Dialect, Failure, Problem
from fairlead.upstream.vendors import Upstream

__all__ = ["keeper", "keeper_of"]

_OF_ITS_OWN = (
    "set that vendor's API key; they are not translated to another vendor, and what a cloud's door"
    " to it keeps (Bedrock's jobs) is made there"
)


def keeper(
    upstreams: Iterable[Upstream],
    dialect: Dialect,
    kind: str,
    id_: str | None = None,
    *,
    cloud: bool = False,
) -> Upstream | None:
    """Where an object of a kind is kept, by its id, or where a new one would be; None: nowhere.
    `cloud`: the client named a project.
    """
    found = [
        u
        for u in upstreams
        if dialect in u.kind.stores and (u.kind.shelf is None or kind in u.kind.shelf.kinds)
    ]
    if len(found) > 1:
        if id_ is not None:
            shelves = [u for u in found if u.kind.shelf is not None and u.kind.shelf.knows(id_)]
            found = shelves or [u for u in found if u.kind.shelf is None] or found
        elif cloud:
            found = [u for u in found if u.kind.shelf is not None] or found
    return found[0] if found else None


def keeper_of(
    upstreams: Iterable[Upstream],
    dialect: Dialect,
    kind: str,
    id_: str | None = None,
    *,
    cloud: bool = False,
) -> Upstream:
    """The same.

    Raises:
        Failure: nobody keeps such objects.
    """
    upstreams = tuple(upstreams)
    found = keeper(upstreams, dialect, kind, id_, cloud=cloud)
    if found is not None:
        return found
    hints = (u.kind.shelf.lacks.get(kind) for u in upstreams if u.kind.shelf is not None)
    raise Failure(
        Problem(
            "not_found",
            f"files, batches and caches of the {dialect} dialect are kept by its own vendor, and"
            f" no upstream that keeps {kind} is configured",
            hint=next((hint for hint in hints if hint), _OF_ITS_OWN),
        )
    )
