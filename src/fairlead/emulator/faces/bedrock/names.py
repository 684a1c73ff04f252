"""Bedrock's names for Claude: base ids, inference profiles, ARNs of either.

`us.anthropic.claude-haiku-4-5-20251001-v1:0` is a profile of `anthropic.claude-haiku-4-5-...-v1:0`.
"Invocation of model ID ... with on-demand throughput isn't supported": models of 2025 and later
are to be had by a profile alone.
"""

import re
from typing import Final

from msgspec import Struct

from fairlead.emulator import judge

__all__ = ["Name", "name_of"]

_ARN: Final = re.compile(
    r"arn:aws(?:-[a-z-]+)?:bedrock:[a-z0-9-]{1,20}:(?:\d{12})?:(?:inference-profile|foundation-model)/(.+)"
)
_ID: Final = re.compile(
    r"(?:(us|eu|jp|au|apac|global|us-gov)\.)?anthropic\.(claude-[a-z0-9.-]+?)(?:-v\d+(?::\d+)?)?"
)
_BY_PROFILE: Final = re.compile(r"-(?:4|5)(?:-|$)|-3-7-")


class Name(Struct, frozen=True):
    """A model's name at Anthropic (empty: nobody's), and the profile's geography if it is one."""

    model: str
    profile: str = ""
    needs_profile: bool = False


def name_of(said: str) -> Name:
    """What a model's id in a path means."""
    arn = _ARN.fullmatch(said)
    found = _ID.fullmatch(arn[1] if arn else said)
    if found is None or judge.limits_of("anthropic", found[2]) is None:
        return Name("")
    return Name(found[2], found[1] or "", _BY_PROFILE.search(found[2]) is not None)
