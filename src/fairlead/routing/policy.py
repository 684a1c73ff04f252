"""Policies: a tree of questions as data, read from TOML that a user can edit.

    name = "article-tree"
    version = "1"
    candidates = ["flash", "haiku"]
    otherwise = "haiku"

    [[rules]]
    question = "large document? (more than 200,000 tokens)"
    when = { prompt_tokens = { over = 200_000 } }
    use = "flash"
    reason = "large document"

Rules are asked in order and the first yes decides. `when` holds conditions that must all hold.
A policy states a preference; it cannot break a hard limit (see `guards`).
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NoReturn

import msgspec
from msgspec import Struct

from fairlead.canon import FairleadError
from fairlead.routing.conditions import (
    FEATURES,
    OPERATORS,
    Condition,
    Feature,
    Form,
    Wanted,
    implies,
)
from fairlead.routing.rule import Rule

__all__ = ["Policy", "PolicyError", "Rule", "parse_policy"]


class PolicyError(FairleadError):
    """A policy file is at fault; the message gives file, line, key and what was expected."""


class Policy(Struct, frozen=True):
    """A checked policy. `hash` names its meaning: comments and layout don't change it."""

    name: str
    version: str
    candidates: tuple[str, ...]
    rules: tuple[Rule, ...]
    otherwise: str
    otherwise_reason: str = "nothing else decided"
    description: str = ""
    source: str = ""
    hash: str = ""


_TOP = {
    "name": str,
    "version": str,
    "candidates": list,
    "otherwise": str,
    "otherwise_reason": str,
    "description": str,
    "source": str,
    "rules": list,
}
_REQUIRED = ("name", "version", "candidates", "otherwise")
_RULE = {"question": str, "when": dict, "use": str, "reason": str}
_FITS: dict[Form, Callable[[object], bool]] = {
    "number": lambda value: type(value) is int and value >= 0,
    "flag": lambda value: isinstance(value, bool),
    "word": lambda value: isinstance(value, str) and value != "",
    "names": lambda value: isinstance(value, str) and value != "",
}
_FORMS: dict[Form, str] = {
    "number": "a whole number, 0 or more",
    "flag": "true or false",
    "word": "a string that is not empty",
    "names": "a string that is not empty",
}
_WORDS: dict[object, str] = {str: "a string", list: "a list", dict: "a table"}


