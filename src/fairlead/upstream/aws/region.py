"""The region that an upstream at AWS is in, and which inference profiles belong to it."""

import re
from typing import Any, Final

from fairlead.upstream.account import Account
from fairlead.upstream.aws.session import session_of

__all__ = ["geography", "region_of"]

_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")

# docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html: profiles are named
# by the geography whose regions they spread over. "global." spreads over all commercial regions.
_GEOGRAPHIES: Final = (
    ("us-gov-", "us-gov"),
    ("us-", "us"),
    ("ca-", "us"),
    ("eu-", "eu"),
    ("ap-northeast-1", "jp"),
    ("ap-northeast-3", "jp"),
    ("ap-southeast-2", "au"),
    ("ap-southeast-4", "au"),
    ("ap-", "apac"),
)


def region_of(account: Account) -> str:
    """The region: of the settings, the environment, or the profile's file.

    Raises:
        ValueError: nobody says it, or it is no region's name.
    """
    said = account.region or next((v for n in _VARIABLES if (v := account.env.get(n))), "")
    if not said and not account.key:
        said = _of_profile(account.profile)
    if not said:
        raise ValueError("no AWS region: set `region`, or AWS_REGION in the environment")
    if not _REGION.fullmatch(said):
        raise ValueError(f"{said!r} is no AWS region (us-east-1, eu-central-1, ...)")
    return said


def _of_profile(profile: str) -> str:
    session: Any = session_of(profile)
    return str(session.get_config_variable("region") or "")


def geography(region: str) -> str:
    """Which geography's profiles a region uses: `us`, `eu`, `jp`, ..., or `global`."""
    return next((name for begin, name in _GEOGRAPHIES if region.startswith(begin)), "global")
