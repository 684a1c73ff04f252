"""The gate on the tails: bounds that keep files and functions small, and names honest.

    python scripts/gate.py

No file over 800 lines, no function over 100, nine in ten functions at most 40, no import circles
between modules, no module named for nothing, no package registry's host anywhere in the repo.
Exit 1 names every place at fault.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE, MAX_FUNCTION, TYPICAL_FUNCTION, TYPICAL_SHARE = 800, 100, 40, 0.9
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}
# Written in halves so that this file passes its own check.
REGISTRY_HOSTS = [
    a + b
    for a, b in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("registry.npm", "js.org"),
        ("crates", ".io"),
        ("proxy.go", "lang.org"),
        ("repo.maven", ".apache.org"),
        ("deb.deb", "ian.org"),
    )
]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tracked(suffix: str = "") -> list[Path]:
    """Files that git tracks or would track, below the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = (ROOT / name for name in listing if name.endswith(suffix))
    return sorted(path for path in paths if path.is_file())


def functions(tree: ast.Module) -> Iterator[tuple[Function, int]]:
    """Each function with its length in lines, its docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                text = node.body[0]
                length -= (text.end_lineno or text.lineno) - text.lineno + 1
            yield node, length


def check_lengths(paths: list[Path]) -> Iterator[str]:
    """Files and functions that are too long."""
    lengths: list[int] = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(ROOT)
        if (lines := text.count("\n")) > MAX_FILE:
            yield f"{where}: {lines} lines, at most {MAX_FILE}"
        for node, length in functions(ast.parse(text)):
            lengths.append(length)
            if length > MAX_FUNCTION:
                yield f"{where}:{node.lineno}: {node.name}: {length} lines, over {MAX_FUNCTION}"
    short = sum(length <= TYPICAL_FUNCTION for length in lengths)
    if lengths and short / len(lengths) < TYPICAL_SHARE:
        yield f"only {short / len(lengths):.1%} of functions have at most {TYPICAL_FUNCTION} lines"


def imports(path: Path, module: str, known: set[str]) -> set[str]:
    """Modules of the package that `module` imports when it is loaded."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & known) or {node.module}
    return (found & known) - {module}


def check_circles(package: Path) -> Iterator[str]:
    """Import circles: modules that reach themselves."""
    modules = {
        ".".join(p.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): p
        for p in package.rglob("*.py")
    }
    graph = {name: imports(path, name, set(modules)) for name, path in modules.items()}
    done: set[str] = set()
    stack: list[str] = []

    def visit(name: str) -> Iterator[str]:
        if name in stack:
            yield "import circle: " + " -> ".join([*stack[stack.index(name) :], name])
            return
        if name in done:
            return
        stack.append(name)
        for target in sorted(graph[name]):
            yield from visit(target)
        stack.pop()
        done.add(name)

    for name in sorted(graph):
        yield from visit(name)


def check_names(paths: list[Path]) -> Iterator[str]:
    """Modules and packages whose name says nothing."""
    for path in paths:
        parts = path.relative_to(ROOT).with_suffix("").parts
        for part in set(parts) & NAMELESS:
            yield f"{path.relative_to(ROOT)}: '{part}' names nothing; name the noun it holds"


def check_hosts(paths: list[Path]) -> Iterator[str]:
    """Files that name a package registry's host."""
    for path in paths:
        data = path.read_bytes().lower()
        for host in REGISTRY_HOSTS:
            if host.encode() in data:
                yield f"{path.relative_to(ROOT)}: names the package registry {host}"


def main() -> int:
    """Run every check and report."""
    sources = tracked(".py")
    package = ROOT / "src" / "fairlead"
    faults = [
        *check_lengths(sources),
        *check_circles(package),
        *check_names(sources),
        *check_hosts(tracked()),
    ]
    for fault in faults:
        print(f"gate: {fault}")
    if not faults:
        print(f"gate: {len(sources)} files within bounds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
