"""Points in time as people type them: `7d`, `24h`, `30m`, `2026-11-22`, `2026-11-22T08:30`."""

import re
from datetime import UTC, datetime

from fairlead.canon import Failure

__all__ = ["moment", "period"]

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str, now: float, param: str = "since") -> float:
    """Unix seconds: so long before `now`, or an ISO date or time (UTC unless it names a zone).

    Failure (invalid_request) that names `param` for anything else.
    """
    trimmed = text.strip()
    if ago := _AGO.fullmatch(trimmed):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        day = datetime.fromisoformat(trimmed)
        return (day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Failure.invalid(
            f"{text!r} is no point in time",
            param,
            hint="give a time ago (30m, 24h, 7d, 2w) or an ISO date or time (2026-11-22T08:30)",
        ) from error


def period(since: str | None, until: str | None, now: float) -> tuple[float | None, float | None]:
    """Both ends of a time, each as `moment` takes it; None is open.

    Failure (invalid_request) for one that ends before it begins: it would hold nothing.
    """
    begin = moment(since, now) if since else None
    end = moment(until, now, "until") if until else None
    if begin is not None and end is not None and begin >= end:
        raise Failure.invalid(
            f"{until!r} is not after {since!r}: no request lies between",
            "until",
            hint="`until` has to be later than `since`; both may be times ago (7d) or dates",
        )
    return begin, end
