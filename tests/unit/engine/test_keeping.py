"""Where an object is kept: by the configuration's order, by its id, by what the client says."""

import pytest

from fairlead.canon import Failure
from fairlead.engine.keeping import keeper, keeper_of
from fairlead.upstream.account import Account
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream

KEY = Secret("k-1")
GEMINI, VERTEX, OPENAI, CLAUDE = (
    Upstream.build(name, KINDS[name], KEY, f"http://{name}.test", account=Account(KEY))
    for name in ("gemini", "vertex", "openai", "vertex-claude")
)
BOTH = (GEMINI, VERTEX)


@pytest.mark.parametrize(
    ("upstreams", "kind", "id_", "cloud", "found"),
    [
        (BOTH, "cachedContents", None, False, GEMINI),
        (BOTH[::-1], "cachedContents", None, False, VERTEX),
        (BOTH, "cachedContents", None, True, VERTEX),
        ((GEMINI,), "cachedContents", None, True, GEMINI),
        ((VERTEX,), "cachedContents", None, False, VERTEX),
        (BOTH, "cachedContents", "cachedContents/123", False, VERTEX),
        (BOTH[::-1], "cachedContents", "cachedContents/12c", False, GEMINI),
        (BOTH, "cachedContents", "cachedContents/12c", True, GEMINI),
        ((GEMINI,), "cachedContents", "cachedContents/123", False, GEMINI),
        ((VERTEX,), "cachedContents", "cachedContents/12c", False, VERTEX),
        (BOTH[::-1], "files", "files/123", False, GEMINI),
        (BOTH[::-1], "batches", None, True, GEMINI),
        ((VERTEX,), "files", None, False, None),
        ((OPENAI, CLAUDE), "cachedContents", None, False, None),
    ],
)
def test_it_is_kept(upstreams, kind, id_, cloud, found) -> None:
    assert keeper(upstreams, "gemini", kind, id_, cloud=cloud) is found


@pytest.mark.parametrize(
    ("upstreams", "dialect", "kind", "hint"),
    [
        ((VERTEX, CLAUDE), "gemini", "batches", "BigQuery"),
        ((VERTEX,), "gemini", "files", "gs://"),
        ((CLAUDE,), "anthropic", "batches", "set that vendor's API key"),
        ((), "gemini", "cachedContents", "set that vendor's API key"),
    ],
)
def test_nowhere_is_told_with_what_to_do(upstreams, dialect, kind, hint) -> None:
    with pytest.raises(Failure) as refused:
        keeper_of(upstreams, dialect, kind)
    assert refused.value.problem.kind == "not_found"
    assert kind in refused.value.problem.message
    assert hint in (refused.value.problem.hint or "")
