"""The shipped schemas are what the installed packages state today."""

import importlib.util
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[4]
DATA = REPO / "src" / "fairlead" / "emulator" / "authority" / "data"


@pytest.fixture(scope="module")
def rendered():
    pytest.importorskip("anthropic")
    pytest.importorskip("googleapiclient")
    spec = importlib.util.spec_from_file_location("schemas", REPO / "scripts" / "schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rendered()


@pytest.mark.parametrize("name", ["anthropic.json", "gemini.json"])
def test_regenerating_gives_what_is_shipped(rendered, name):
    assert (DATA / name).read_text("utf-8") == rendered[name]


@pytest.mark.parametrize("name", ["anthropic.json", "gemini.json"])
def test_it_is_structure_without_prose_and_small(rendered, name):
    assert len(rendered[name]) < 500_000
    assert "description" not in {k for k in rendered[name].split('"') if k.endswith("Descriptions")}
    assert ". " not in rendered[name]
