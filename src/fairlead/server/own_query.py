"""The query of a call that is the gateway's own: what it asks for, and nothing unknown."""

from urllib.parse import parse_qsl

from fairlead.canon import Failure

__all__ = ["read_query"]

_NOT_OURS = frozenset({"key", "alt", "$alt", "beta", "api-version"})
"""What SDKs put into the query of any request."""


def read_query(query: bytes, known: tuple[str, ...]) -> dict[str, str]:
    """The values of the names that are `known`.

    Raises:
        Failure: something that there is not; what there is is named.
    """
    found: dict[str, str] = {}
    for name, value in parse_qsl(str(query, "latin-1"), keep_blank_values=True):
        if name in known:
            found[name] = value
        elif name not in _NOT_OURS:
            names = ", ".join(known)
            raise Failure.invalid(f"unknown query parameter '{name[:80]}'; known are {names}", name)
    return found
