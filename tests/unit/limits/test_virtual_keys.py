import hashlib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fairlead.canon import Failure, Problem
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.limits.keys import KeyInfo, KeyStore, KeyStoreError
from fairlead.limits.statements import statements


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fairlead.db"


@pytest.fixture
def store(path: Path) -> KeyStore:
    return KeyStore(path, clock=lambda: 1.7e9)


def code(found: KeyInfo | Problem) -> str | None:
    assert isinstance(found, Problem)
    assert found.status == 401
    return found.code


def test_a_key_lets_its_holder_in(store: KeyStore) -> None:
    info, secret = store.create("  ci  ")
    assert info == KeyInfo(info.id, "ci", 1.7e9)
    assert info.id.startswith("key_")
    assert secret.startswith("fl-")
    assert len(secret) >= 3 + 43
    assert store.authenticate(f"Bearer {secret}") == info
    assert store.authenticate(f"bearer  {secret} ") == info


def test_the_secret_is_stored_nowhere(store: KeyStore, path: Path) -> None:
    _, secret = store.create("ci")
    stored = path.read_bytes()
    assert secret.encode() not in stored
    assert secret[3:].encode() not in stored
    assert hashlib.sha256(secret.encode()).digest() in stored
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "missing_api_key"),
        ("", "missing_api_key"),
        ("Bearer", "invalid_api_key"),
        ("Bearer  ", "invalid_api_key"),
        ("Basic Zm9v", "invalid_api_key"),
        ("fl-something", "invalid_api_key"),
        ("Bearer fl-something", "invalid_api_key"),
        ("Bearer \udcff\x00é", "invalid_api_key"),
        ("Bearer " + "x" * 100_000, "invalid_api_key"),
    ],
)
def test_anything_else_is_refused(store: KeyStore, header: str | None, expected: str) -> None:
    store.create("ci")
    assert code(store.authenticate(header)) == expected


def test_a_refusal_never_repeats_what_was_sent(store: KeyStore) -> None:
    found = store.authenticate("Bearer fl-topsecret")
    assert isinstance(found, Problem)
    assert "topsecret" not in f"{found.message} {found.hint}"


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_revoked_key_is_refused(store: KeyStore, by: str) -> None:
    info, secret = store.create("ci")
    other, kept = store.create("app")
    gone = store.revoke(getattr(info, by))
    assert gone == KeyInfo(info.id, "ci", 1.7e9, 1.7e9)
    refused = store.authenticate(f"Bearer {secret}")
    assert isinstance(refused, Problem)
    assert "revoked" in refused.message
    assert store.authenticate(f"Bearer {kept}") == other
    assert store.revoke(info.id) == gone
    assert store.list() == (gone, other)


def test_a_name_is_free_again_when_its_key_is_revoked(store: KeyStore) -> None:
    first, _ = store.create("ci")
    with pytest.raises(Failure) as caught:
        store.create("ci")
    assert caught.value.problem.kind == "conflict"
    store.revoke("ci")
    second, secret = store.create("ci")
    assert second.id != first.id
    assert store.revoke("ci").id == second.id
    assert isinstance(store.authenticate(f"Bearer {secret}"), Problem)


def test_nothing_to_revoke(store: KeyStore) -> None:
    with pytest.raises(Failure) as caught:
        store.revoke("nobody")
    assert caught.value.problem.kind == "not_found"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "\x1b[31m"])
def test_names_are_for_people(store: KeyStore, name: str) -> None:
    with pytest.raises(Failure) as caught:
        store.create(name)
    assert caught.value.problem.param == "name"
    assert store.list() == ()


def test_another_process_s_changes_arrive_with_refresh(path: Path) -> None:
    gateway, admin = KeyStore(path), KeyStore(path)
    assert not gateway.any_made()
    info, secret = admin.create("ci")
    assert code(gateway.authenticate(f"Bearer {secret}")) == "invalid_api_key"
    assert gateway.refresh()
    assert not gateway.refresh()
    assert gateway.authenticate(f"Bearer {secret}") == info
    admin.revoke("ci")
    assert gateway.refresh()
    assert code(gateway.authenticate(f"Bearer {secret}")) == "invalid_api_key"
    assert gateway.any_made(), "revoking the last key must not open the gateway"


def test_an_unreadable_file_leaves_the_snapshot_in_force(path: Path) -> None:
    store = KeyStore(path)
    info, secret = store.create("ci")
    path.write_bytes(b"not a database" * 100)
    assert not store.refresh()
    assert store.authenticate(f"Bearer {secret}") == info
    with pytest.raises(KeyStoreError):
        store.list()
    with pytest.raises(KeyStoreError):
        KeyStore(path)


@pytest.mark.parametrize("keys_first", [True, False])
def test_keys_and_ledger_share_a_file(path: Path, keys_first: bool) -> None:
    makers = [KeyStore, SqliteLedger] if keys_first else [SqliteLedger, KeyStore]
    made = {maker: maker(path) for maker in makers}
    store, ledger = made[KeyStore], made[SqliteLedger]
    info, secret = store.create("ci")
    ledger.add(
        Record(id="r", at=0, dialect="d", asked_model="m", outcome="ok", status=200, key_id=info.id)
    )
    assert ledger.flush()
    assert ledger.health().ok
    again = KeyStore(path)
    assert again.authenticate(f"Bearer {secret}") == info
    ledger.close()


def test_looking_at_the_keys_keeps_the_ledger_s_locks(path: Path) -> None:
    # A process that closes any descriptor of a database loses its locks on it; the next process to
    # close the file would then think itself the last and take the write-ahead log away.
    store, ledger = KeyStore(path), SqliteLedger(path)
    store.refresh()
    script = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT * FROM accepted'); d.close()"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert path.with_name(path.name + "-wal").exists()
    ledger.add(Record(id="r", at=0, dialect="d", asked_model="m", outcome="ok", status=200))
    ledger.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM records").fetchone() == (1,)
    db.close()


def test_keys_made_at_once_are_all_there(path: Path) -> None:
    stores = [KeyStore(path) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda s=s, n=n: [s.create(f"{n}-{i}") for i in range(5)])
        for n, s in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(KeyStore(path).list()) == 20


def test_the_schema_is_noted_once(path: Path) -> None:
    KeyStore(path)
    KeyStore(path)
    db = sqlite3.connect(path)
    noted = db.execute("SELECT room, version FROM migrations").fetchall()
    assert noted == [("limits", 1), ("limits", 2)]
    db.close()


def test_statements_have_unique_names_and_no_comments_left() -> None:
    names = statements().names()
    assert len(set(names)) == len(names) >= 6
    assert not any("--" in statements()[name] for name in names)
