"""The snippets of docs/clients.md, run as they stand."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOC = (Path(__file__).parents[2] / "docs" / "clients.md").read_text()
SNIPPETS = dict(re.findall(r"^## ([^\n]+)\n+```python\n(.*?)```", DOC, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("title", SNIPPETS)
def test_the_snippet_runs(gateway, title) -> None:
    code = SNIPPETS[title].replace("http://127.0.0.1:8080", gateway.url)
    assert gateway.url in code
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, f"docs/clients.md: {title}", "exec"), {})
    assert "emulated" in said.getvalue()


def test_there_is_one_for_each_sdk() -> None:
    assert len(SNIPPETS) == 3
