"""The scripts in force, and what has been played of each."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from fairlead.emulator.answer.ask import Cue
from fairlead.emulator.scripts.casting import cast, fill
from fairlead.emulator.scripts.checks import problems_of
from fairlead.emulator.scripts.failure import ScriptFailed, Unplayable
from fairlead.emulator.scripts.history import Event, History, history_of
from fairlead.emulator.scripts.played import Played, Run
from fairlead.emulator.scripts.reading import BadScript, Source, scripts_of
from fairlead.emulator.scripts.script import Alternative, Script, Turn

__all__ = ["ScriptBook"]

Way = Alternative | list[Alternative]


class ScriptBook:
    """Mutable: scripts are added and replaced, and what is played is counted."""

    def __init__(self, scripts: Iterable[Script] = ()) -> None:
        self._start = tuple(scripts)
        self.replace(self._start)

    def __len__(self) -> int:
        return len(self._scripts)

    @property
    def scripts(self) -> Sequence[Script]:
        """The scripts in force, in the order in which they are tried."""
        return tuple(self._scripts)

    @property
    def runs(self) -> Sequence[Run]:
        """What has been played, in the same order."""
        return tuple(self._runs)

    def add(self, source: Source) -> None:
        """Put scripts behind the others.

        Raises:
            BadScript: the file or the text cannot be read, or a name is taken.
        """
        for script in scripts_of(source):
            if any(script.name == other.name for other in self._scripts):
                raise BadScript(f"two scripts are named {script.name!r}")
            self._scripts.append(script)
            self._runs.append(Run(script.name, [0] * len(script.turn)))

    def replace(self, source: Source) -> None:
        """Put these scripts in place of all others; counting begins anew.

        Raises:
            BadScript: the file or the text cannot be read.
        """
        scripts = scripts_of(source)
        self._scripts: list[Script] = []
        self._runs: list[Run] = []
        self.add(scripts)

    def clear(self) -> None:
        """No scripts."""
        self.replace(())

    def reset(self) -> None:
        """The scripts of the start again."""
        self.replace(self._start)

    def play(
        self, names: Sequence[str], body: dict[str, Any], *, tools: bool, parallel: bool
    ) -> tuple[Cue, Played] | None:
        """The turn that a request gets, if a script is about it; counts it.

        `names` are those of the model; `tools` says whether it may call any, `parallel` whether
        several at once.

        Raises:
            ScriptFailed: the script cannot go on, which is noted.
        """
        history = history_of(body)
        found = self._trigger(names, history)
        if found is None:
            return None
        at, start = found
        script, run = self._scripts[at], self._runs[at]
        since = history.events[start + 1 :]
        place = _place(script, since)
        if place is None:
            return None
        turn, first = place
        calls = script.turn[turn].calls[first:]
        if calls and not (tools and history.tools):
            return None
        played = Played(script.name, turn + 1, len(script.turn))
        try:
            cue = _cue(script, script.turn[turn], calls if parallel else calls[:1], history)
        except Unplayable as error:
            played.problems = [str(error)]
            run.note(played)
            raise ScriptFailed(played) from None
        if first == 0:
            played.problems = problems_of(script, turn, since)
            run.played[turn] += 1
        else:  # the rest of a turn whose calls went out one after another
            cue = Cue(cue.calls)
        run.note(played)
        return cue, played

    def _trigger(self, names: Sequence[str], history: History) -> tuple[int, int] | None:
        """The script, and the place of the prompt that it waits for: the last such prompt."""
        about = [
            (at, script)
            for at, script in enumerate(self._scripts)
            if any(fnmatchcase(name, script.model) for name in names)
        ]
        for place in reversed(_prompts(history.events)) if about else ():
            for at, script in about:
                if _waits_for(script, history.events[place].text):
                    return at, place
        return None


def _waits_for(script: Script, text: str) -> bool:
    return (script.contains is None or script.contains in text) and (
        script.matches is None or re.search(script.matches, text) is not None
    )


def _prompts(events: list[Event]) -> list[int]:
    """Where the user begins something: words behind results are an agent's own remarks."""
    found: list[int] = []
    remark = False
    for place, event in enumerate(events):
        remark = event.kind == "result" or (remark and event.kind == "user")
        if event.kind == "user" and not remark:
            found.append(place)
    return found


def _place(script: Script, events: list[Event]) -> tuple[int, int] | None:
    """The turn that is due after these events since the trigger, and the first of its calls that
    is; None when the script is over.
    """
    done = sum(event.kind == "call" for event in events)
    for number, turn in enumerate(script.turn):
        if done < len(turn.calls):
            return number, done
        done -= len(turn.calls)
    last = max((at for at, event in enumerate(events) if event.kind == "call"), default=-1)
    answered = False
    for event in events[last + 1 :]:
        if event.kind == "user" and answered:
            return None
        answered = event.kind == "said"
    return len(script.turn) - 1, 0


def _cue(script: Script, turn: Turn, calls: Sequence[Way], history: History) -> Cue:
    found: dict[str, str] = {}

    def fact(name: str) -> str | None:
        if name not in script.facts:
            return None
        if name not in found:
            found[name] = _fact(name, script.facts[name], history)
        return found[name]

    offered = {tool.name: tool for tool in history.tools}
    cast_calls = tuple(cast(call, offered, fact) for call in calls)
    think = None if turn.think is None else str(fill(turn.think, fact))
    return Cue(cast_calls, str(fill(turn.say, fact)), think)


def _fact(name: str, patterns: str | list[str], history: History) -> str:
    """Looked for in the system prompt first, then in what the user said, then in results."""
    texts = list(history.system)
    for kind in ("user", "result"):
        texts += [event.text for event in history.events if event.kind == kind]
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        for text in texts:
            met = re.search(pattern, text)
            if met is not None:
                return str(met[1] if met.re.groups else met[0])
    raise Unplayable(f"the fact {name!r} is not in the request")
