"""The losses of one encoding, each named once per place."""

from fairlead.canon import Loss

__all__ = ["Losses"]


class Losses:
    """Collects losses in the order in which they were found."""

    __slots__ = ("_seen", "found")

    def __init__(self) -> None:
        self.found: list[Loss] = []
        self._seen: set[tuple[str, str]] = set()

    def cosmetic(self, path: str, what: str, why: str) -> None:
        """A knob that changes no content."""
        self._add(Loss("cosmetic", path, what, why))

    def semantic(self, path: str, what: str, why: str) -> None:
        """Content, a tool, a schema, a modality."""
        self._add(Loss("semantic", path, what, why))

    @property
    def any_semantic(self) -> bool:
        """Whether content was lost."""
        return any(loss.kind == "semantic" for loss in self.found)

    def _add(self, loss: Loss) -> None:
        key = (loss.path, loss.what)
        if key not in self._seen:
            self._seen.add(key)
            self.found.append(loss)