def parse_policy(text: str, where: str = "<policy>", known: Container[str] | None = None) -> Policy:
    """A policy from its file's text.

    `where` names the file in errors; `known` holds what the catalogue knows (a `Catalog` will do).
    Raises `PolicyError`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{where}: {error}") from error
    reader = _Reader(text, where)
    reader.table(document, _TOP, _REQUIRED, "", None)
    candidates = reader.names(document["candidates"], "candidates")
    for candidate in candidates:
        if known is not None and candidate not in known:
            reader.fail("candidates", None, f"no such family or model '{candidate}'")
    rules = tuple(
        reader.rule(index, row, candidates) for index, row in enumerate(document.get("rules", []))
    )
    if document["otherwise"] not in candidates:
        reader.fail("otherwise", None, f"'{document['otherwise']}' is not among the candidates")
    reader.reachable(rules)
    policy = Policy(
        name=document["name"],
        version=document["version"],
        candidates=candidates,
        rules=rules,
        otherwise=document["otherwise"],
        otherwise_reason=document.get("otherwise_reason", "nothing else decided"),
        description=document.get("description", ""),
        source=document.get("source", ""),
    )
    return msgspec.structs.replace(policy, hash=_hash(policy))


def _hash(policy: Policy) -> str:
    encoded = msgspec.json.encode(policy, order="deterministic")
    return hashlib.blake2s(encoded, digest_size=6).hexdigest()


class _Reader:
    """Checks a parsed document and finds the line of what is wrong."""

    def __init__(self, text: str, where: str) -> None:
        self.lines = text.splitlines()
        self.where = where

    def fail(self, key: str, rule: int | None, message: str) -> NoReturn:
        """Raise for a key of the file's top or of a rule."""
        path = key if rule is None else f"rules[{rule}].{key}" if key else f"rules[{rule}]"
        raise PolicyError(f"{self.where}:{self._line(key, rule)}: {path}: {message}")

    def _line(self, key: str, rule: int | None) -> int:
        """The line of a key: the last part of its path, at or behind its rule's header."""
        start, end = 0, len(self.lines)
        if rule is not None:
            heads = [n for n, line in enumerate(self.lines) if _HEAD.match(line)]
            start = heads[rule] if rule < len(heads) else 0
            end = heads[rule + 1] if rule + 1 < len(heads) else end
        for part in reversed(key.split(".")):
            word = re.compile(rf"""(?<![\w-])["']?{re.escape(part)}["']?(?:\s*=|\.|\]\s*$)""")
            for number in range(start, end):
                if part and word.search(self.lines[number]):
                    return number + 1
        return start + 1

    def table(
        self,
        table: Mapping[str, object],
        keys: Mapping[str, type],
        required: tuple[str, ...],
        what: str,
        rule: int | None,
    ) -> None:
        """Unknown keys, missing keys, wrong types."""
        for key, value in table.items():
            if key not in keys:
                self.fail(key, rule, f"unknown key; known are {', '.join(keys)}")
            if not isinstance(value, keys[key]) or value == "":
                self.fail(key, rule, f"must be {_WORDS[keys[key]]} that is not empty")
        for key in required:
            if key not in table:
                self.fail(what, rule, f"'{key}' is missing")

    def names(self, value: object, key: str, rule: int | None = None) -> tuple[str, ...]:
        """A list of different strings, not empty."""
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(each, str) and each for each in value)
            or len(set(value)) != len(value)
        ):
            self.fail(key, rule, "must be a list of different strings, not empty")
        return tuple(value)

    def rule(self, index: int, row: object, candidates: tuple[str, ...]) -> Rule:
        if not isinstance(row, dict):
            self.fail("rules", None, "must be an array of tables ([[rules]])")
        self.table(row, _RULE, ("question", "when", "use"), "", index)
        if row["use"] not in candidates:
            self.fail("use", index, f"'{row['use']}' is not among the candidates")
        if not row["when"]:
            self.fail("when", index, "asks nothing; what holds for all requests is `otherwise`")
        when = tuple(
            condition
            for feature, asked in row["when"].items()
            for condition in self.conditions(feature, asked, index)
        )
        return Rule(row["question"], when, row["use"], str(row.get("reason", row["question"])))

    def conditions(self, feature: str, asked: object, rule: int) -> Iterator[Condition]:
        known = FEATURES.get(feature)
        if known is None:
            self.fail(f"when.{feature}", rule, f"unknown feature; known are {', '.join(FEATURES)}")
        if not isinstance(asked, dict) or not asked:
            self.fail(
                f"when.{feature}", rule, "must be a table of an operator, such as { over = 1000 }"
            )
        for operator, wanted in asked.items():
            key = f"when.{feature}.{operator}"
            fitting = [name for name, each in OPERATORS.items() if known.form in each.forms]
            if operator not in OPERATORS:
                self.fail(key, rule, f"unknown operator; {feature} takes {', '.join(fitting)}")
            if operator not in fitting:
                self.fail(key, rule, f"does not fit; {feature} takes {', '.join(fitting)}")
            yield Condition(feature, operator, self.wanted(wanted, known, operator, key, rule))

    def wanted(self, value: object, feature: Feature, operator: str, key: str, rule: int) -> Wanted:
        """The value to compare with, in the feature's form and among its words."""
        if OPERATORS[operator].takes == "list":
            wanted: Wanted = self.names(value, key, rule)
        elif isinstance(value, bool | int | str) and _FITS[feature.form](value):
            wanted = value
        else:
            self.fail(key, rule, f"must be {_FORMS[feature.form]}, got {value!r:.60}")
        for word in wanted if isinstance(wanted, tuple) else (wanted,):
            if feature.words and word not in feature.words:
                self.fail(
                    key, rule, f"does not know '{word}'; known are {', '.join(feature.words)}"
                )
        return wanted

    def reachable(self, rules: tuple[Rule, ...]) -> None:
        """Every rule must be able to decide: no contradiction, no wider rule before it."""
        for index, rule in enumerate(rules):
            floors = {c.feature: c.wanted for c in rule.when if c.operator == "over"}
            for c in rule.when:
                floor = floors.get(c.feature)
                if c.operator == "under" and isinstance(floor, int) and isinstance(c.wanted, int):
                    self.ordered(index, c.feature, floor, c.wanted)
            for before, earlier in enumerate(rules[:index]):
                if all(any(implies(own, wide) for own in rule.when) for wide in earlier.when):
                    self.fail(
                        "when",
                        index,
                        f"is never reached: rules[{before}] ('{earlier.question}') already says "
                        "yes to all that this rule asks for",
                    )

    def ordered(self, rule: int, feature: str, over: int, under: int) -> None:
        """A rule that wants a number over one bound and under another."""
        if under <= over + 1:
            self.fail(f"when.{feature}", rule, f"no number is over {over} and under {under}")


_HEAD = re.compile(r"\s*\[\[\s*rules\s*\]\]")
