"""What a fault does to a script: one shaper per action, picked from a table."""

from collections.abc import Callable

from msgspec import Struct

from fairlead.emulator.faults.rule import FaultRule
from fairlead.emulator.http11.script import Part, Script

__all__ = ["Outage", "apply"]

# What was written must have left for the kernel before a reset discards what has not.
SETTLE = 0.02


class Outage(Struct, frozen=True):
    """What a vendor says of a failure: its own shape in mid-stream, for `stream_error`.

    `event` is ready to be sent in place of the rest of the stream.
    """

    event: bytes


def apply(rule: FaultRule, script: Script, outage: Outage | None = None) -> None:
    """Change a script as the rule says."""
    if rule.action == "stream_error":
        _stream_error(rule, script, outage)
    elif rule.action in _SHAPERS:
        _SHAPERS[rule.action](rule, script)


def _split(parts: list[Part], after: int) -> int:
    """Make a border `after` bytes into the payload; gives the index of the part behind it."""
    seen = 0
    for at, part in enumerate(parts):
        if seen == after:
            return at
        if seen + len(part.data) > after:
            cut = after - seen
            parts[at : at + 1] = [
                Part(part.due, part.data[:cut], part.tokens),
                Part(part.due, part.data[cut:], part.tokens),
            ]
            return at + 1
        seen += len(part.data)
    return len(parts)


def _border(parts: list[Part], after: int) -> int:
    """The index of the first part that starts at `after` bytes or later; the last one if none."""
    seen = 0
    for at, part in enumerate(parts):
        if seen >= after:
            return at
        seen += len(part.data)
    return max(len(parts) - 1, 0)


def _cut(rule: FaultRule, script: Script) -> None:
    """End early: keep the announced length, so that the client can see that bytes are missing."""
    script.length = sum(len(part.data) for part in script.parts)
    script.terminated = False
    if rule.after is None:
        script.last_due = script.head_due or 0.0
        script.head_due = None
        script.parts = []
    else:
        del script.parts[_split(script.parts, rule.after) :]
        last = script.parts[-1].due if script.parts else (script.head_due or 0.0)
        script.last_due = last


def _reset(rule: FaultRule, script: Script) -> None:
    _cut(rule, script)
    script.last_due += SETTLE
    script.ending = "reset"


def _close(rule: FaultRule, script: Script) -> None:
    _cut(rule, script)
    script.ending = "close"


def _stall(rule: FaultRule, script: Script) -> None:
    seconds = rule.seconds or 0.0
    at = 0
    if rule.after is None:
        script.head_due = (script.head_due or 0.0) + seconds
    else:
        script.length = sum(len(part.data) for part in script.parts)
        at = _split(script.parts, rule.after)
    for part in script.parts[at:]:
        part.due += seconds
    if at == len(script.parts):
        script.last_due = (script.parts[-1].due if script.parts else 0.0) + seconds


def _malformed_chunk(rule: FaultRule, script: Script) -> None:
    at = _split(script.parts, rule.after or 0)
    due = script.parts[at - 1].due if at else (script.head_due or 0.0)
    script.chunked = True
    script.parts[at:] = [Part(due, b"zz\r\nnot a chunk\r\n", raw=True)]
    script.terminated = False
    script.ending = "close"


def _malformed_event(rule: FaultRule, script: Script) -> None:
    """Break the JSON of one event: its last brace becomes a bracket's opening."""
    if not script.parts:
        return
    part = script.parts[_border(script.parts, rule.after or 0)]
    brace = part.data.rfind(b"}")
    if brace < 0:
        part.data = b"{" + part.data
    else:
        part.data = part.data[:brace] + b"[" + part.data[brace + 1 :]


def _wrong_length(rule: FaultRule, script: Script) -> None:
    size = sum(len(part.data) for part in script.parts)
    script.chunked = False
    script.length = max(0, size + (10 if rule.delta is None else rule.delta))
    script.ending = "close"


def _drip(rule: FaultRule, script: Script) -> None:
    size = rule.bytes or 1
    interval = 0.05 if rule.interval is None else rule.interval
    parts: list[Part] = []
    due = script.head_due or 0.0
    script.length = sum(len(part.data) for part in script.parts)
    for part in script.parts:
        for at in range(0, len(part.data), size):
            due = max(due + interval, part.due)
            parts.append(Part(due, part.data[at : at + size], part.tokens))
    script.parts = parts


def _stream_error(rule: FaultRule, script: Script, outage: Outage | None) -> None:
    if outage is None:
        return
    at = _border(script.parts, rule.after or 0)
    due = script.parts[at].due if script.parts else 0.0
    made = script.parts[at - 1].tokens if at else 0
    script.parts[at:] = [Part(due, outage.event, made)]


_SHAPERS: dict[str, Callable[[FaultRule, Script], None]] = {
    "reset": _reset,
    "close": _close,
    "stall": _stall,
    "malformed_chunk": _malformed_chunk,
    "malformed_event": _malformed_event,
    "wrong_length": _wrong_length,
    "drip": _drip,
}
