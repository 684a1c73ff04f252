"""The account behind an upstream, as settings tell it: for its address, its signer, its prices."""

from collections.abc import Mapping

from fairlead.server.proxies import own_proxy
from fairlead.server.settings import UpstreamSettings
from fairlead.upstream.account import Account
from fairlead.upstream.kinds.identity import Identity
from fairlead.upstream.secret import Secret

__all__ = ["account_of", "price_place"]


def account_of(settings: UpstreamSettings, env: Mapping[str, str], key: str = "") -> Account:
    """What is said of the account.

    Raises:
        ValueError: its proxy is none.
    """
    own_way, proxy = own_proxy(settings, env)
    return Account(
        Secret(key),
        region=settings.region,
        profile=settings.profile,
        inference_profile=settings.inference_profile,
        project=settings.project,
        credentials_file=settings.credentials_file,
        lacks=settings.lacks,
        env=env,
        own_way=own_way,
        proxy=proxy,
        ca_file=settings.ca_file,
    )


def price_place(kind: Identity, settings: UpstreamSettings, env: Mapping[str, str]) -> str:
    """Where it computes, in the words that the prices of its door know.

    Raises:
        ValueError: nobody says where, or it is no such place.
    """
    if kind.priced_as is None:
        return settings.region
    key = settings.api_key or env.get(settings.api_key_env or kind.key_env, "")
    return kind.priced_as(account_of(settings, env, key))
