"""Scorers' files that policies name: read once each, checked against what the policy chooses of."""

from datetime import date
from hashlib import sha256
from pathlib import Path

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.lifecycle import has_ended
from fairlead.catalog.model import Model
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
        names = [self._id(name) for name in scorer.head.models]
        if names[0] == names[1]:
            both = " and ".join(scorer.head.models)
            raise PolicyError(f"{path} was trained for {both}, which are one model")
        scorer = scorer.named(names)
        head = scorer.head
        strange = sorted(set(head.models) - self._models(candidates))
        if strange and (verdict := self._ends(strange)):
            return Read(None, verdict)
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

    def _id(self, name: str) -> str:
        """What the catalogue calls a model of the results, which may have said an alias. Not what
        its vendor serves in its place, of which the scorer knows nothing.
        """
        try:
            meant = self._catalog.meant(name)
        except Failure:
            return name
        return meant.id if isinstance(meant, Model) else name

    def _ends(self, names: list[str]) -> str:
        """When these models ended; "" unless all of them have. A day that comes by itself shall
        not keep a gateway from starting.
        """
        found = [self._catalog.models.get(name) for name in names]
        ended = [each for each in found if each is not None and has_ended(each, self._today)]
        if len(ended) < len(names):
            return ""
        return " and ".join(f"{each.id} ended on {each.lifecycle.ends}" for each in ended)

    def _models(self, candidates: tuple[str, ...]) -> set[str]:
        found = set()
        for name in candidates:
            try:
                found.add(self._catalog.resolve(name, self._today).id)
            except Failure:
                continue  # its family has ended; the policy is told so elsewhere
        return found
