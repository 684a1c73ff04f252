"""What an Anthropic client says in its headers.

Versions: https://platform.claude.com/docs/en/api/versioning. Under 2026-10-21 the vendor refuses
sampling parameters and documents in assistant turns; on the way to another vendor both versions
mean the same.
"""

import re
from collections.abc import Sequence
from typing import Final

from fairlead.canon import Failure, Loss

__all__ = ["VERSIONS", "left_behind", "read_headers", "unsigned"]

VERSIONS: Final = frozenset({b"2023-01-01", b"2023-06-01", b"2026-10-21"})

_UNSIGNED: Final = re.compile(rb'"(?:signature|encrypted_index)"\s*:\s*""')


def read_headers(headers: Sequence[tuple[bytes, bytes]]) -> tuple[Loss, ...]:
    """What headers ask for that another vendor can't be told.

    Raises:
        Failure: an API version that nobody has heard of.
    """
    losses: list[Loss] = []
    for name, value in headers:
        if name == b"anthropic-version" and value.strip() not in VERSIONS:
            known = ", ".join(sorted(str(v, "ascii") for v in VERSIONS))
            said = str(value[:40], "latin-1")
            raise Failure.invalid(
                f"anthropic-version: {said!r} is not a valid version",
                "header anthropic-version",
                hint=f"known versions are {known}",
            )
        if name == b"anthropic-beta" and value.strip():
            betas = str(value[:200], "latin-1")
            why = f"betas of Anthropic's API mean nothing to another vendor: {betas}"
            losses.append(Loss("cosmetic", "header anthropic-beta", "anthropic_beta", why))
    return tuple(losses)


def left_behind(body: bytes) -> bool:
    """Whether a thinking block has an empty signature, or a citation an empty index: another
    model's, told to a client of this dialect. The vendor would refuse the first ("Invalid
    `signature` in `thinking` block"), and cannot read the second.
    """
    if b'"signature"' not in body and b'"encrypted_index"' not in body:
        return False
    return unsigned(body)


def unsigned(raw: bytes) -> bool:
    """Whether there is an empty signature or index in some JSON of this dialect."""
    return _UNSIGNED.search(raw) is not None
