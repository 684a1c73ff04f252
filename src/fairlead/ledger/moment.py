"""Points in time as people type them: `7d`, `24h`, `30m`, `2026-11-22`, `2026-11-22T08:30`."""

import re
from datetime import UTC, datetime

from fairlead.canon import Failure

__all__ = ["moment"]

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
