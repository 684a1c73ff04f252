"""A rule of a policy's file, `[[rules]]`: its question, its conditions, whom it takes."""

from collections.abc import Callable, Iterator
from typing import Final

from fairlead.routing.conditions import FEATURES, OPERATORS, Condition, Feature, Form, Wanted
from fairlead.routing.rule import Rule
from fairlead.routing.toml_reader import TomlReader

__all__ = ["RULE", "read_rule"]

RULE: Final[dict[str, tuple[type, ...]]] = {
    "question": (str,),
    "when": (dict,),
    "use": (str, list),
    "reason": (str,),
}

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


def read_rule(index: int, row: object, candidates: tuple[str, ...], reader: TomlReader) -> Rule:
    """One table of `[[rules]]`."""
    if not isinstance(row, dict):
        reader.fail("rules", None, "must be an array of tables ([[rules]])")
    reader.table(row, RULE, ("question", "when", "use"), "", index)
    use = reader.among(row["use"], candidates, "use", index)
    if not row["when"]:
        reader.fail("when", index, "asks nothing; what holds for all requests is `otherwise`")
    when = tuple(
        condition
        for feature, asked in row["when"].items()
        for condition in _conditions(feature, asked, index, reader)
    )
    return Rule(row["question"], when, use, str(row.get("reason", row["question"])))


def _conditions(feature: str, asked: object, rule: int, reader: TomlReader) -> Iterator[Condition]:
    known = FEATURES.get(feature)
    if known is None:
        reader.fail(f"when.{feature}", rule, f"unknown feature; known are {', '.join(FEATURES)}")
    if not isinstance(asked, dict) or not asked:
        reader.fail(
            f"when.{feature}", rule, "must be a table of an operator, such as { over = 1000 }"
        )
    for operator, wanted in asked.items():
        key = f"when.{feature}.{operator}"
        fitting = [name for name, each in OPERATORS.items() if known.form in each.forms]
        if operator not in OPERATORS:
            reader.fail(key, rule, f"unknown operator; {feature} takes {', '.join(fitting)}")
        if operator not in fitting:
            reader.fail(key, rule, f"does not fit; {feature} takes {', '.join(fitting)}")
        yield Condition(feature, operator, _wanted(wanted, known, operator, key, rule, reader))


def _wanted(
    value: object, feature: Feature, operator: str, key: str, rule: int, reader: TomlReader
) -> Wanted:
    """The value to compare with, in the feature's form and among its words."""
    if OPERATORS[operator].takes == "list":
        wanted: Wanted = reader.names(value, key, rule)
    elif isinstance(value, bool | int | str) and _FITS[feature.form](value):
        wanted = value
    else:
        reader.fail(key, rule, f"must be {_FORMS[feature.form]}, got {value!r:.60}")
    for word in wanted if isinstance(wanted, tuple) else (wanted,):
        if feature.words and word not in feature.words:
            reader.fail(key, rule, f"does not know '{word}'; known are {', '.join(feature.words)}")
    return wanted
