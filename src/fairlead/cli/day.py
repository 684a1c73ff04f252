"""The day that `--on` names."""

from datetime import UTC, date, datetime

from fairlead.canon import Failure

__all__ = ["day_of"]


def day_of(on: str | None) -> date:
    """That day; today (UTC) for None. Failure (invalid_request) for text that is none."""
    if on is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(on)
    except ValueError as error:
        raise Failure.invalid(f"{on!r:.40} is no day", "--on", hint="as in 2026-11-22") from error
