"""The operator's graders, from the settings to what the engine runs."""

import shutil
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec.structs import replace

from fairlead.engine.grader import Grader
from fairlead.server.certificates import tls_of
from fairlead.server.config import ConfigError, Loaded
from fairlead.server.proxies import proxy_of
from fairlead.server.settings import GraderSettings

__all__ = ["compile_graders"]


def compile_graders(loaded: Loaded, env: Mapping[str, str]) -> dict[str, Grader]:
    """All graders by name.

    Raises:
        ConfigError: one has no command and no address, or both, its program is not there, or its
            proxy or certificates are of no use; the message names the key.
    """
    return {
        name: _grader(loaded, name, settings, env)
        for name, settings in loaded.settings.graders.items()
    }


def _grader(loaded: Loaded, name: str, settings: GraderSettings, env: Mapping[str, str]) -> Grader:
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
    grader = Grader(
        name,
        settings.command,
        settings.url,
        settings.seconds,
        settings.max_bytes,
        settings.at_once,
    )
    given = [each for each in _FOR_URL if getattr(settings, each)]
    if not settings.url:
        if given:
            raise ConfigError(f"{where}.{given[0]}: is for a grader with `url`")
        return grader
    try:
        tls, proxy = tls_of(settings, env), proxy_of(settings, settings.url, env)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    return replace(grader, tls=tls, proxy=proxy)


_FOR_URL = ("proxy", "proxy_env", "ca_file", "client_cert", "client_key", "client_key_password_env")
