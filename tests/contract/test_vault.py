"""What every vault owes its callers, run over each implementation that ships."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.vault.memory import OVERHEAD, MemoryVault
from fairlead.vault.sqlite import SqliteVault
from fairlead.vault.vault import Vault


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


Make = Callable[..., Vault]


def settled(vault: Vault) -> None:
    """Wait until bounds that are kept by another thread hold."""
    if isinstance(vault, SqliteVault):
        assert vault.flush()


def in_memory(_: Path, max_bytes=1 << 20, max_age=3600.0, max_entries=100, clock=None) -> Vault:
    return MemoryVault(max_bytes, max_age, max_entries, clock or Clock())


def in_sqlite(
    folder: Path, max_bytes=1 << 20, max_age=3600.0, max_entries=100, clock=None
) -> Vault:
    # Nothing of it in memory: each get is answered by what waits, or by the file.
    return SqliteVault(
        folder / "vault.db",
        max_bytes=0,
        max_age=max_age,
        max_disk_bytes=max_bytes,
        max_entries=max_entries,
        renew_after=0.0,
        clock=clock or Clock(),
    )


def in_sqlite_behind_memory(
    folder: Path, max_bytes=1 << 20, max_age=3600.0, max_entries=100, clock=None
) -> Vault:
    return SqliteVault(
        folder / "vault.db",
        max_bytes=max_bytes,
        max_age=max_age,
        max_disk_bytes=max_bytes,
        max_entries=max_entries,
        renew_after=0.0,
        clock=clock or Clock(),
    )


MAKERS = [in_memory, in_sqlite, in_sqlite_behind_memory]


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[Vault] = []
    numbers = itertools.count()

    def _make(**bounds: object) -> Vault:
        folder = tmp_path / str(next(numbers))
        made.append(request.param(folder, **bounds))
        return made[-1]

    yield _make
    for vault in made:
        vault.close()


@pytest.fixture
def vault(make: Make) -> Vault:
    return make()


def test_what_was_put_comes_back(vault: Vault) -> None:
    vault.put("key_1", "a", b"\x00parts")
    assert vault.get("key_1", "a") == b"\x00parts"
    settled(vault)
    assert vault.get("key_1", "a") == b"\x00parts"


def test_what_was_not_put_is_none(vault: Vault) -> None:
    assert vault.get("key_1", "a") is None


def test_the_last_put_counts(vault: Vault) -> None:
    vault.put("key_1", "a", b"1")
    vault.put("key_1", "a", b"2")
    assert vault.get("key_1", "a") == b"2"
    settled(vault)
    assert vault.get("key_1", "a") == b"2"
    vault.put("key_1", "a", b"3")
    settled(vault)
    assert vault.get("key_1", "a") == b"3"


def test_scopes_never_see_each_other(vault: Vault) -> None:
    vault.put("key_1", "a", b"1")
    vault.put("key_2", "a", b"2")
    vault.put("x", "yz", b"3")
    for _ in range(2):
        assert vault.get("key_1", "a") == b"1"
        assert vault.get("key_2", "a") == b"2"
        assert vault.get("loopback", "a") is None
        assert vault.get("xy", "z") is None
        settled(vault)


def test_a_scope_that_is_forgotten_is_gone_for_good(vault: Vault) -> None:
    vault.put("key_1", "old", b"1")
    vault.put("key_2", "old", b"2")
    settled(vault)
    vault.put("key_1", "new", b"3")
    vault.forget("key_1")
    vault.put("key_1", "late", b"4")  # an answer that was on its way when the key was revoked
    for _ in range(2):
        assert [vault.get("key_1", key) for key in ("old", "new", "late")] == [None] * 3
        assert vault.get("key_2", "old") == b"2"
        settled(vault)


def test_unused_entries_age_and_used_ones_stay(make: Make) -> None:
    clock = Clock()
    vault = make(max_age=10.0, clock=clock)
    start = clock.now
    vault.put("s", "used", b"1")
    vault.put("s", "idle", b"2")
    for seconds in (6.0, 12.0, 18.0):
        clock.now = start + seconds
        settled(vault)
        assert vault.get("s", "used") == b"1"
    assert vault.get("s", "idle") is None
    settled(vault)
    clock.now = start + 28.0
    assert vault.get("s", "used") is None


def test_the_longest_unused_makes_room(make: Make) -> None:
    clock = Clock()
    size = OVERHEAD + 1 + 1 + 10
    vault = make(max_bytes=3 * size, clock=clock)
    for key in "abc":
        clock.now += 1
        vault.put("s", key, b"0123456789")
    settled(vault)
    clock.now += 1
    assert vault.get("s", "a") == b"0123456789"
    clock.now += 1
    vault.put("s", "d", b"0123456789")
    settled(vault)
    held = [vault.get("s", key) is not None for key in "abcd"]
    if isinstance(vault, MemoryVault):
        assert held == [True, False, True, True]
    else:
        assert held[0]
        assert held[3]
        assert vault._reader.get(("s", "b"), 0.0) is None, "the file keeps the same order"


def test_entries_are_bounded_in_number(make: Make) -> None:
    clock = Clock()
    vault = make(max_entries=2, clock=clock)
    for key in "abc":
        clock.now += 1
        vault.put("s", key, b"")
    settled(vault)
    assert [vault.get("s", key) for key in "abc"] == [None, b"", b""]


def test_an_entry_over_the_bound_is_not_kept_and_drives_nobody_out(make: Make) -> None:
    vault = make(max_bytes=OVERHEAD + 20)
    vault.put("s", "a", b"small")
    vault.put("s", "b", b"x" * 1000)
    settled(vault)
    assert vault.get("s", "a") == b"small"
    assert vault.get("s", "b") is None
    vault.put("s", "a", b"x" * 1000)
    settled(vault)
    assert vault.get("s", "a") is None, "the old value must not stand for the new"


def test_names_may_be_any_text(vault: Vault) -> None:
    for key in ("", "\ud800", "a\0b", "键", "x" * 5000):
        vault.put("s", key, b"1")
        assert vault.get("s", key) == b"1" or key == "\ud800"
        settled(vault)


words = st.text(max_size=5)
commands = st.lists(
    st.tuples(st.sampled_from(["put", "get", "settle"]), words, words, st.binary(max_size=20)),
    max_size=30,
)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
@settings(max_examples=40)
@given(commands)
def test_it_is_a_dictionary_by_scope_and_key(maker, tmp_path_factory, commands) -> None:
    vault, plain = maker(tmp_path_factory.mktemp("vault")), {}
    try:
        for what, scope, key, parts in commands:
            if what == "put":
                vault.put(scope, key, parts)
                plain[scope, key] = parts
            elif what == "settle":
                settled(vault)
            assert vault.get(scope, key) == plain.get((scope, key))
        assert all(vault.get(*place) == parts for place, parts in plain.items())
    finally:
        vault.close()
