"""Features that are only looked at where a policy asks for them.

`extract` makes what every decision needs; what stands here costs nothing unless a rule of the
policy in force names it (`asked_of`). What isn't looked at is None and meets no condition.
What is no part of the request (whose key, which hour) is given from outside (`Outside`), so that
routing stays a function of its arguments.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Request, Text
from fairlead.routing.decision import Features
from fairlead.routing.language import language_of
from fairlead.routing.policy import Policy
from fairlead.routing.source_code import code_of
from fairlead.routing.vocabulary_signs import FORMULAS

__all__ = ["LOOKED_AT", "NO_OUTSIDE", "OUTSIDE", "Outside", "asked_of", "look"]

READ: Final = 1_200
"""Characters of the last user turn that are looked at."""


class Outside(Struct, frozen=True, omit_defaults=True):
    """What is known of a request's surroundings; None: not known.

    `key` is the key's id, `hour` 0 to 23 in UTC; `warm_tokens` are those of the prompt's beginning
    that this key sent before, within five minutes, to whichever model. `team` is the key's,
    `budget_pressure` the share of the key's budget that is spent in its period, in whole percent.
    """

    key: str | None = None
    hour: int | None = None
    warm_tokens: int | None = None
    team: str | None = None
    budget_pressure: int | None = None


NO_OUTSIDE: Final = Outside()


def _said(request: Request) -> str:
    """What the last user turn says."""
    for turn in reversed(request.turns):
        if turn.role == "user":
            texts = [part.text[:READ] for part in turn.parts if isinstance(part, Text)]
            if texts:
                return "\n".join(texts[:4])[:READ]
    return ""


def _language(request: Request) -> str:
    return language_of(_said(request))


def _code(request: Request) -> str:
    return code_of(_said(request))


def _mathematics(request: Request) -> bool:
    said = _said(request).lower()
    return any(mark in said for mark in FORMULAS)


def _depth(request: Request) -> int:
    return sum([turn.role == "assistant" for turn in request.turns])


def _schema(request: Request) -> int:
    output = request.output
    return 0 if output is None or not output.schema else len(output.schema)


LOOKED_AT: Final[dict[str, Callable[[Request], str | bool | int]]] = {
    "language": _language,
    "code": _code,
    "mathematics": _mathematics,
    "depth": _depth,
    "schema": _schema,
}
"""Features that are read off the request."""
OUTSIDE: Final = Outside.__struct_fields__
"""Features that are given from outside."""
_LAZY = frozenset(LOOKED_AT) | frozenset(OUTSIDE)


def asked_of(policy: Policy) -> tuple[str, ...]:
    """The features of this module that a policy asks for, a canary's arms included."""
    policies = (policy, *(() if policy.canary is None else policy.canary.arms))
    asked = {each.feature for one in policies for rule in one.rules for each in rule.when}
    return tuple(sorted(asked & _LAZY))


def look(
    features: Features, request: Request, asked: tuple[str, ...], outside: Outside
) -> Features:
    """The features with those that are asked for."""
    found: dict[str, str | bool | int | None] = {}
    for name in asked:
        read = LOOKED_AT.get(name)
        found[name] = getattr(outside, name) if read is None else read(request)
    return replace(features, **found) if found else features
