"""Policies as TOML that a user can edit: read, checked, and a mistake told with its line.

    name = "mine"
    version = "1"
    candidates = ["flash", "haiku"]
    otherwise = ["flash", "haiku"]
    objective = "cheapest"

    [[rules]]
    question = "large document? (more than 200,000 tokens)"
    when = { prompt_tokens = { over = 200_000 } }
    use = "flash"

What the tables and keys are is data (`_TOP`, `RULE`, ...), each in the file that reads its table
(`rule_file`, `objective_file`, ...); what holds between them is checked behind that (`coherence`),
in the order of the file.
"""

import tomllib
from collections.abc import Container, Mapping
from typing import Final

from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.routing.cascade import Cascade
from fairlead.routing.cascade_file import NOT_ACCEPTED, read_cascade
from fairlead.routing.coherence import (
    Takes,
    cascade_begins,
    reachable,
    served,
    something_to_choose,
    way_back,
)
from fairlead.routing.conditions import (
    FEATURES,
)
from fairlead.routing.objective_file import read_constraints, read_objective
from fairlead.routing.policy import (
    ALWAYS,
    Policy,
    PolicyError,
    arm,
    hashed,
    linked,
)
from fairlead.routing.rollout_file import read_canary, read_shadow
from fairlead.routing.rule_file import read_rule
from fairlead.routing.scorer_table import ReadScorer
from fairlead.routing.scorer_table import read_rule as read_scorer
from fairlead.routing.toml_reader import TomlReader

__all__ = ["OPTIONS", "Takes", "parse_policies", "parse_policy"]

_TOP: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "version": (str,),
    "candidates": (list,),
    "otherwise": (str, list),
    "otherwise_reason": (str,),
    "description": (str,),
    "source": (str,),
    "modalities": (list,),
    "objective": (str, dict),
    "constraints": (dict,),
    "weights": (dict,),
    "fallbacks": (dict,),
    "options": (dict,),
    "cascade": (dict,),
    "canary": (dict,),
    "shadow": (dict,),
    "scorer": (dict,),
    "rules": (list,),
}
_REQUIRED: Final = ("name", "version", "candidates")
_CANARY_ONLY: Final = frozenset({"name", "version", "description", "source", "canary"})
OPTIONS: Final = ("sticky", "hold_back_ms", "hedge")
MOST_HELD_BACK: Final = 60_000
"""Milliseconds for which the beginning of a stream may be held back."""


def parse_policy(
    text: str,
    where: str = "<policy>",
    known: Container[str] | None = None,
    takes: Takes | None = None,
    graders: Container[str] | None = None,
    *,
    draft: bool = False,
    scorers: ReadScorer | None = None,
) -> Policy:
    """A policy from its file's text.

    `where` names the file in errors; `known` holds what the catalogue knows (a `Catalog` will do);
    with `takes` each kind of content must have a candidate. `graders` are the configuration's; a
    `draft` may have a cascade that nobody has accepted; `scorers` reads scorers' files (without it
    the policy decides as without). Raises `PolicyError`.
    """
    try:
        document = tomllib.loads(text)
    except NOT_TOML as error:
        raise PolicyError(not_toml(error, text, where)) from error
    reader = _Reader(text, where)
    if "canary" in document:
        return hashed(reader.canary(document))
    reader.table(document, _TOP, _REQUIRED, "", None)
    if document["name"].startswith(ALWAYS):
        reader.fail("name", None, f"names with '{ALWAYS}' are made up by Fairlead; take another")
    candidates = reader.names(document["candidates"], "candidates")
    for candidate in candidates:
        if known is not None and candidate not in known:
            reader.fail("candidates", None, f"no such family or model '{candidate}'")
    rules = tuple(
        read_rule(index, row, candidates, reader)
        for index, row in enumerate(document.get("rules", []))
    )
    scorer, notes = read_scorer(document.get("scorer"), candidates, reader, scorers)
    policy = Policy(
        name=document["name"],
        version=document["version"],
        candidates=candidates,
        rules=rules,
        otherwise=reader.otherwise(document, candidates),
        otherwise_reason=document.get("otherwise_reason", "nothing else decided"),
        description=document.get("description", ""),
        source=document.get("source", ""),
        objective=read_objective(document, candidates, reader),
        constraints=read_constraints(document.get("constraints", {}), reader),
        fallbacks=reader.fallbacks(document.get("fallbacks", {}), candidates),
        modalities=reader.modalities(document.get("modalities")),
        sticky=reader.flag(document.get("options", {}), "sticky"),
        hold_back_ms=reader.hold_back_ms(document.get("options", {})),
        hedge=reader.flag(document.get("options", {}), "hedge"),
        cascade=reader.cascade(document.get("cascade"), candidates, graders, draft=draft),
        shadow=read_shadow(document.get("shadow"), candidates, reader),
        scorer=scorer,
        notes=notes,
    )
    reachable(rules, reader)
    something_to_choose(policy, reader)
    cascade_begins(policy, reader)
    if takes is not None:
        served(policy, takes, reader)
    return hashed(policy)


