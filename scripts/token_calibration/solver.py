"""Fitting a family's coefficients: ridge regression towards a prior, robust and relative.

Errors count relative to the row's true tokens, and by their size rather than its square (iterated
weights), because the target is a median and because vendors change their fixed prompts over time,
which makes a few rows wrong by hundreds. The ridge pulls each coefficient towards its prior with a
strength that says how far it is expected to be: a family's prior is its parent's fit, so that a
family with few rows differs only where they show it.

How strong the ridge is, whether a vendor's families have fits of their own, and which groups of
terms take part is a `Choice`; `selection` makes it, from the rows of the fit alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scripts.token_calibration.rows import Row, lineage

from fairlead.tokens.families import family_named
from fairlead.tokens.shape import TERMS

Split = Literal["surfaces", "models"]


@dataclass(frozen=True)
class Choice:
    """What is chosen for a vendor. `noise`: strength of the ridge; `split`: who has a fit of his
    own, families as they stand in `families.toml`, or with all surfaces of a family in one; `fine`:
    the terms in `FINE` take part; `signatures`: thoughts' signatures may count in all families,
    else in those of `COUNTED_SIGNATURES` alone.
    """

    noise: float = 0.04
    split: Split = "surfaces"
    fine: bool = True
    signatures: bool = False


EDGE = 0.02
"""Relative errors below this count by their square."""
ITERATIONS = 12

AT = {name: at for at, name in enumerate(TERMS)}

_CLASSES = ("words", "splits", "marks", "spaces", "latin", "cyrillic", "cjk", "scripts", "symbols")
_TOKENS = (
    *_CLASSES,
    "function_words",
    "tool_property_words",
    "tool_description_words",
    "tool_choice_words",
)
_ANSWERS = tuple(t for t in TERMS if t.startswith("answer_") and t.endswith("words"))
PRIOR: dict[str, float] = dict.fromkeys(_TOKENS, 1.0) | {
    "digits": 1.0,
    "request": 6,
    "turns": 3,
    "functions": 12,
    "tool_properties": 6,
    "results": 8,
    "calls": 8,
    "tools": 50,
}
VENDOR_PRIOR: dict[str, dict[str, float]] = {
    # Anthropic puts the tools' JSON Schemas into the prompt as they are; so their JSON is counted,
    # and what it is made of only as far as the recordings show that it counts otherwise.
    "anthropic": {
        "tools": 0, "functions": 30, "tool_schema_json": 1, "answer_schema_json": 1,
        "tool_properties": 0,
        "tool_property_words": 0, "tool_description_words": 0, "tool_choice_words": 0,
    },
    # Google's documents count the contents alone, without a frame; OpenAI's cookbook ("How to count
    # tokens with tiktoken") has 3 a message and its role, and 3 for the reply.
    "google": {
        "request": 0, "turns": 0, "calls": 0, "results": 0, "tools": 0,
        "shown_signature_chars": 0.17,
    },
    # Beyond its envelope an encrypted item has 7 characters a reasoning token (recorded answers).
    "openai": {"request": 3, "turns": 4, "tools": 9, "sealed_chars": 0.14},
}  # fmt: skip
SPREAD: dict[str, float] = (
    dict.fromkeys(TERMS, 0.5)
    | dict.fromkeys((*_TOKENS, *_ANSWERS), 0.15)
    | {
        "letters": 0.02, "mark_chars": 0.1, "space_chars": 0.1, "cjk_chars": 0.1, "long": 0.1,
        "rare": 0.5,
        "capitals": 0.4, "quotes": 0.5, "digits": 0.3, "digit_chars": 0.2, "request": 6,
        "turns": 3, "answers": 2, "instructions": 4, "names": 2, "tools": 300, "tools_forced": 60,
        "tools_single": 100, "tools_thinking": 30, "tools_instructed": 15, "functions": 15,
        "function_described": 4, "calls": 15, "calls_beside": 15, "arguments": 6, "results": 15,
        "json_marks": 0.3,
        "thinking": 20, "thinking_adaptive": 15, "effort": 2, "thought_words": 0.5,
        "old_thought_words": 0.3,
        "signed": 10, "signature_chars": 0.15, "shown_signature_chars": 0.05, "sealed_chars": 0.004,
        "tool_search": 300, "tools_found": 60, "old_signature_chars": 0.02, "schema": 150,
        "documents": 30, "cited": 200, "opaque": 50, "task_budget": 30,
    }
    | {
        f"{where}_{name}": value
        for where in ("tool", "answer")
        for name, value in {
            "properties": 6, "described": 4, "choices": 3, "required": 2, "nested": 8, "arrays": 6,
            "unions": 6, "keywords": 3, "schema_json": 0.15,
        }.items()
    }
)  # fmt: skip
_EXACT = dict.fromkeys([*_CLASSES, "digits", "capitals", "quotes"], 0.003) | dict.fromkeys(
    ("letters", "long", "rare", "digit_chars", "mark_chars", "space_chars", "cjk_chars"), 0.0003
)
_PARTS = (
    "properties",
    "described",
    "choices",
    "required",
    "nested",
    "arrays",
    "unions",
    "keywords",
)
VENDOR_SPREAD: dict[str, dict[str, float]] = {
    # The tools' prompt is documented by model; recorded answers agree within some 15 tokens.
    "anthropic": {
        "tools": 30, "tools_forced": 20, "tool_schema_json": 0.3, "answer_schema_json": 0.5,
        "tool_property_words": 0.1, "tool_description_words": 0.1, "tool_choice_words": 0.1,
    }
    | {f"tool_{name}": 1.0 for name in _PARTS},
    "openai": _EXACT
    | {
        "signature_chars": 0.004, "shown_signature_chars": 0.004, "sealed_chars": 0.02,
        "tools": 100, "tools_forced": 10, "tools_thinking": 10, "tools_instructed": 5,
        "thinking": 5, "json_marks": 0.02,
    },
    "google": {
        "request": 1, "turns": 1, "answers": 1, "instructions": 1, "thinking": 2,
        "thinking_adaptive": 2, "tools": 20, "tools_forced": 5, "tools_thinking": 4,
        "tools_instructed": 4, "tools_single": 5,
    },
}  # fmt: skip
_WRITTEN = ("property_words", "description_words", "choice_words", "required")
_DRAWN = ("properties", "described", "nested", "arrays", "unions", "keywords", "schema_json")
_FRAMES = ("request", "turns", "answers", "instructions", "tools", "tools_forced", "functions")
FAMILY_PRIOR: dict[str, dict[str, float]] = {
    # Google's own local tokenizer (googleapis/python-genai, google/genai/local_tokenizer.py,
    # `_TextsAccumulator`) counts names, descriptions, enumerations and `required` of functions, and
    # names, keys and strings of calls and results; no types, and no frame around them.
    "gemini-2.5/vertex": {"function_words": 1.0, "function_described": 0.0}
    | {f"tool_{name}": 1.0 for name in _WRITTEN}
    | {f"tool_{name}": 0.0 for name in _DRAWN}
    | dict.fromkeys((*_FRAMES, "calls", "calls_beside", "arguments", "results"), 0.0)
    | {"json_marks": -1.0},
}
"""What a family starts from instead of its parent's fit."""
_LOCAL = (
    {f"tool_{name}": 0.15 for name in _WRITTEN}
    | {f"tool_{name}": 0.5 for name in _DRAWN}
    | {"tool_schema_json": 0.03, "function_words": 0.15, "function_described": 0.5}
    | {
        "arguments": 2,
        "functions": 2,
        "tools": 3,
        "tools_forced": 3,
        "calls": 5,
        "calls_beside": 3,
        "results": 5,
    }
)
FAMILY_SPREAD: dict[str, dict[str, float]] = {
    "openai-responses-2025-03": {"request": 20, "tools": 250},
    "gemini-2.5/vertex": _LOCAL,
    "gemini-2.0": _LOCAL,
    "gemini-2.0/vertex": _LOCAL,
}
THOUGHT = 0.17
"""Tokens of thought a character of a signature: the median of Gemini's recorded answers, by their
own `thoughtsTokenCount`."""
COUNTED_SIGNATURES = {"gemini-3": THOUGHT, "gemini-2.5/vertex": THOUGHT}
"""Where a signature's thought is given back to the model and counted, in the recordings; elsewhere
only where readable thoughts are asked for (`shown_signature_chars`)."""
FIXED_SIGNATURES = 0.004
SIGNED = frozenset(
    {
        "request",
        "instructions",
        "tools",
        "tools_forced",
        "tools_single",
        "tools_thinking",
        "tools_instructed",
        "thinking",
        "thinking_adaptive",
        "schema",
        "cited",
        "task_budget",
        "tool_search",
        "json_marks",
    }
)
"""Terms that are 0 or 1 may lower an estimate, and JSON's marks, which are in the texts, too. What
else can stand in a request a thousand times may not: a thousand spaces must not make it negative.
"""
HELD, HELD_SPREAD = 1e9, 1e-4


