"""The proxy through which an upstream or a grader is reached, from its settings."""

from collections.abc import Mapping

from fairlead.server.settings import GraderSettings, UpstreamSettings
from fairlead.upstream.proxy import DIRECT, Proxy, parse_proxy, proxy_of_environment

__all__ = ["own_proxy", "proxy_of"]

Reached = UpstreamSettings | GraderSettings


def own_proxy(settings: Reached, env: Mapping[str, str]) -> tuple[bool, Proxy | None]:
    """Whether the settings say how to get there, and the proxy that they name.

    Raises:
        ValueError: what they name is none; the message holds no credentials.
    """
    variable = settings.proxy_env
    if variable and settings.proxy:
        raise ValueError("give the proxy once: in `proxy` or in `proxy_env`")
    text = env.get(variable, "") if variable else settings.proxy
    if variable and not text:
        raise ValueError(f"no proxy: set the environment variable {variable}")
    if not text:
        return False, None
    source = f"environment variable {variable}" if variable else "`proxy`"
    if text.strip().lower() == DIRECT:
        return True, None
    try:
        return True, parse_proxy(text, source)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def proxy_of(settings: Reached, base_url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy to an address: its own, else the environment's; None for none.

    Raises:
        ValueError: what is named is no proxy.
    """
    told, proxy = own_proxy(settings, env)
    return proxy if told else proxy_of_environment(base_url, env)
