"""The shipped schemas are what the installed packages state today, in whatever process."""

import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[4]
DATA = REPO / "src" / "fairlead" / "emulator" / "authority" / "data"
SCRIPT = REPO / "scripts" / "schemas.py"
NAMES = ["anthropic.json", "gemini.json", "openai.json"]
RENDER = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['rendered']()))"


@pytest.fixture(scope="module")
def schemas():
    pytest.importorskip("anthropic")
    pytest.importorskip("googleapiclient")
    pytest.importorskip("openai")
    spec = importlib.util.spec_from_file_location("schemas", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rendered(schemas):
    return schemas.rendered()


@pytest.mark.parametrize("name", NAMES)
def test_regenerating_gives_what_is_shipped(schemas, rendered, name):
    shipped = json.loads((DATA / name).read_text("utf-8"))
    assert schemas.meaning(shipped) == schemas.meaning(json.loads(rendered[name]))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_structure_without_prose_and_small(rendered, name):
    assert len(rendered[name]) < 500_000
    assert "description" not in {k for k in rendered[name].split('"') if k.endswith("Descriptions")}
    assert ". " not in rendered[name]


def test_no_hash_seed_changes_a_byte(rendered):
    texts = {}
    for seed in ("1", "4242"):
        run = [sys.executable, "-c", RENDER, str(SCRIPT)]
        env = os.environ | {"PYTHONHASHSEED": seed}
        texts[seed] = json.loads(subprocess.check_output(run, env=env))
    assert all(text == rendered for text in texts.values())


def test_what_the_process_has_subscripted_before_changes_nothing(schemas, rendered, monkeypatch):
    """`typing` remembers `Optional[Literal["b", "a"]]` and gives it for `["a", "b"]`."""
    name = schemas.TypedDictSchemas._name
    poisoned = []

    def poison_and_name(self, cls):
        poisoned.append(cls)
        _subscript_reversed(cls)
        return name(self, cls)

    monkeypatch.setattr(schemas.TypedDictSchemas, "_name", poison_and_name)
    assert schemas.rendered() == rendered
    assert len(poisoned) > 100


def _subscript_reversed(cls):
    for found in re.finditer(r"Literal\[([^\]]*)\]", inspect.getsource(cls)):
        words = re.findall(r'"([^"]*)"', found[1])
        if len(words) > 1:
            literal = typing.Literal[tuple(reversed(words))]
            for around in (typing.Optional, typing.Required, typing.NotRequired):
                _ = around[literal]
