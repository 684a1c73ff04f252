"""The certificates with which an upstream or a grader is reached, from its settings."""

from collections.abc import Mapping

from fairlead.server.settings import GraderSettings, UpstreamSettings
from fairlead.upstream.secret import Secret
from fairlead.upstream.tls import TlsSettings, client_validity, tls_context

__all__ = ["tls_of"]


def tls_of(settings: UpstreamSettings | GraderSettings, env: Mapping[str, str]) -> TlsSettings:
    """The certificates of one, read once to see that they can be used.

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
