"""What every store of owners owes its callers, run over each implementation that ships."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.vault.ownership import MemoryOwnership, Ownership, SqliteOwnership, not_yours


@pytest.fixture(params=["memory", "sqlite"])
def owners(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ownership]:
    made: Ownership = (
        MemoryOwnership() if request.param == "memory" else SqliteOwnership(tmp_path / "vault.db")
    )
    yield made
    made.close()


async def test_what_nobody_noted_is_nobodys(owners: Ownership) -> None:
    assert not await owners.owns("key_1", "anthropic", "files", "file_1")
    assert await owners.ids("key_1", "anthropic", "files") == []
    assert not await owners.delete("key_1", "anthropic", "files", "file_1")


async def test_one_key_never_sees_anothers(owners: Ownership) -> None:
    await owners.put("key_1", "anthropic", "files", "file_1")
    await owners.put("key_2", "anthropic", "files", "file_2")
    assert await owners.owns("key_1", "anthropic", "files", "file_1")
    assert not await owners.owns("key_2", "anthropic", "files", "file_1")
    assert await owners.ids("key_1", "anthropic", "files") == ["file_1"]
    assert not await owners.delete("key_2", "anthropic", "files", "file_1")
    assert await owners.owns("key_1", "anthropic", "files", "file_1")
    assert await owners.delete("key_1", "anthropic", "files", "file_1")
    assert not await owners.owns("key_1", "anthropic", "files", "file_1")


async def test_anothers_is_told_from_nobodys(owners: Ownership) -> None:
    await owners.put("key_1", "anthropic", "files", "file_1")
    assert await owners.others("key_2", "anthropic", "files", "file_1")
    assert not await owners.others("key_1", "anthropic", "files", "file_1")
    assert not await owners.others("key_2", "anthropic", "files", "file_2")
    assert not await owners.others("key_2", "openai", "files", "file_1")
    await owners.delete("key_1", "anthropic", "files", "file_1")
    assert not await owners.others("key_2", "anthropic", "files", "file_1")


async def test_upstreams_and_kinds_are_apart(owners: Ownership) -> None:
    await owners.put("k", "gemini", "files", "files/a")
    assert not await owners.owns("k", "gemini", "cachedContents", "files/a")
    assert not await owners.owns("k", "other", "files", "files/a")
    await owners.put("k", "gemini", "cachedContents", "files/a")
    assert await owners.delete("k", "gemini", "files", "files/a")
    assert await owners.owns("k", "gemini", "cachedContents", "files/a")


async def test_who_made_it_last_owns_it(owners: Ownership) -> None:
    await owners.put("key_1", "gemini", "files", "files/a")
    await owners.put("key_2", "gemini", "files", "files/a")
    assert not await owners.owns("key_1", "gemini", "files", "files/a")
    assert await owners.ids("key_2", "gemini", "files") == ["files/a"]


async def test_lists_are_in_the_order_of_making(owners: Ownership) -> None:
    for name in ("c", "a", "b"):
        await owners.put("k", "openai", "batches", name)
    assert await owners.ids("k", "openai", "batches") == ["c", "a", "b"]


async def test_a_revoked_key_owns_nothing_any_more(owners: Ownership) -> None:
    await owners.put("key_1", "openai", "files", "file-1")
    await owners.put("key_2", "openai", "files", "file-2")
    await owners.forget("key_1")
    await owners.put("key_1", "openai", "files", "file-3")
    assert await owners.ids("key_1", "openai", "files") == []
    assert not await owners.owns("key_1", "openai", "files", "file-1")
    assert await owners.owns("key_2", "openai", "files", "file-2")


async def test_a_note_is_made_once(owners: Ownership) -> None:
    assert await owners.once("key_1", "openai", "booked", "batch_1")
    assert not await owners.once("key_1", "openai", "booked", "batch_1")
    assert not await owners.once("key_2", "openai", "booked", "batch_1")
    assert await owners.once("key_1", "openai", "booked", "batch_2")
    assert await owners.owns("key_1", "openai", "booked", "batch_1")
    assert not await owners.owns("key_2", "openai", "booked", "batch_1")


async def test_two_processes_note_it_once(tmp_path: Path) -> None:
    one, two = (SqliteOwnership(tmp_path / "vault.db") for _ in range(2))
    assert await one.once("k", "openai", "booked", "batch_1")
    assert not await two.once("k", "openai", "booked", "batch_1")
    one.close()
    two.close()


async def test_without_a_file_a_note_is_made_once_in_memory(tmp_path: Path) -> None:
    (tmp_path / "vault.db").write_bytes(b"no database at all" * 100)
    owners = SqliteOwnership(tmp_path / "vault.db")
    assert await owners.once("k", "openai", "booked", "batch_1")
    assert not await owners.once("k", "openai", "booked", "batch_1")
    owners.close()


async def test_owners_survive_reopening(tmp_path: Path) -> None:
    one = SqliteOwnership(tmp_path / "vault.db")
    await one.put("k", "openai", "files", "file-1")
    one.close()
    two = SqliteOwnership(tmp_path / "vault.db")
    assert await two.owns("k", "openai", "files", "file-1")
    two.close()


async def test_without_a_file_ownership_is_noted_in_memory(tmp_path: Path, caplog) -> None:
    (tmp_path / "vault.db").write_bytes(b"no database at all" * 100)
    owners = SqliteOwnership(tmp_path / "vault.db")
    await owners.put("k", "openai", "files", "file-1")
    assert await owners.owns("k", "openai", "files", "file-1")
    owners.close()
    assert "cannot be used" in caplog.text


def test_the_refusal_is_a_404_that_tells_nothing() -> None:
    problem = not_yours("files", "file_1")
    assert problem.status == 404
    assert "file_1" in problem.message