FINE = frozenset(
    {
        "names",
        "tools_thinking",
        "tools_instructed",
        "function_described",
        "calls_beside",
        "tool_described",
        "tool_required",
        "tool_arrays",
        "tool_unions",
        "answer_described",
        "answer_choices",
        "answer_required",
        "answer_nested",
        "answer_arrays",
        "answer_unions",
    }
)
"""Terms that a fit may do without: details of schemas, and what goes with something else."""
DEFAULT = Choice()


def vendor_of(name: str) -> str:
    """A family's vendor."""
    family = family_named(name)
    return "" if family is None else family.vendor


Cache = dict[tuple[Any, ...], list[float]]


def fit_all(
    rows: Iterable[Row],
    names: Iterable[str],
    choices: Mapping[str, Choice] | None = None,
    cache: Cache | None = None,
) -> dict[str, list[float]]:
    """Coefficients of the named families and of their ancestors. `choices` are by vendor; `cache`
    keeps fits of the same rows.
    """
    chosen = choices or {}
    of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        choice = chosen.get(vendor_of(row.family), DEFAULT)
        of[standing_for(row.family, choice.split)].append(row)
    kept = {} if cache is None else cache
    found: dict[str, list[float]] = {}
    for name in names:
        choice = chosen.get(vendor_of(name), DEFAULT)
        keys: tuple[Any, ...] = (choice,)
        prior: list[float] | None = None
        for member in ancestry(name, choice.split):
            keys = (*keys, member, hash(tuple(row.id for row in of[member])))
            if keys not in kept:
                kept[keys] = _fit_family(member, of[member], prior, choice)
            prior = found[member] = kept[keys]
        if prior is not None:
            found[name] = prior
    return found