def parse_policies(
    own: Mapping[str, str],
    shipped: Mapping[str, str],
    known: Container[str] | None = None,
    takes: Takes | None = None,
    graders: Container[str] | None = None,
    *,
    draft: str | None = None,
    scorers: ReadScorer | None = None,
) -> dict[str, Policy]:
    """All policies, by name: the user's files go before shipped ones of the same name.

    Both map a file's name to its text; `known` and `takes` are as for `parse_policy`, but shipped
    policies are not held to `takes`: a family that the user has given other members must not keep
    the gateway from starting. Policies that name others are given them. `draft` is the file that
    may be one, `scorers` reads scorers' files (see there). Raises `PolicyError`.
    """
    files: dict[str, tuple[Policy, str]] = {}
    for texts, lint in ((shipped, None), (own, takes)):
        mine: dict[str, str] = {}
        for where, text in texts.items():
            policy = parse_policy(
                text, where, known, lint, graders, draft=where == draft, scorers=scorers
            )
            other = mine.setdefault(policy.name, where)
            if other != where:
                said = f"'{policy.name}' is the name of {other} already"
                TomlReader(text, where).fail("name", None, said)
            files[policy.name] = (policy, where)
    plain = {name: policy for name, (policy, _) in files.items()}
    whole: dict[str, Policy] = {}
    for name, (policy, where) in files.items():
        whole[name] = policy
        if policy.canary is not None:
            text = own.get(where, "") or shipped.get(where, "")
            whole[name] = _linked(policy, plain, TomlReader(text, where), known)
    return whole


def _linked(
    policy: Policy, others: Mapping[str, Policy], reader: TomlReader, known: Container[str] | None
) -> Policy:
    """A canary with its arms, which are told to be wrong at its own lines."""
    canary = policy.canary
    for key, name in (("base", canary.base), ("policy", canary.policy)) if canary else ():
        model = name.removeprefix(ALWAYS)
        if model != name and known is not None and model not in known:
            reader.fail(f"canary.{key}", None, f"no such family or model '{model}'")
        try:
            arm(name, others)
        except PolicyError as error:
            reader.fail(f"canary.{key}", None, str(error))
    return linked(policy, others)


class _Reader(TomlReader):
    """Checks a policy's tables, in the order of the file."""

    def canary(self, document: Mapping[str, object]) -> Policy:
        """A policy that does nothing but divide sessions between two others."""
        for key in document:
            if key in _TOP and key not in _CANARY_ONLY:
                self.fail(
                    key, None, "a canary divides between two policies: it has none of its own"
                )
        self.table(document, _TOP, ("name", "version"), "", None)
        table = document["canary"]
        assert isinstance(table, dict)  # noqa: S101 - `table` has just seen to it
        canary = read_canary(table, str(document["name"]), self)
        return Policy(
            name=str(document["name"]),
            version=str(document["version"]),
            candidates=(),
            rules=(),
            otherwise=(),
            description=str(document.get("description", "")),
            source=str(document.get("source", "")),
            canary=canary,
        )

    def otherwise(
        self, document: Mapping[str, object], candidates: tuple[str, ...]
    ) -> tuple[str, ...]:
        """What no rule decides; all candidates where an objective chooses."""
        if "otherwise" in document:
            return self.among(document["otherwise"], candidates, "otherwise", None)
        if "objective" not in document:
            self.fail("", None, "'otherwise' is missing")
        return candidates

    def flag(self, table: Mapping[str, object], name: str) -> bool:
        """An option that is on or off."""
        for key in table:
            if key == "shadow_share":
                self.fail(f"options.{key}", None, "is a table of its own: [shadow]")
            if key == "cascade":
                self.fail(f"options.{key}", None, "is a table of its own: [cascade]")
            if key not in OPTIONS:
                known = ", ".join(OPTIONS)
                self.fail(f"options.{key}", None, f"unknown option; known are {known}")
        value = table.get(name, False)
        if not isinstance(value, bool):
            self.fail(f"options.{name}", None, "must be true or false")
        return value

    def hold_back_ms(self, table: Mapping[str, object]) -> int | None:
        """For how long the beginning of a stream is held back; None: as the gateway does."""
        value = table.get("hold_back_ms")
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= MOST_HELD_BACK:
            self.fail("options.hold_back_ms", None, f"must be from 0 to {MOST_HELD_BACK}")
        return value

    def cascade(
        self,
        table: Mapping[str, object] | None,
        candidates: tuple[str, ...],
        graders: Container[str] | None,
        *,
        draft: bool,
    ) -> Cascade | None:
        """The cascade, which somebody has accepted unless it is a draft."""
        if table is None:
            return None
        found = read_cascade(table, candidates, self, graders)
        if found.accepted_cost_ratio is None and not draft:
            self.fail("cascade", None, NOT_ACCEPTED)
        return found

    def fallbacks(
        self, table: Mapping[str, object], candidates: tuple[str, ...]
    ) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Who comes behind whom; without a way back."""
        found: dict[str, tuple[str, ...]] = {}
        for name, behind in table.items():
            key = f"fallbacks.{name}"
            self.among(name, candidates, key, None)
            found[name] = self.among(behind, candidates, key, None)
        for name in found:
            way = way_back(name, found)
            if way:
                self.fail(
                    f"fallbacks.{name}",
                    None,
                    f"a cycle: {' -> '.join(way)}; leave one out: what no fallback names comes"
                    " behind in the order of the candidates",
                )
        return tuple(found.items())

    def modalities(self, value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        names = self.names(value, "modalities")
        words = FEATURES["modalities"].words
        for name in names:
            if name not in words:
                self.fail(
                    "modalities", None, f"does not know '{name}'; known are {', '.join(words)}"
                )
        return names
