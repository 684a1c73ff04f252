"""The beta distribution's middle: between which figures a share lies that so many answers tell of.

The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8,
evaluated by Lentz's method), turned round by bisection. Exact to 1e-9, which is far more than is
shown; no library is needed for it.
"""

from math import exp, lgamma, log, log1p

__all__ = ["cumulative", "middle"]

_STEPS, _TINY, _CLOSE = 300, 1e-300, 1e-12
_HALVINGS = 50


def middle(mean: float, count: float, share: float = 0.95) -> tuple[float, float]:
    """The middle `share` of the distribution that has this mean and tells of `count` answers.

    `mean` lies in 0 to 1. An end of 0 or 1 is kept off by half an answer, as Jeffreys' prior does.
    """
    one, two = mean * count + 0.5, (1 - mean) * count + 0.5
    tail = (1 - share) / 2
    low, high = _quantile(tail, one, two), _quantile(1 - tail, one, two)
    return min(low, mean), max(high, mean)


def cumulative(x: float, one: float, two: float) -> float:
    """How likely a draw of Beta(one, two) is at most `x`."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(one + two) - lgamma(one) - lgamma(two) + one * log(x) + two * log1p(-x))
    # The fraction converges quickly on this side of the mean; the other follows by symmetry.
    if x < (one + 1) / (one + two + 2):
        return front * _fraction(x, one, two) / one
    return 1 - front * _fraction(1 - x, two, one) / two


def _fraction(x: float, one: float, two: float) -> float:
    c, d = 1.0, 1 / _far(1 - (one + two) * x / (one + 1))
    value = d
    for m in range(1, _STEPS):
        for top in (
            m * (two - m) * x / ((one + 2 * m - 1) * (one + 2 * m)),
            -(one + m) * (one + two + m) * x / ((one + 2 * m) * (one + 2 * m + 1)),
        ):
            d = 1 / _far(1 + top * d)
            c = _far(1 + top / c)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value


def _far(value: float) -> float:
    """Not nought: Lentz's method divides by it."""
    return value if abs(value) > _TINY else _TINY


def _quantile(share: float, one: float, two: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        half = (low + high) / 2
        if cumulative(half, one, two) < share:
            low = half
        else:
            high = half
    return (low + high) / 2
