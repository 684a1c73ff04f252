"""The salt is made once, for all processes, and for nobody else's eyes."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.ledger.salt import SIZE, install_salt, salt_path


def test_it_is_made_once(tmp_path):
    ledger = tmp_path / "new" / "fairlead.db"
    salt = install_salt(ledger)
    assert len(salt) == SIZE
    assert install_salt(ledger) == salt
    assert salt_path(ledger) == ledger.parent / "fairlead.salt"
    assert stat.S_IMODE(salt_path(ledger).stat().st_mode) == 0o600
    assert [file.name for file in ledger.parent.iterdir()] == ["fairlead.salt"]


def test_installations_differ(tmp_path):
    assert install_salt(tmp_path / "a.db") != install_salt(tmp_path / "b.db")


def test_of_many_that_make_it_at_once_one_does(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: install_salt(tmp_path / "fairlead.db"), range(64)))
    assert len(made) == 1


def test_what_is_no_salt_is_told_with_its_place(tmp_path):
    salt_path(tmp_path / "fairlead.db").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"fairlead\.salt holds 5 bytes"):
        install_salt(tmp_path / "fairlead.db")
