"""The policy file that does what is recommended, as TOML that a user can go on with."""

import json
from collections.abc import Iterable
from typing import Final

from fairlead.canon import Failure
from fairlead.routing.conditions import Wanted
from fairlead.routing.rule import Rule

__all__ = ["checked_name", "policy_text"]

_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST: Final = 60


def checked_name(name: str, taken: Iterable[str]) -> str:
    """The name, if a file may have it: plain, and none that ships. Raises `Failure`."""
    if not name or len(name) > _LONGEST or not _NAME.issuperset(name):
        raise Failure.invalid(
            f"{name!r:.80} is no name for a policy",
            "--name",
            hint=f"small letters, digits and hyphens, at most {_LONGEST}",
        )
    if name in taken:
        raise Failure.invalid(
            f"'{name}' is a policy that ships", "--name", hint="take another name"
        )
    return name


def policy_text(
    name: str,
    description: str,
    rules: Iterable[Rule],
    use: tuple[str, ...],
    reason: str,
    comment: Iterable[str] = (),
) -> str:
    """The file. `use` are the candidates, the recommended one first; the others are behind it."""
    lines = [f"# {_plain(line)}" for line in comment]
    lines += [
        "",
        f"name = {_string(name)}",
        'version = "1"',
        f"description = {_string(description)}",
        'source = "fairlead choose"',
        f"candidates = {_value(use)}",
        f"otherwise = {_string(use[0])}",
        f"otherwise_reason = {_string(reason)}",
    ]
    for rule in rules:
        lines += [
            "",
            "[[rules]]",
            f"question = {_string(rule.question)}",
            f"when = {{ {_when(rule)} }}",
            f"use = {_value(rule.use) if len(rule.use) > 1 else _string(rule.use[0])}",
            f"reason = {_string(rule.reason)}",
        ]
    return "\n".join(lines).lstrip("\n") + "\n"


def _when(rule: Rule) -> str:
    asked: dict[str, list[str]] = {}
    for each in rule.when:
        asked.setdefault(each.feature, []).append(f"{each.operator} = {_value(each.wanted)}")
    return ", ".join(f"{feature} = {{ {', '.join(said)} }}" for feature, said in asked.items())


def _value(wanted: Wanted) -> str:
    if isinstance(wanted, tuple):
        return f"[{', '.join(_string(each) for each in wanted)}]"
    if isinstance(wanted, bool):
        return "true" if wanted else "false"
    return f"{wanted:_}" if isinstance(wanted, int) else _string(wanted)


def _string(text: str) -> str:
    """A basic string: what JSON escapes, TOML reads the same way."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """One line of a comment, without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
