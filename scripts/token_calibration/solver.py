"""Fitting a family's coefficients: ridge regression towards a prior, robust and relative.

Errors count relative to the row's true tokens, and by their size rather than its square (iterated
weights), because the target is a median and because vendors change their fixed prompts over time,
which makes a few rows wrong by hundreds. The ridge pulls each coefficient towards its prior with a
strength that says how far it is expected to be: a family's prior is its parent's fit, so that a
family with few rows differs only where they show it. Plain Python: 80 terms, some hundred rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from scripts.token_calibration.rows import Row, lineage

from fairlead.tokens.families import family_named
from fairlead.tokens.shape import TERMS

NOISE = 0.04
"""Strength of the ridge; the one figure that was chosen by looking at errors (0.02 to 0.05
alike)."""
EDGE = 0.02
"""Relative errors below this count by their square."""
ITERATIONS = 25

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
    # Google's documents count the contents alone, without a frame; OpenAI's cookbook ("How to count
    # tokens with tiktoken") has 3 a message and its role, and 3 for the reply.
    "google": {"request": 0, "turns": 0, "calls": 0, "results": 0, "tools": 0},
    "openai": {"request": 3, "turns": 4, "tools": 9},
}
SPREAD: dict[str, float] = (
    dict.fromkeys(TERMS, 0.5)
    | dict.fromkeys((*_TOKENS, *_ANSWERS), 0.15)
    | {
        "letters": 0.02, "mark_chars": 0.1, "space_chars": 0.1, "cjk_chars": 0.1, "long": 0.1,
        "capitals": 0.4, "quotes": 0.5, "digits": 0.3, "digit_chars": 0.2, "request": 6,
        "turns": 3, "answers": 2, "instructions": 4, "names": 2, "tools": 300, "tools_forced": 60,
        "tools_single": 100, "tools_thinking": 30, "tools_instructed": 15, "functions": 15,
        "function_described": 4, "calls": 15, "calls_beside": 15, "arguments": 6, "results": 15,
        "thinking": 20, "thinking_adaptive": 15, "thought_words": 0.5, "old_thought_words": 0.3,
        "signed": 10, "signature_chars": 0.15, "old_signature_chars": 0.02, "schema": 150,
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
    ("letters", "long", "digit_chars", "mark_chars", "space_chars", "cjk_chars"), 0.0003
)
VENDOR_SPREAD: dict[str, dict[str, float]] = {
    "openai": _EXACT,
    "google": {
        "request": 1, "turns": 1, "answers": 1, "instructions": 1, "thinking": 2,
        "thinking_adaptive": 2, "tools": 20, "tools_forced": 5, "tools_thinking": 4,
        "tools_instructed": 4, "tools_single": 5,
    },
}  # fmt: skip
FIXED_SIGNATURES = 0.004
"""Signatures carry countable thoughts on Gemini 3's own API only; elsewhere they hardly count."""
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
    }
)
"""Terms that are 0 or 1 may lower an estimate. What can stand in a request a thousand times may
not: a thousand spaces must not make it negative."""
HELD = 1e9
COUNTED_SIGNATURES = frozenset({"gemini-3"})


def fit_all(rows: Iterable[Row], names: Iterable[str]) -> dict[str, list[float]]:
    """Coefficients of the named families and of their ancestors."""
    of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of[row.family].append(row)
    found: dict[str, list[float]] = {}
    for name in names:
        for member in lineage(name):
            if member not in found:
                found[member] = _fit_family(member, of[member], found)
    return found


def _fit_family(name: str, rows: list[Row], found: Mapping[str, list[float]]) -> list[float]:
    family = family_named(name)
    parent = family.parent if family is not None else ""
    vendor = family.vendor if family is not None else ""
    if parent:
        prior = found[parent]
    else:
        said = PRIOR | VENDOR_PRIOR.get(vendor, {})
        prior = [float(said.get(term, 0.0)) for term in TERMS]
    spread = SPREAD | VENDOR_SPREAD.get(vendor, {})
    if vendor != "openai" and name not in COUNTED_SIGNATURES:
        spread = spread | {"signature_chars": FIXED_SIGNATURES}
    return solve(rows, prior, [spread[term] for term in TERMS]) if rows else list(prior)


def solve(rows: list[Row], prior: list[float], spread: list[float]) -> list[float]:
    """The coefficients for these rows."""
    active = sorted({at for row in rows for at, _ in row.dense})
    index = {at: n for n, at in enumerate(active)}
    data = [([(index[at], value) for at, value in row.dense], float(row.true)) for row in rows]
    alike = Counter((row.group, tuple(row.dense)) for row in rows)
    share = [alike[row.group, tuple(row.dense)] ** -0.5 for row in rows]
    base = [prior[at] for at in active]
    ridge = [NOISE / spread[at] ** 2 for at in active]
    found = list(base)
    for _ in range(ITERATIONS):
        last, found = found, _step(data, share, base, ridge, found)
        for n, at in enumerate(active):
            if found[n] < 0 and TERMS[at] not in SIGNED:
                base[n], ridge[n], found[n] = 0.0, HELD, 0.0
        if max(abs(a - b) for a, b in zip(last, found, strict=True)) < 1e-3:
            break
    whole = list(prior)
    for at, value in zip(active, found, strict=True):
        whole[at] = value
    return whole


def _step(
    data: list[tuple[list[tuple[int, float]], float]],
    share: list[float],
    base: list[float],
    ridge: list[float],
    last: list[float],
) -> list[float]:
    size = len(base)
    matrix = [[0.0] * size for _ in range(size)]
    right = [strength * value for strength, value in zip(ridge, base, strict=True)]
    for n, strength in enumerate(ridge):
        matrix[n][n] = strength + 1e-9
    for (terms, true), part in zip(data, share, strict=True):
        off = abs(sum(last[n] * value for n, value in terms) - true) / true
        weight = part / max(off, EDGE) / (true * true)
        for n, value in terms:
            line, scaled = matrix[n], value * weight
            right[n] += scaled * true
            for m, other in terms:
                line[m] += scaled * other
    return _solved(matrix, right)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss on a symmetric positive matrix: no pivoting needed."""
    size = len(right)
    for at in range(size):
        line, pivot = matrix[at], matrix[at][at]
        for below in range(at + 1, size):
            factor = matrix[below][at] / pivot
            if factor:
                lower = matrix[below]
                for column in range(at, size):
                    lower[column] -= factor * line[column]
                right[below] -= factor * right[at]
    found = [0.0] * size
    for at in range(size - 1, -1, -1):
        rest = sum(matrix[at][m] * found[m] for m in range(at + 1, size))
        found[at] = (right[at] - rest) / matrix[at][at]
    return found
