"""Where a request must go that names what a vendor keeps: files, cached contents.

They are at the account that made them (`engine.keeping`). Any other would say that there is no such
file.
"""

from collections.abc import Sequence

from fairlead.engine.exchange import Exchange
from fairlead.engine.keeping import keeper
from fairlead.engine.named_objects import named_objects
from fairlead.engine.snapshot import Lane

__all__ = ["at_home"]


def at_home(x: Exchange, lanes: Sequence[Lane]) -> Sequence[Lane]:
    """The lanes to where the objects are that the body names; all of them where it names none."""
    named = named_objects(x.body)
    if not named:
        return lanes
    kind, id_ = min(named)  # a cached content before files
    home = keeper(x.snapshot.upstreams.values(), x.codec.dialect, kind, id_)
    return [lane for lane in lanes if lane[1] is home] or lanes
