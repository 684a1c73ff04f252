"""The losses of one encoding, each named once."""

from fairlead.canon import Loss

__all__ = ["Losses"]


class Losses:
    """Collects losses in the order in which they were found."""

    __slots__ = ("_seen", "found")

    def __init__(self) -> None:
        self.found: list[Loss] = []
        self._seen: set[Loss] = set()  # a client can make as many as it has messages

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
        if loss not in self._seen:
            self._seen.add(loss)
            self.found.append(loss)
