"""The account behind an upstream, as the operator tells it."""

from collections.abc import Mapping

from msgspec import Struct

from fairlead.upstream.proxy import Proxy
from fairlead.upstream.secret import Secret

__all__ = ["Account"]


class Account(Struct, frozen=True):
    """What the operator says of the account behind an upstream, for its address and its signer.

    `env` is the environment that the configuration was read with. `own_way`: who gives credentials
    is asked through `proxy` (None: directly), and trusts `ca_file` too; else as the environment
    says of proxies.
    """

    key: Secret
    region: str = ""
    profile: str = ""
    inference_profile: str = ""
    project: str = ""
    credentials_file: str = ""
    lacks: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    own_way: bool = False
    proxy: Proxy | None = None
    ca_file: str = ""
