"""The rules in force, and how often each has met and hit a request."""

import hashlib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from fairlead.emulator.faults.reading import read_rule
from fairlead.emulator.faults.rule import FaultRule

__all__ = ["FaultBook"]


class FaultBook:
    """Mutable: rules are added, replaced and counted."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self._start = tuple(rules)
        self.replace(self._start)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def rules(self) -> Sequence[FaultRule]:
        """The rules in force, in the order in which they are tried."""
        return tuple(self._rules)

    @property
    def hits(self) -> Sequence[int]:
        """How often each rule has acted."""
        return tuple(self._hits)

    def add(self, rule: FaultRule | str) -> None:
        """Put a rule behind the others; a text is read as on the command line.

        Raises:
            BadRule: the text is not a rule.
        """
        self._rules.append(read_rule(rule) if isinstance(rule, str) else rule)
        self._met.append(0)
        self._hits.append(0)

    def replace(self, rules: Iterable[FaultRule]) -> None:
        """Put these rules in place of all others; counting begins anew."""
        self._rules = list(rules)
        self._met = [0] * len(self._rules)
        self._hits = [0] * len(self._rules)

    def clear(self) -> None:
        """No rules."""
        self.replace(())

    def reset(self) -> None:
        """The rules of the start again."""
        self.replace(self._start)

    def strike(self, vendor: str, model: str, path: str, *, stream: bool) -> FaultRule | None:
        """The rule that hits this request, if any; counts it."""
        for at, rule in enumerate(self._rules):
            if _matches(rule, vendor, model, path, stream=stream) and self._due(at, rule):
                self._hits[at] += 1
                return rule
        return None

    def _due(self, at: int, rule: FaultRule) -> bool:
        self._met[at] += 1
        turn = self._met[at] - rule.skip
        if turn <= 0 or (rule.times is not None and self._hits[at] >= rule.times):
            return False
        if rule.share is not None:
            digest = hashlib.blake2b(f"{at}:{turn}".encode(), digest_size=4).digest()
            return int.from_bytes(digest) < rule.share * 2**32
        return turn % rule.every == 0


def _matches(rule: FaultRule, vendor: str, model: str, path: str, *, stream: bool) -> bool:
    return (
        (rule.vendor is None or rule.vendor == vendor)
        and (rule.model is None or fnmatchcase(model, rule.model))
        and (rule.path is None or fnmatchcase(path, rule.path))
        and (rule.stream is None or rule.stream == stream)
    )
