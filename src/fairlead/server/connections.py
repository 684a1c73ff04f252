"""How an upstream is reached, from its settings: the proxy, the certificates."""

from collections.abc import Mapping

from fairlead.server.settings import UpstreamSettings
from fairlead.upstream.proxy import DIRECT, Proxy, parse_proxy, proxy_of_environment
from fairlead.upstream.secret import Secret
from fairlead.upstream.tls import TlsSettings, client_validity, tls_context

__all__ = ["own_proxy", "proxy_of", "tls_of"]


def own_proxy(settings: UpstreamSettings, env: Mapping[str, str]) -> tuple[bool, Proxy | None]:
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


def proxy_of(settings: UpstreamSettings, base_url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy to an upstream's address: its own, else the environment's; None for none.

    Raises:
        ValueError: what is named is no proxy.
    """
    told, proxy = own_proxy(settings, env)
    return proxy if told else proxy_of_environment(base_url, env)


def tls_of(settings: UpstreamSettings, env: Mapping[str, str]) -> TlsSettings:
    """The certificates of an upstream, read once to see that they can be used.

    A certificate that has expired is no error here: one upstream's must not keep the others from
    being served. `fairlead doctor` tells of it, and so does the upstream that refuses it.

    Raises:
        ValueError: a file is missing or of no use, a key is another certificate's; it is named.
    """
    variable = settings.client_key_password_env
    password = env.get(variable, "") if variable else ""
    if variable and not password:
        raise ValueError(f"no password: set the environment variable {variable}")
    tls = TlsSettings(
        ca_file=settings.ca_file or None,
        client_cert=settings.client_cert or None,
        client_key=settings.client_key or None,
        key_password=Secret(password),
    )
    if tls != TlsSettings():
        tls_context(tls)
        client_validity(tls)
    return tls
