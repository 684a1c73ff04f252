"""Rules from flags, TOML files and JSON, with errors that name the field at fault.

A rule on the command line is the action and then `key=value` words:

    429 retry_after=48 vendor=gemini every=3
    reset after=100 model='claude-*' times=2
    stall seconds=5
    status status=503 header.x-should-retry=false
"""

import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fairlead.emulator.faults.rule import ACTIONS, MATCHERS, FaultRule
from fairlead.emulator.json_value import JsonValue

__all__ = ["BadRule", "read_rule", "read_rules", "rules_from_file"]

VENDORS = ("anthropic", "gemini", "openai", "vertex", "bedrock", "google", "aggregator")
_BOOL = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_WHOLE = {"skip", "every", "times", "status", "after", "delta", "bytes"}
_REAL = {"share", "retry_after", "seconds", "interval"}
_LEAST: dict[str, float] = {
    "skip": 0,
    "every": 1,
    "times": 1,
    "share": 0,
    "retry_after": 0,
    "after": 0,
    "seconds": 0,
    "bytes": 1,
    "interval": 0,
}


class BadRule(ValueError):
    """A fault rule that cannot be read; the text says what is wrong and what is possible."""


def read_rule(text: str) -> FaultRule:
    """A rule in the short form of the command line, or as JSON.

    Raises:
        BadRule: with the word at fault.
    """
    if text.lstrip().startswith("{"):
        try:
            raw = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise BadRule(f"fault {text!r}: not valid JSON: {error}") from None
        return _build(raw, f"fault {text!r}")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadRule(f"fault {text!r}: {error}") from None
    if not words:
        raise BadRule(f"fault {text!r}: empty; an action is one of {_list(ACTIONS)}, or a status")
    found: dict[str, Any] = {}
    if words[0].isdigit():
        found.update(action="status", status=int(words[0]))
        words = words[1:]
    elif "=" not in words[0]:
        found["action"] = words[0].replace("-", "_")
        words = words[1:]
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise BadRule(f"fault {text!r}: {word!r} is not key=value")
        if name.startswith("header."):
            found.setdefault("headers", {})[name.removeprefix("header.").lower()] = value
        else:
            found[name] = _value(name, value, text)
    return _build(found, f"fault {text!r}")


def _value(name: str, value: str, text: str) -> JsonValue:
    try:
        if name in _WHOLE:
            return int(value)
        if name in _REAL:
            return float(value.removesuffix("s"))
    except ValueError:
        raise BadRule(f"fault {text!r}: {name}={value!r} is not a number") from None
    if name == "stream":
        if value.lower() not in _BOOL:
            raise BadRule(f"fault {text!r}: stream={value!r} is neither true nor false")
        return _BOOL[value.lower()]
    return value


def read_rules(raw: JsonValue, where: str) -> tuple[FaultRule, ...]:
    """Rules from decoded JSON or TOML: a list, or an object with the list `fault` or `faults`.

    Raises:
        BadRule: with the place and the field at fault.
    """
    if isinstance(raw, dict):
        keys = [key for key in ("fault", "faults") if key in raw]
        if "action" in raw:
            raw = [raw]
        elif len(keys) == 1 and len(raw) == 1:
            raw = raw[keys[0]]
        else:
            raise BadRule(f"{where}: expected a list of rules under 'fault', got keys {list(raw)}")
    if not isinstance(raw, list):
        raise BadRule(f"{where}: expected a list of rules, got {type(raw).__name__}")
    return tuple(
        read_rule(one) if isinstance(one, str) else _build(one, f"{where}[{at}]")
        for at, one in enumerate(raw)
    )


def rules_from_file(path: Path) -> tuple[FaultRule, ...]:
    """Rules of a TOML file with `[[fault]]` tables.

    Raises:
        BadRule: the file is absent, is not TOML, or holds a bad rule.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRule(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRule(f"{path}: not valid TOML: {error}") from None
    return read_rules(raw, str(path))


def _build(raw: JsonValue, where: str) -> FaultRule:
    if not isinstance(raw, dict):
        raise BadRule(f"{where}: a rule is a table, got {type(raw).__name__}")
    action = raw.get("action")
    if action is None and "status" in raw:
        raw = {"action": "status"} | raw
        action = "status"
    if action not in ACTIONS:
        raise BadRule(f"{where}: action {action!r} is not one of {_list(ACTIONS)}, or a status")
    allowed = {"action", *MATCHERS, *ACTIONS[action]}
    for name in raw:
        if name not in allowed:
            own = _list((*ACTIONS[action], *MATCHERS))
            raise BadRule(f"{where}: {action} takes no {name!r}; it takes {own}")
    try:
        rule = msgspec.convert(raw, FaultRule)
    except msgspec.ValidationError as error:
        raise BadRule(f"{where}: {error}") from None
    _check(rule, where)
    if rule.action == "stream_error" and rule.stream is None:
        rule = msgspec.structs.replace(rule, stream=True)
    return rule


def _check(rule: FaultRule, where: str) -> None:
    for name, least in _LEAST.items():
        value = getattr(rule, name)
        if value is not None and value < least:
            raise BadRule(f"{where}: {name} must be at least {least:g}, got {value:g}")
    if rule.share is not None and rule.share > 1:
        raise BadRule(f"{where}: share must be at most 1, got {rule.share:g}")
    if rule.vendor is not None and rule.vendor not in VENDORS:
        raise BadRule(f"{where}: vendor {rule.vendor!r} is not one of {_list(VENDORS)}")
    if rule.status is not None and not 200 <= rule.status <= 599:
        raise BadRule(f"{where}: status must be between 200 and 599, got {rule.status}")
    if rule.action == "status" and rule.status is None:
        raise BadRule(f"{where}: the action 'status' needs a status, such as 429")
    if rule.action == "stall" and rule.seconds is None:
        raise BadRule(f"{where}: the action 'stall' needs seconds")
    for name, value in rule.headers.items():
        if any(c in name + value for c in "\r\n") or not name.isascii():
            raise BadRule(f"{where}: header {name!r} holds a character that no header may hold")


def _list(names: Sequence[str] | dict[str, Any]) -> str:
    return ", ".join(names)
