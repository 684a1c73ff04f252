"""A script as its file says it."""

from typing import Any

from msgspec import Struct

__all__ = ["Alternative", "Check", "Script", "Turn"]


class Alternative(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to make a call: the name of a tool, or several names that take the same, and the
    arguments. A tool of free text (OpenAI's custom tools) takes its text as `input`.
    """

    tool: str | list[str]
    args: dict[str, Any] = {}

    @property
    def names(self) -> list[str]:
        """The names that it goes by."""
        return [self.tool] if isinstance(self.tool, str) else self.tool


class Check(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the results of the turn before must be like: `result` is the number of the one that is
    looked at, from 1 on in the order of the calls; without it any of them may hold what is wanted,
    and none may hold what is not.
    """

    contains: str | None = None
    matches: str | None = None
    lacks: str | None = None
    result: int | None = None


class Turn(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the model does once: think, say, call in parallel. A call is a list of alternatives, or
    a lone one. The turn without calls is the last.
    """

    say: str = ""
    think: str | None = None
    calls: list[Alternative | list[Alternative]] = []
    expect: list[str | Check] = []


class Script(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When it begins and what happens then.

    `model` is a shell pattern; `contains` and `matches` (a regular expression) look for the prompt
    among the user's messages. `facts` are regular expressions, several for a fact if need be: the
    first group of the first that is found in the request stands in for `{name}`.
    """

    name: str
    turn: list[Turn]
    model: str = "*"
    contains: str | None = None
    matches: str | None = None
    facts: dict[str, str | list[str]] = {}
