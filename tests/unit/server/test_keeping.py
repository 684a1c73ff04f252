"""The stores of conversations, made as the settings say."""

from pathlib import Path

import msgspec
import pytest

from fairlead.server.keeping import Keeping, vault_path
from fairlead.server.settings import Settings
from fairlead.vault.memory import MemoryVault
from fairlead.vault.responses import Stored
from fairlead.vault.sqlite import SqliteVault


def settings(folder: Path, **vault: object) -> Settings:
    raw = {"ledger": {"path": str(folder / "ledger.db")}, "vault": vault}
    return msgspec.convert(raw, Settings)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_file_lies_beside_the_ledgers(tmp_path: Path) -> None:
    assert vault_path(settings(tmp_path)) == tmp_path / "vault.db"
    assert vault_path(settings(tmp_path, path="/else/where.db")) == Path("/else/where.db")


async def test_in_a_file(tmp_path: Path) -> None:
    keeping = Keeping(settings(tmp_path, max_bytes=1000))
    assert isinstance(keeping.vault, SqliteVault)
    await keeping.close()
    assert names(tmp_path) == ["vault.db"]


async def test_in_memory_nothing_is_written(tmp_path: Path) -> None:
    keeping = Keeping(settings(tmp_path, store="memory", responses_max_bytes=0))
    assert isinstance(keeping.vault, MemoryVault)
    await keeping.responses.put("k", "resp_1", Stored(body=b"{}", items=b"[]", created=1e12))
    assert await keeping.responses.get("k", "resp_1") is None, "0 bytes: none is stored"
    await keeping.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_a_revoked_key_is_forgotten_by_all(tmp_path: Path, store: str) -> None:
    keeping = Keeping(settings(tmp_path, store=store))
    for key in ("key_1", "key_2"):
        keeping.vault.put(key, "call:a", b"parts")
        await keeping.responses.put(key, "r", Stored(body=b"{}", items=b"[]", created=1e12))
        await keeping.ownership.put(key, "openai", "files", f"file-{key}")
    await keeping.forget({"key_1"})
    await keeping.forget({"key_1"})
    for key, there in (("key_1", False), ("key_2", True)):
        assert (keeping.vault.get(key, "call:a") is not None) == there
        assert (await keeping.responses.get(key, "r") is not None) == there
        assert await keeping.ownership.owns(key, "openai", "files", f"file-{key}") == there
    await keeping.close()
