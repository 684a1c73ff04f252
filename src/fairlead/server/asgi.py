"""The application for other hosts (`granian --factory fairlead.server.asgi:application`).

Configuration is found as `fairlead serve` finds it. The host owns the socket, so the loopback rule
is held per request: without virtual keys only peers on this machine are served.
"""

from fairlead.observe.log import setup
from fairlead.server.app import App
from fairlead.server.config import load

__all__ = ["application"]


def application() -> App:
    """Build the ASGI application from configuration and environment."""
    loaded = load()
    setup(loaded.settings.log.level, loaded.settings.log.format)
    return App(loaded, load)
