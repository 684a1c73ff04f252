"""What Bedrock calls a model: its base id, or an inference profile's.

Newer Claude models are served by inference profiles alone ("on-demand throughput isn't supported"
otherwise). The profile is of the operator's choice (`inference_profile`), else of the geography of
the upstream's region; where a model has none there, the one of the geography around it (`apac` of
older models around `jp` and `au`), else the global one; where it has none at all, the base id.
"""

import tomllib
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct, convert

from fairlead.upstream.account import Account
from fairlead.upstream.aws.region import geography, region_of

__all__ = ["BARE", "Named", "naming", "price_geography", "table"]

BARE: Final = "none"
"""`inference_profile` that asks for base ids."""
_GLOBAL: Final = "global"
_AROUND: Final = {"jp": "apac", "au": "apac"}
"""`jp` and `au` came with Claude 4.5; before, their regions asked the profiles of `apac`."""


class Named(Struct, frozen=True):
    """A model's base id at Bedrock and the geographies of its profiles."""

    id: str
    profiles: tuple[str, ...] = ()


@cache
def table() -> dict[str, Named]:
    """By the catalogue's ids; from `models.toml`."""
    text = (files("fairlead.upstream.aws") / "models.toml").read_text("utf-8")
    content: dict[str, Any] = tomllib.loads(text)
    return convert(content["models"], dict[str, Named])


def naming(account: Account) -> Callable[[str], str]:
    """How an account's models are called.

    Raises:
        ValueError: there is no region.
    """
    wanted = account.inference_profile or geography(region_of(account))
    return partial(_name, wanted)


def price_geography(account: Account) -> str:
    """The word for which prices may differ: the geography whose profiles are asked."""
    return account.inference_profile or geography(region_of(account))


def _name(wanted: str, model: str) -> str:
    known = table().get(model)
    if known is None:
        return f"{wanted}.anthropic.{model}" if wanted != BARE else f"anthropic.{model}"
    if wanted == BARE or not known.profiles:
        return known.id
    for place in (wanted, _AROUND.get(wanted)):
        if place in known.profiles:
            return f"{place}.{known.id}"
    return f"{_GLOBAL}.{known.id}" if _GLOBAL in known.profiles else known.id
