"""The table `[scorer]` of a policy's file."""

from collections.abc import Callable
from typing import NamedTuple

from fairlead.routing.policy import PolicyError
from fairlead.routing.scorer_rule import ScorerRule
from fairlead.routing.toml_reader import TomlReader

__all__ = ["Read", "ReadScorer", "read_rule"]


class Read(NamedTuple):
    """A scorer's file as a policy needs it; `rule` None: it is switched off, `verdict` says why."""

    rule: ScorerRule | None
    verdict: str


ReadScorer = Callable[[str, str, tuple[str, ...]], Read]
"""The policy's file, the name in its table, its candidates. Raises `PolicyError` with a reason."""


def read_rule(
    table: object, candidates: tuple[str, ...], reader: TomlReader, read: ReadScorer | None
) -> tuple[ScorerRule | None, tuple[str, ...]]:
    """The rule of a table `[scorer]`, and what people should know of it. Without `read` nothing is
    read, and the policy decides as without.
    """
    if table is None:
        return None, ()
    if not isinstance(table, dict):
        reader.fail("scorer", None, "must be a table [scorer]")
    reader.table(table, {"file": (str,)}, ("file",), "scorer", None)
    if read is None:
        return None, ("its scorer is not asked: no prompts are there; decided as without it",)
    try:
        found = read(reader.where, table["file"], candidates)
    except PolicyError as error:
        reader.fail("scorer.file", None, str(error))
    if found.rule is None:
        return None, (f"its scorer is off: {found.verdict}; decided as without it",)
    return found.rule, ()
