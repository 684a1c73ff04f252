"""Where a request must go that names what a vendor keeps: files, cached contents.

They are at the account that made them, which is the first upstream that keeps objects in the
client's dialect (`engine.passthrough`). Any other would say that there is no such file.
"""

from collections.abc import Sequence

from fairlead.engine.exchange import Exchange
from fairlead.engine.named_objects import named_objects
from fairlead.engine.snapshot import Lane

__all__ = ["at_home"]


def at_home(x: Exchange, lanes: Sequence[Lane]) -> Sequence[Lane]:
    """The lanes to where the objects are that the body names; all of them where it names none."""
    if not named_objects(x.body):
        return lanes
    dialect = x.codec.dialect
    keeping = (u for u in x.snapshot.upstreams.values() if dialect in u.kind.stores)
    home = next(keeping, None)
    return [lane for lane in lanes if lane[1] is home] or lanes
