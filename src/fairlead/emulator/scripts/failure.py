"""A script that cannot go on."""

from fairlead.emulator.scripts.played import Played

__all__ = ["ScriptFailed", "Unplayable"]


class Unplayable(Exception):
    """A call or a fact that the request has no room for; the text says why."""


class ScriptFailed(Exception):
    """The turn cannot be played for this request; the text says which and why."""

    def __init__(self, played: Played) -> None:
        self.played = played
        where = f"script {played.script!r}, turn {played.turn} of {played.turns}"
        super().__init__(f"{where}: {'; '.join(played.problems)}")
