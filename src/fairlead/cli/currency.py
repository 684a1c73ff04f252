"""The currency in which a command shows amounts."""

from fairlead.cost.display import show
from fairlead.server.config import Loaded
from fairlead.server.money import display_of

__all__ = ["in_own_currency"]


def in_own_currency(loaded: Loaded, *, json: bool = False) -> Loaded:
    """Show amounts as `[display]` says from here on; JSON keeps US dollars and tells the rate."""
    show(display_of(loaded), json=json)
    return loaded
