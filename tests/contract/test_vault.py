"""What every vault owes its callers, run over each implementation that ships."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.vault.memory import MemoryVault
from fairlead.vault.vault import Vault

MAKERS: list[Callable[[], Vault]] = [MemoryVault]


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def vault(request: pytest.FixtureRequest) -> Vault:
    return request.param()


def test_what_was_put_comes_back(vault: Vault) -> None:
    vault.put("key_1", "a", b"\x00parts")
    assert vault.get("key_1", "a") == b"\x00parts"
    assert vault.get("key_1", "a") == b"\x00parts"


def test_what_was_not_put_is_none(vault: Vault) -> None:
    assert vault.get("key_1", "a") is None


def test_the_last_put_counts(vault: Vault) -> None:
    vault.put("key_1", "a", b"1")
    vault.put("key_1", "a", b"2")
    assert vault.get("key_1", "a") == b"2"


def test_scopes_never_see_each_other(vault: Vault) -> None:
    vault.put("key_1", "a", b"1")
    vault.put("key_2", "a", b"2")
    assert vault.get("key_1", "a") == b"1"
    assert vault.get("key_2", "a") == b"2"
    assert vault.get("loopback", "a") is None
    vault.put("x", "yz", b"3")
    assert vault.get("xy", "z") is None


words = st.text(max_size=5)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, words, st.binary(max_size=20)), max_size=30))
def test_it_is_a_dictionary_by_scope_and_key(maker, puts) -> None:
    vault, plain = maker(), {}
    for scope, key, parts in puts:
        vault.put(scope, key, parts)
        plain[scope, key] = parts
    assert all(vault.get(*place) == parts for place, parts in plain.items())
