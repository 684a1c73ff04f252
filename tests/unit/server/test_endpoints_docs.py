"""docs/endpoints.md names every path, every loss and every refusal of the calls beside the main."""

import re
from pathlib import Path
from typing import get_args

import pytest

from fairlead.engine.endpoints import ENDPOINTS
from fairlead.engine.listing import PAGES
from fairlead.engine.uploads import LASTS
from fairlead.ledger.record import Op
from fairlead.server.routes import ROUTES
from fairlead.server.side_calls import SIDE_ROUTES

REPO = Path(__file__).resolve().parents[3]
TEXT = (REPO / "docs" / "endpoints.md").read_text("utf-8")
SOURCES = [
    REPO / "src" / "fairlead" / path
    for path in (
        "engine/embedding.py", "wire/openai_chat/embeddings.py", "wire/gemini/embeddings.py",
    )
]  # fmt: skip


@pytest.mark.parametrize("path", sorted({r.path for r in ROUTES if r.name in SIDE_ROUTES}))
def test_every_path(path: str) -> None:
    assert f"`{path}`" in TEXT or f"`POST {path}`" in TEXT


@pytest.mark.parametrize("path", sorted({e.path for e in ENDPOINTS.values()}))
def test_every_endpoint_of_a_vendor(path: str) -> None:
    assert f"`{path}`" in TEXT


@pytest.mark.parametrize("op", get_args(Op))
def test_every_kind_of_call(op: str) -> None:
    assert f"`{op}`" in TEXT


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_loss_and_refusal(source: Path) -> None:
    text = source.read_text("utf-8")
    names = re.findall(r'code="(\w+)"', text)
    names += re.findall(r'Loss\("\w+", .+?, "(\w+)", ', text)
    names += re.findall(r'^    "\w+": \("(\w+)", "', text, re.MULTILINE)
    assert names
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_figures() -> None:
    assert f"up to {PAGES} of them" in TEXT
    assert f"for {LASTS / 3600:.0f} hours" in TEXT
    assert "`x-fairlead-estimated: true`" in TEXT
