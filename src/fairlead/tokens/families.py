"""Families of models that count alike, and what was fitted for each: data, loaded once.

`data/families.toml` says by hand which model belongs where; `data/fits.json` is written by
`scripts/calibrate_tokens.py`, with the day and what it was fitted on.
"""

import re
from functools import lru_cache
from importlib import resources
from typing import Literal

import msgspec

from fairlead.catalog.model import Model
from fairlead.tokens.shape import TERMS
from fairlead.tokens.text import CLASSES

__all__ = [
    "FAMILIES",
    "FITS",
    "Errors",
    "Family",
    "Fit",
    "Fits",
    "Stratum",
    "family_named",
    "family_of",
    "family_of_id",
    "tool_prompt",
    "weights",
]

Stratum = Literal["plain", "framed"]
"""`plain`: nothing but messages; `framed`: tools, schemas, thinking or documents, too."""

UNKNOWN = "unknown"
_BASE = "openai-4"
"""What a model of an unknown vendor is counted like: its interval is widened."""

_STRETCHED = tuple(at for at, name in enumerate(TERMS) if name in CLASSES or name.endswith("words"))


class Family(msgspec.Struct, frozen=True):
    """Who counts alike. `surface` is the way to the model where it makes a difference: "" is the
    vendor's first API, `vertex` Google Cloud, `openai_responses` that dialect. `until` is the day
    (ISO) before which answers were counted so; "" for a family that is in force.
    """

    name: str
    vendor: str
    models: tuple[str, ...]
    surface: str = ""
    parent: str = ""
    default: bool = False
    exact: bool = False
    until: str = ""
    stretch: float = 1.0
    stretch_of: str = ""


class Errors(msgspec.Struct, frozen=True):
    """Quantiles of (true - estimated) / (estimated + 8), out of sample, for 95 and for 80 percent.
    `n` is how many estimates they come from.
    """

    low_95: float
    low_80: float
    high_80: float
    high_95: float
    n: int


class Fit(msgspec.Struct, frozen=True):
    """What was fitted for a family. `coefficients` has the terms that aren't 0."""

    rows: int
    cassettes: int
    coefficients: dict[str, float]
    errors: dict[Stratum, Errors]


class Fits(msgspec.Struct, frozen=True):
    """All fits. `recount`: from a family to another, the ratio of text tokens: median, and where
    95 % of the recorded texts lie. `server_tools`: vendor, kind, tokens that the tool brings.
    """

    fitted: str
    on: str
    families: dict[str, Fit]
    recount: dict[str, dict[str, tuple[float, float, float]]]
    server_tools: dict[str, dict[str, float]]


class ToolPrompt(msgspec.Struct, frozen=True):
    """Tokens that a vendor documents for what it writes before the tools, and where it does."""

    models: tuple[str, ...]
    auto: int
    forced: int
    source: str


class _File(msgspec.Struct, frozen=True):
    families: tuple[Family, ...]
    tool_prompts: tuple[ToolPrompt, ...]


_DATA = resources.files("fairlead.tokens").joinpath("data")
_READ = msgspec.toml.decode(_DATA.joinpath("families.toml").read_bytes(), type=_File)
FAMILIES = _READ.families
FITS = msgspec.json.decode(_DATA.joinpath("fits.json").read_bytes(), type=Fits)

_NAMED = {family.name: family for family in FAMILIES}
_PATTERNS = {family.name: re.compile("|".join(family.models)) for family in FAMILIES}
_TOOL_PROMPTS = tuple((re.compile("|".join(p.models)), p) for p in _READ.tool_prompts)
_VENDORS = frozenset(family.vendor for family in FAMILIES)


def family_named(name: str) -> Family | None:
    """The family of that name; None if there is none."""
    return _NAMED.get(name)


def family_of(model: Model, surface: str = "") -> Family | None:
    """The family of a model; None for a vendor whose tokenizer nobody knows."""
    return family_of_id(model.id, model.vendor, surface)


@lru_cache(maxsize=512)
def family_of_id(model: str, vendor: str, surface: str = "", day: str = "") -> Family | None:
    """As `family_of`. A model's own id counts before its vendor, which may be a reseller. `day` is
    when the request was made (ISO), for those of the past; "" is today.
    """
    known = [family for family in FAMILIES if not family.until or "" < day < family.until]
    for asked in (surface, ""):
        for family in known:
            if family.surface == asked and _PATTERNS[family.name].search(model):
                return family
    for asked in (surface, ""):
        for family in known:
            if family.default and family.surface == asked and family.vendor == vendor:
                return family
    return None


@lru_cache(maxsize=512)
def tool_prompt(model: str, *, forced: bool) -> int:
    """What the vendor documents for the prompt that goes with tools; 0 where it documents none."""
    found = next((said for pattern, said in _TOOL_PROMPTS if pattern.search(model)), None)
    if found is None:
        return 0
    return found.forced if forced else found.auto


@lru_cache(maxsize=64)
def weights(name: str) -> tuple[float, ...]:
    """A family's coefficients in the order of `TERMS`; those of an ancestor where it has no fit."""
    family = _NAMED.get(name) or _NAMED[_BASE]
    if family.stretch_of:
        frames, texts = weights(family.parent), weights(family.stretch_of)
        return tuple(
            texts[at] * family.stretch if at in _STRETCHED else frames[at]
            for at in range(len(TERMS))
        )
    fit = FITS.families.get(family.name)
    if fit is None:
        return weights(family.parent)
    return tuple(fit.coefficients.get(term, 0.0) for term in TERMS)


def errors(name: str, stratum: Stratum) -> Errors:
    """The errors to expect in a family."""
    family = _NAMED.get(name) or _NAMED[_BASE]
    fit = FITS.families.get(family.name)
    return errors(family.parent, stratum) if fit is None else fit.errors[stratum]
