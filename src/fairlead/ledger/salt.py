"""The salt of this installation's fingerprints: made once, kept in a file of its own.

It lies beside the ledger, so that all processes on it give one prompt one fingerprint; and not in
it, so that who gets a copy of the ledger cannot test which texts were sent.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ["SIZE", "install_salt", "salt_path"]

SIZE = 32
"""Bytes."""


def salt_path(ledger: Path) -> Path:
    """Where the salt of a ledger's file is."""
    return ledger.with_name(f"{ledger.stem}.salt")


def install_salt(ledger: Path) -> bytes:
    """The salt beside this ledger, made if there is none; of several processes that make one at
    the same time, one does. Readable by its owner only.

    Raises:
        OSError: the folder cannot be read or written.
        ValueError: the file holds something else.
    """
    path = salt_path(ledger)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(SIZE))
                file.flush()
                os.fsync(file.fileno())
            # Linked and not renamed: whoever comes second keeps what is there, and nobody ever
            # reads half a salt.
            with suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            fresh.unlink()
    salt = path.read_bytes()
    if len(salt) != SIZE:
        raise ValueError(f"{path} holds {len(salt)} bytes and not the {SIZE} of a salt; remove it")
    return salt
