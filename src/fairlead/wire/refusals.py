"""What is read alike of every vendor's refusal: the time to wait, a body that is not its JSON."""

from collections.abc import Mapping
from typing import Final

__all__ = ["not_json", "seconds_to_wait"]

_SNIPPET: Final = 300
_WAITS: Final = (("retry-after-ms", 0.001), ("retry-after", 1.0))
_LONGEST: Final = 1e7


def not_json(status: int | None, body: bytes) -> str:
    """The start of a body that is not the vendor's JSON: HTML of a proxy, plain text, nothing. No
    status: it came in the middle of a stream.
    """
    text = " ".join(body[:4096].decode("utf-8", "replace").split())[:_SNIPPET]
    answered = f"the vendor answered {status}" if status is not None else "the vendor sent an error"
    return f"{answered} with something that is not its JSON: {text}" if text else answered


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, by `retry-after-ms` (Anthropic, OpenAI, Azure) or `retry-after`; names are in lower
    case. A date is left alone: the pure rooms have no clock to measure it by.
    """
    for name, unit in _WAITS:
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < _LONGEST:
            return seconds
    return None
