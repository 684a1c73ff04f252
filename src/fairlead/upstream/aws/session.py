"""botocore, where it is installed: the whole chain of credentials and settings of AWS's tools.

Imported when an upstream is configured that signs, and never otherwise: it takes half a
second of CPU and 26 MB.
"""

import logging
from importlib import import_module
from typing import Any

from fairlead.upstream.proxy import Proxy

__all__ = ["MISSING", "go_own_way", "session_of"]

MISSING = (
    "AWS credentials need botocore, which is not installed:"
    " `pip install 'fairlead[bedrock]'` (or set AWS_BEARER_TOKEN_BEDROCK)"
)


def session_of(profile: str) -> Any:  # noqa: ANN401 - botocore has no types
    """A session of botocore's for a profile ("": AWS_PROFILE or the default one).

    Raises:
        ValueError: botocore is missing.
    """
    try:
        module: Any = import_module("botocore.session")
    except ImportError:
        raise ValueError(MISSING) from None
    # Its warnings are tracebacks of what `AwsSigner` tells in one line.
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    return module.Session(profile=profile or None)


def go_own_way(session: Any, proxy: Proxy | None) -> None:  # noqa: ANN401 - botocore has no types
    """Let STS and SSO be asked through an upstream's own proxy (None: through none, whatever the
    environment says). botocore knows no SOCKS: there the environment's way stays.
    """
    if proxy is not None and proxy.scheme not in {"http", "https"}:
        return
    config: Any = import_module("botocore.config")
    proxies = {} if proxy is None else {"http": proxy.reveal(), "https": proxy.reveal()}
    session.set_default_client_config(config.Config(proxies=proxies))
