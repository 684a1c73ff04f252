"""Classes of prompt sizes, as the ledger's sums know them. `migration_5_sums` says why these."""

from bisect import bisect_left

__all__ = ["REUSE_SIZES", "SIZES", "reuse_size_of", "size_of"]

REUSE_SIZES = (0, 1023, 2047, 4095)
"""Lower edges of the classes of what was used again of a prompt."""

SIZES = (
    *REUSE_SIZES,
    *(50_000, 70_000, 80_000, 90_000, 95_000, 100_000, 110_000, 120_000, 128_000, 140_000),
    *(160_000, 180_000, 190_000, 200_000, 220_000, 240_000, 256_000, 272_000, 300_000, 400_000),
)
"""Lower edges of the classes of prompts."""

_FROM, _REUSE_FROM = SIZES[1:], REUSE_SIZES[1:]


def size_of(prompt: int) -> int:
    """The edge that a prompt of so many tokens lies above; 0 for the smallest and for none."""
    return SIZES[bisect_left(_FROM, prompt)]


def reuse_size_of(tokens: int) -> int:
    """The edge that so many reused tokens lie above; 0 for the smallest and for none."""
    return REUSE_SIZES[bisect_left(_REUSE_FROM, tokens)]