def standing_for(name: str, split: Split) -> str:
    """Whose fit serves a family."""
    return name.partition("/")[0] if split == "models" else name


def ancestry(name: str, split: Split) -> list[str]:
    """The fits that lead to a family's own, the eldest first."""
    members = (standing_for(member, split) for member in lineage(standing_for(name, split)))
    return list(dict.fromkeys(members))


def _fit_family(
    name: str, rows: list[Row], prior: list[float] | None, choice: Choice
) -> list[float]:
    vendor = vendor_of(name)
    if prior is None:
        first = PRIOR | VENDOR_PRIOR.get(vendor, {})
        prior = [float(first.get(term, 0.0)) for term in TERMS]
    said = FAMILY_PRIOR.get(name, {})
    if vendor == "google":
        said = said | {"signature_chars": COUNTED_SIGNATURES.get(name, 0.0)}
    prior = [said.get(term, value) for term, value in zip(TERMS, prior, strict=True)]
    spread = SPREAD | VENDOR_SPREAD.get(vendor, {}) | FAMILY_SPREAD.get(name, {})
    if name in COUNTED_SIGNATURES:
        spread = spread | {"signature_chars": spread["shown_signature_chars"]}
    elif vendor != "openai" and not choice.signatures:
        spread = spread | {"signature_chars": FIXED_SIGNATURES}
    if not choice.fine:
        spread = spread | dict.fromkeys(FINE, HELD_SPREAD)
    widths = [spread[term] / choice.noise**0.5 for term in TERMS]
    return solve(rows, prior, widths) if rows else list(prior)


def solve(rows: list[Row], prior: list[float], spread: list[float]) -> list[float]:
    """The coefficients for these rows."""
    active = sorted({at for row in rows for at, _ in row.dense})
    index = {at: n for n, at in enumerate(active)}
    alike = Counter((row.group, tuple(row.dense)) for row in rows)
    parts: dict[tuple[Any, ...], float] = defaultdict(float)
    for row in rows:
        terms = tuple(row.dense)
        parts[terms, row.true, row.prompt] += alike[row.group, terms] ** -0.5
    values = np.zeros((len(parts), len(active)))
    for n, (terms, _, _) in enumerate(parts):
        for at, value in terms:
            values[n, index[at]] = value
    true = np.array([float(true) for _, true, _ in parts])
    left = np.array([float(true - prompt) for _, true, prompt in parts])
    share = np.array(list(parts.values()))
    base = np.array([prior[at] for at in active])
    ridge = np.array([1 / spread[at] ** 2 for at in active])
    held = np.array([TERMS[at] not in SIGNED for at in active])
    found = base.copy()
    for _ in range(ITERATIONS):
        last = found
        off = np.abs(values @ last - left) / true
        weight = share / np.maximum(off, EDGE) / true**2
        matrix = (values * weight[:, None]).T @ values + np.diag(ridge + 1e-9)
        found = np.linalg.solve(matrix, ridge * base + values.T @ (weight * left))
        below = (found < 0) & held
        base[below], ridge[below], found[below] = 0.0, HELD, 0.0
        if np.max(np.abs(last - found)) < 1e-3:
            break
    whole = list(prior)
    for at, value in zip(active, found, strict=True):
        whole[at] = float(value)
    return whole
