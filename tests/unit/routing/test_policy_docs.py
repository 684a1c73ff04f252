"""docs/policies.md and docs/catalog.md say what is."""

import re
from datetime import date
from pathlib import Path

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.catalog.claims import parse_toml
from fairlead.catalog.entries import user_sheet
from fairlead.catalog.keys import KEYS
from fairlead.routing import parse_policies, takes_on
from fairlead.routing.conditions import FEATURES, OPERATORS
from fairlead.routing.objective import DIMENSIONS, NAMED
from fairlead.routing.objective_file import CONSTRAINTS
from fairlead.routing.policy_file import _TOP, OPTIONS
from fairlead.routing.rollout_file import CANARY, SHADOW
from fairlead.routing.rule_file import RULE

TODAY = date(2026, 11, 22)
DOCS = Path(__file__).parents[3] / "docs"
POLICIES = (DOCS / "policies.md").read_text(encoding="utf-8")
CATALOG = (DOCS / "catalog.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", text, re.DOTALL)


def test_every_feature_operator_and_key_is_documented() -> None:
    for name in (*FEATURES, *OPERATORS, *_TOP, *DIMENSIONS, *NAMED, *shipped_policies()):
        assert f"`{name}`" in POLICIES or name in ("rules", "canary", "shadow"), name
    for table, keys in (
        ("canary", CANARY),
        ("shadow", SHADOW),
        ("constraints", CONSTRAINTS),
        ("options", OPTIONS),
    ):
        for name in keys:
            assert f"`{table}.{name}`" in POLICIES, name
    for name in RULE:
        assert f"`rules[].{name}`" in POLICIES
    for feature in FEATURES.values():
        for word in feature.words:
            assert re.search(rf"\b{word}\b", POLICIES), word


def test_the_example_policies_are_sound() -> None:
    catalog = load()
    texts = {f"example {n}": text for n, text in enumerate(examples(POLICIES)) if "name" in text}
    assert len(texts) >= 2
    parse_policies(texts, shipped_policies(), catalog, takes_on(catalog, TODAY))


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_kind_of_fact_is_documented(key: str) -> None:
    room, _, name = key.partition(".")
    general = {
        "price": "`price.<kind>`",
        "feature": "`feature.<name>`",
        "billing": "`billing.<kind>_as`",
        "info": "`info.*`",
        "benchmark": "`benchmark.*`",
    }
    assert general.get(room, f"`{key}`") in CATALOG
    assert name or key == "modalities_in"


def test_the_example_entry_is_sound() -> None:
    entry = parse_toml(examples(CATALOG)[1], "docs/catalog.md")["models"]
    assert isinstance(entry, dict)
    ((model_id, values),) = entry.items()
    assert user_sheet(model_id, values, TODAY).vendor == "ours"
