"""Documentation is tested: what exists is documented, and the pages are as the code would have it."""

import importlib.util
import re
from pathlib import Path

from fairlead.canon import Request, Text, Turn
from fairlead.routing import extract

ROOT = Path(__file__).resolve().parents[3]
spec = importlib.util.spec_from_file_location("docs_script", ROOT / "scripts" / "docs.py")
assert spec is not None
assert spec.loader is not None
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)


def test_the_generated_pages_are_up_to_date() -> None:
    for path, text in docs.pages().items():
        assert path.read_text(encoding="utf-8") == text.rstrip() + "\n", "run `make docs`"


def test_every_header_that_the_code_sends_is_documented() -> None:
    sent = set()
    for path in (ROOT / "src" / "fairlead").rglob("*.py"):
        if "emulator" not in path.parts:
            sent |= set(re.findall(r'b"(x-fairlead-[a-z-]+[a-z])"', path.read_text()))
    page = (ROOT / "docs" / "reference.md").read_text()
    assert sent
    assert not [name for name in sent if f"`{name}`" not in page]


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_every_verb_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text()))
    assert verbs
    assert not [verb for verb in verbs if not re.search(rf"^{verb}:", makefile, re.MULTILINE)]


def test_the_readmes_request_is_routed_as_it_says() -> None:
    page = (ROOT / "README.md").read_text()
    asked = re.search(r'"role": "user", "content": "([^"]+)"', page)
    routed = re.search(r"^x-fairlead-route: article-tree: (\w+) \((.+)\)$", page, re.MULTILINE)
    assert asked is not None
    assert routed is not None
    features = extract(Request(model="auto", turns=(Turn("user", (Text(asked[1]),)),)))
    assert (features.task, features.task_evidence) == (routed[1], routed[2])
