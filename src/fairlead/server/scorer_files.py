"""Scorers' files that policies name: read once each, checked against what the policy chooses of."""

from datetime import date
from hashlib import sha256
from pathlib import Path

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.routing import PolicyError
from fairlead.routing.scorer import MOST, Scorer, read_scorer
from fairlead.routing.scorer_rule import ScorerRule
from fairlead.routing.scorer_table import Read

__all__ = ["ScorerFiles"]


class ScorerFiles:
    """Reads them for `parse_policies`, and keeps those that are switched on, by their hash."""

    def __init__(self, catalog: Catalog, today: date) -> None:
        self._catalog = catalog
        self._today = today
        self.by_hash: dict[str, Scorer] = {}

    def __call__(self, where: str, file: str, candidates: tuple[str, ...]) -> Read:
        """The file as the policy in the file `where` needs it.

        Raises:
            PolicyError: it cannot be read, is no scorer's of this release, or of other models.
        """
        path = Path(where).parent / file
        try:
            with path.open("rb") as opened:
                data = opened.read(MOST + 1)
        except OSError as error:
            raise PolicyError(f"{path} cannot be read: {error.strerror}") from error
        scorer = read_scorer(data, str(path))
        head = scorer.head
        strange = sorted(set(head.models) - self._models(candidates))
        if strange:
            raise PolicyError(
                f"{path} was trained for {' and '.join(head.models)};"
                f" {' and '.join(strange)} {'is' if len(strange) == 1 else 'are'} not among the"
                " candidates of today"
            )
        if not head.enabled:
            return Read(None, head.verdict)
        hash_ = sha256(data).hexdigest()[:12]
        self.by_hash.setdefault(hash_, scorer)
        other = head.models[head.models[0] == head.base]
        return Read(ScorerRule(hash_, head.base, other, head.threshold), head.verdict)

    def _models(self, candidates: tuple[str, ...]) -> set[str]:
        found = set()
        for name in candidates:
            try:
                found.add(self._catalog.resolve(name, self._today).id)
            except Failure:
                continue  # its family has ended; the policy is told so elsewhere
        return found
