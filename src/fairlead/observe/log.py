"""The log on standard error, text for people or JSON for machines; no prompt, answer or key."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

__all__ = ["setup"]

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ENCODE = msgspec.json.Encoder().encode


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _ENCODE(line).decode()


def setup(level: str = "info", form: str = "text") -> None:
    """Send Fairlead's and uvicorn's log lines to standard error in one shape."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(_Json() if form == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    # uvicorn says at `info` what we say ourselves, in our own words.
    logging.getLogger("uvicorn").setLevel(max(_LEVELS[level], logging.WARNING))
