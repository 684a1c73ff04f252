"""docs/conformance.md is what the gateway does today, and no feature fails on any way."""

import importlib.util
import json
from pathlib import Path

import pytest
from tests.acceptance.conformance.features import FEATURES, of
from tests.acceptance.conformance.gateway import MODELS, Gateway
from tests.acceptance.conformance.matrix import CLIENTS, cells

ROOT = Path(__file__).resolve().parents[3]
spec = importlib.util.spec_from_file_location(
    "conformance_script", ROOT / "scripts" / "conformance.py"
)
assert spec is not None
assert spec.loader is not None
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)


@pytest.fixture(scope="module")
def found():
    gateway = Gateway()
    yield cells(gateway)
    gateway.close()


def test_no_feature_fails(found):
    assert [cell for cell in found if cell.kind == "failed"] == []


def test_every_loss_and_refusal_has_a_name(found):
    assert [cell for cell in found if cell.kind != "exact" and not cell.names] == []


def test_every_client_is_tried_on_every_model(found):
    models = sum(len(several) for several in MODELS.values())
    assert len(found) == models * sum(len(of(client)) for client in CLIENTS)
    assert {cell.feature for cell in found} == set(FEATURES)


def test_the_clients_own_dialect_is_exact(found):
    own = [cell for cell in found if cell.client == cell.vendor]
    assert own
    assert {cell.kind for cell in own} == {"exact"}


def test_the_page_is_up_to_date(found):
    kept = json.loads(script.FIGURES.read_text(encoding="utf-8"))
    text = script.page(found, kept)
    assert script.PAGE.read_text(encoding="utf-8") == text, "run `python scripts/conformance.py`"


def test_the_kept_figures_hold_what_is_promised():
    figures = json.loads(script.FIGURES.read_text(encoding="utf-8"))["figures"]
    for kind in ("relay", "decoding", "answers"):
        assert not [way for way, each in figures[kind].items() if each["failures"]]
    failed = {way: each["failures"] for way, each in figures["requests"].items()}
    assert {way for way, rows in failed.items() if rows} <= {"gemini -> gpt-5-mini"}
    assert not any(each.get("exception") for each in figures["refused"].values())
