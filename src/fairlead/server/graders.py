"""The operator's graders, from the settings to what the engine runs."""

import shutil
from urllib.parse import urlsplit

from fairlead.engine.grader import Grader
from fairlead.server.config import ConfigError, Loaded
from fairlead.server.settings import GraderSettings

__all__ = ["compile_graders"]


def compile_graders(loaded: Loaded) -> dict[str, Grader]:
    """All graders by name.

    Raises:
        ConfigError: one has no command and no address, or both, or its program is not there; the
            message names the key.
    """
    return {
        name: _grader(loaded, name, settings) for name, settings in loaded.settings.graders.items()
    }


def _grader(loaded: Loaded, name: str, settings: GraderSettings) -> Grader:
    where = f"{loaded.origins.get(f'graders.{name}', 'default')}: graders.{name}"
    if bool(settings.command) == bool(settings.url):
        raise ConfigError(f"{where}: give either `command` or `url`")
    if settings.command and not settings.command[0]:
        raise ConfigError(f"{where}.command: the first word is the program, and empty")
    if settings.command and shutil.which(settings.command[0]) is None:
        raise ConfigError(f"{where}.command: no program {settings.command[0]!r} can be run here")
    if settings.url:
        try:
            parts = urlsplit(settings.url)
            known = parts.scheme in {"http", "https"} and parts.hostname
        except ValueError:
            known = None
        if not known:
            raise ConfigError(f"{where}.url: is no http:// or https:// address")
    return Grader(
        name,
        settings.command,
        settings.url,
        settings.seconds,
        settings.max_bytes,
        settings.at_once,
    )
