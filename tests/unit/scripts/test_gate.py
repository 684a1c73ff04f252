"""The gate finds what it says it finds."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "gate.py"
spec = importlib.util.spec_from_file_location("gate", SCRIPT)
assert spec is not None
assert spec.loader is not None
gate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gate)


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def body(lines: int) -> str:
    return "".join(f"    x = {n}\n" for n in range(lines))


def test_a_long_file(root) -> None:
    faults = list(gate.check_lengths([write(root, "a.py", "x = 1\n" * 801)]))
    assert len(faults) == 1
    assert "801 lines" in faults[0]


def test_a_long_function_but_not_its_docstring(root) -> None:
    doc = '    """' + "line\n" * 90 + '    """\n'
    good = write(root, "good.py", "def f():\n" + doc + body(20))
    bad = write(root, "bad.py", "def g():\n" + body(101))
    small = write(root, "small.py", "".join(f"def s{n}(): pass\n" for n in range(30)))
    faults = list(gate.check_lengths([good, bad, small]))
    assert len(faults) == 1
    assert "bad.py:1: g" in faults[0]


def test_too_many_middling_functions(root) -> None:
    path = write(root, "a.py", "".join(f"def f{n}():\n{body(50)}" for n in range(3)))
    assert any("0.0% of functions" in fault for fault in gate.check_lengths([path]))


def test_an_import_circle(root) -> None:
    write(root, "pkg/__init__.py", "")
    write(root, "pkg/a.py", "from pkg import b\n")
    write(root, "pkg/b.py", "from pkg.a import x\n")
    assert "pkg.a -> pkg.b -> pkg.a" in next(gate.check_circles(root / "pkg"))


def test_a_name_that_says_nothing(root) -> None:
    paths = [root / "src" / "utils.py", root / "src" / "helpers" / "x.py", root / "src" / "ok.py"]
    assert len(list(gate.check_names(paths))) == 2


def test_a_registry_host(root) -> None:
    path = write(root, "lock.txt", "--index-url https://" + "py" + "pi.org/simple")
    assert len(list(gate.check_hosts([path]))) == 1
