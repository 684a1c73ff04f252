from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.vault.memory import OVERHEAD, MemoryVault


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_longest_unused_makes_room() -> None:
    vault = MemoryVault(max_bytes=3 * (OVERHEAD + 12), clock=Clock())
    for key in "abc":
        vault.put("s", key, b"0123456789")
    assert vault.get("s", "a") == b"0123456789"
    vault.put("s", "d", b"0123456789")
    assert [vault.get("s", key) is not None for key in "abcd"] == [True, False, True, True]


def test_an_entry_over_the_bound_is_not_kept_and_drives_nobody_out() -> None:
    vault = MemoryVault(max_bytes=OVERHEAD + 20)
    vault.put("s", "a", b"small")
    vault.put("s", "b", b"x" * 1000)
    assert vault.get("s", "a") == b"small"
    assert vault.get("s", "b") is None
    vault.put("s", "a", b"x" * 1000)
    assert vault.get("s", "a") is None, "the old value must not stand for the new"
    assert (len(vault), vault.size) == (0, 0)


def test_entries_are_bounded_in_number() -> None:
    vault = MemoryVault(max_entries=2)
    for key in "abc":
        vault.put("s", key, b"")
    assert len(vault) == 2
    assert vault.get("s", "a") is None


def test_unused_entries_age_and_used_ones_stay() -> None:
    clock = Clock()
    vault = MemoryVault(max_age=10.0, clock=clock)
    vault.put("s", "used", b"1")
    vault.put("s", "idle", b"2")
    for clock.now in (6.0, 12.0, 18.0):
        assert vault.get("s", "used") == b"1"
    assert len(vault) == 1
    assert vault.get("s", "idle") is None
    clock.now = 28.0
    assert vault.get("s", "used") is None
    assert vault.size == 0


operation = st.tuples(
    st.sampled_from(["put", "get", "wait"]), st.sampled_from("abcdef"), st.integers(0, 400)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(operation, max_size=60))
def test_the_bounds_always_hold(operations) -> None:
    clock = Clock()
    vault = MemoryVault(max_bytes=1500, max_age=100.0, max_entries=4, clock=clock)
    for what, key, number in operations:
        if what == "put":
            vault.put("s", key, b"x" * number)
        elif what == "get":
            vault.get("s", key)
        else:
            clock.now += number / 4
        held = vault._held
        assert vault.size == sum(
            len(s) + len(k) + len(p) + OVERHEAD for (s, k), (p, _) in held.items()
        )
        assert vault.size <= 1500
        assert len(vault) <= 4
