"""Policies: questions, an objective for what they leave open, fallbacks. A checked value.

`policy_file` reads one from TOML. A policy states a preference; it cannot break a hard limit (see
`guards`). Rules are asked in order and the first yes decides: its `use` names one model, or several
among which the objective chooses (without one they are preferred in their order).
"""

import hashlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from fairlead.canon import FairleadError
from fairlead.routing.cascade import Cascade
from fairlead.routing.objective import NO_CONSTRAINTS, Constraints, Objective
from fairlead.routing.rollout import NO_LIMITS, Limits, Shadow
from fairlead.routing.rule import Rule
from fairlead.routing.scorer_rule import ScorerRule

__all__ = ["ALWAYS", "Canary", "Policy", "PolicyError", "Rule", "always", "arm", "hashed", "linked"]

ALWAYS = "always:"
"""What the name of a policy begins with that always takes one model."""


class PolicyError(FairleadError):
    """A policy file is at fault; the message gives file, line, key and what was expected."""


class Canary(Struct, frozen=True, omit_defaults=True):
    """A share of the sessions follows one policy, the rest another, both named; `arms` are the two
    policies themselves, base first, once they are known (`linked`). Where one of the `limits` is
    broken, no session follows it any more.
    """

    base: str
    policy: str
    share: float
    arms: tuple["Policy", ...] = ()
    limits: Limits = NO_LIMITS


class Policy(Struct, frozen=True, omit_defaults=True):
    """A checked policy. `hash` names its meaning: comments and layout don't change it.

    `otherwise` and `rules[].use` hold one name or several. `fallbacks` pairs a candidate with those
    that come behind it. `modalities` are the kinds of content that it is meant for; None: all.
    With `sticky` a session stays with its model where it may; `hold_back_ms` and `hedge` are about
    its delivery (docs/delivery.md). `notes` are what people should know
    of the file; they are no part of its meaning.
    """

    name: str
    version: str
    candidates: tuple[str, ...]
    rules: tuple[Rule, ...]
    otherwise: tuple[str, ...]
    otherwise_reason: str = "nothing else decided"
    description: str = ""
    source: str = ""
    objective: Objective | None = None
    constraints: Constraints = NO_CONSTRAINTS
    fallbacks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    modalities: tuple[str, ...] | None = None
    canary: Canary | None = None
    sticky: bool = False
    hold_back_ms: int | None = None
    hedge: bool = False
    cascade: Cascade | None = None
    shadow: Shadow | None = None
    scorer: ScorerRule | None = None
    notes: tuple[str, ...] = ()
    hash: str = ""

    @property
    def chooses(self) -> bool:
        """Whether more than the rules may decide: an objective, a constraint, the session, the
        scorer.
        """
        return (
            self.objective is not None
            or self.constraints != NO_CONSTRAINTS
            or self.sticky
            or self.scorer is not None
        )


def hashed(policy: Policy) -> Policy:
    """The policy with its hash: a short name of all that it means."""
    plain = msgspec.structs.replace(policy, hash="", notes=())
    encoded = msgspec.json.encode(plain, order="deterministic")
    digest = hashlib.blake2s(encoded, digest_size=6).hexdigest()
    return msgspec.structs.replace(policy, hash=digest)


def always(model: str) -> Policy:
    """The policy `always:<model>`: a family or a model, and nothing else."""
    return hashed(
        Policy(
            name=ALWAYS + model,
            version="1",
            candidates=(model,),
            rules=(),
            otherwise=(model,),
            otherwise_reason="always this one",
            description=f"Every request to {model}.",
        )
    )


def arm(name: str, policies: Mapping[str, Policy]) -> Policy:
    """The policy that a canary means by a name. Raises `PolicyError`."""
    found = always(name[len(ALWAYS) :]) if name.startswith(ALWAYS) else policies.get(name)
    if found is None:
        known = ", ".join(sorted(each for each, policy in policies.items() if not policy.canary))
        raise PolicyError(f"there is no policy '{name}'; there are: {known}")
    if found.canary is not None:
        raise PolicyError(f"'{name}' is a canary itself; they don't nest")
    return found


def linked(policy: Policy, policies: Mapping[str, Policy]) -> Policy:
    """The policy with the policies that it names, which become part of its meaning.

    Raises `PolicyError` where one is not there, or is a canary itself.
    """
    canary = policy.canary
    if canary is None:
        return policy
    arms = (arm(canary.base, policies), arm(canary.policy, policies))
    candidates = tuple(dict.fromkeys(name for each in arms for name in each.candidates))
    whole = msgspec.structs.replace(canary, arms=arms)
    return hashed(msgspec.structs.replace(policy, candidates=candidates, canary=whole))
