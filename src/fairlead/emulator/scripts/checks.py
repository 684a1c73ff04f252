"""What a turn expects of the results before it."""

import re

from fairlead.emulator.scripts.history import Event
from fairlead.emulator.scripts.script import Check, Script

__all__ = ["problems_of"]

LONGEST = 200


def problems_of(script: Script, number: int, events: list[Event]) -> list[str]:
    """What a turn (from 0 on) expects and the events since the trigger do not show."""
    wanted = script.turn[number].expect
    if not wanted:
        return []
    before = sum(len(turn.calls) for turn in script.turn[: number - 1])
    asked = [event for event in events if event.kind == "call"][before:]
    came = [event for event in events if event.kind == "result"]
    by_ident = {event.ident: event.text for event in came if event.ident}
    in_turn = [event.text for event in came[before:]]
    results = [
        by_ident.get(call.ident, in_turn[at] if at < len(in_turn) else "")
        for at, call in enumerate(asked)
    ]
    found: list[str] = []
    for one in wanted:
        check = Check(contains=one) if isinstance(one, str) else one
        problem = _problem(check, results)
        if problem:
            found.append(problem)
    return found


def _problem(check: Check, results: list[str]) -> str | None:
    if check.result is not None:
        if check.result > len(results):
            return f"there is no result {check.result}, only {len(results)}"
        looked, where = [results[check.result - 1]], f"result {check.result}"
    else:
        looked, where = results, "no result"
    negation = "lacks" if check.result is not None else "has"
    if check.contains is not None and not any(check.contains in text for text in looked):
        return f"{where} {negation} {check.contains!r}: {_echo(looked)}"
    if check.matches is not None and not any(re.search(check.matches, text) for text in looked):
        return f"{where} {negation} a match of {check.matches!r}: {_echo(looked)}"
    if check.lacks is not None and any(check.lacks in text for text in looked):
        where = "a result" if check.result is None else where
        return f"{where} has {check.lacks!r}: {_echo(looked)}"
    return None


def _echo(texts: list[str]) -> str:
    return " | ".join(
        repr(text if len(text) <= LONGEST else text[: LONGEST - 3] + "...") for text in texts
    )
