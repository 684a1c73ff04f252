"""A secret that can't be printed by accident: `repr`, `str` and formatting all mask it."""

import hashlib

__all__ = ["Secret"]


class Secret:
    """A vendor key. Only `reveal()` gives it, and only the signer calls that."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def mark(self) -> str:
        """A word by which the same secret is known again: 8 bytes of a hash, of which nobody gets a
        long random secret back.
        """
        return hashlib.blake2b(self._value.encode(), digest_size=8).hexdigest()

    def masked(self) -> str:
        """The last four characters behind dots, or only dots for a short one."""
        return "…" + self._value[-4:] if len(self._value) >= 16 else "…"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({self.masked()!r})"

    def __str__(self) -> str:
        return self.masked()
