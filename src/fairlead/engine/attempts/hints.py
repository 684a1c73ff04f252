"""What a vendor's refusal says about another try: how long to wait, and whether at all.

- `retry-after-ms` and `retry-after`, in seconds or as a date (RFC 9110, 10.2.3).
- `x-should-retry`: what both vendors' SDKs obey before anything else (`_base_client.py`).
- Google's RetryInfo is in the body and read by the codec (`wire/gemini/errors.py`).
- Anthropic's `anthropic-ratelimit-<what>-remaining` and `-reset`: "The time when the [...] rate
  limit will be fully replenished, provided in RFC 3339 format" (platform.claude.com, Rate limits).
  Where nothing is left of a limit, its reset is the latest moment that another try has to wait for.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec.structs import replace

from fairlead.canon import Problem

__all__ = ["should_retry", "waiting"]

_LIMITS: Final = ("requests", "tokens", "input-tokens", "output-tokens")
_LONGEST: Final = 7 * 86_400.0


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """The vendor's word whether the same request may be sent again; None if it gave none."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def waiting(problem: Problem, headers: Mapping[str, str], now: float) -> Problem:
    """The problem with the seconds to wait that the headers tell. `now` is Unix seconds."""
    said = _told(headers, now)
    if said is None:
        said = problem.retry_after
    if said is None and problem.kind == "rate_limited":
        said = _replenished(headers, now)
    if said is None or said == problem.retry_after:
        return problem
    return replace(problem, retry_after=said)


def _told(headers: Mapping[str, str], now: float) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return _bounded(float(value) * unit)
        except ValueError:
            pass
        try:
            return _bounded(parsedate_to_datetime(value).timestamp() - now)
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _replenished(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the last of the limits that are used up is there again."""
    found = []
    for what in _LIMITS:
        name = f"anthropic-ratelimit-{what}"
        if headers.get(f"{name}-remaining") == "0" and (reset := headers.get(f"{name}-reset")):
            try:
                found.append(datetime.fromisoformat(reset).timestamp() - now)
            except (ValueError, OverflowError):
                continue
    return _bounded(max(found)) if found else None


def _bounded(seconds: float) -> float | None:
    """NaN and nonsense are no wait."""
    return max(0.0, seconds) if seconds < _LONGEST else None
