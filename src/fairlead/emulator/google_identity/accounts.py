"""Service accounts: a key pair of the emulator's own, and the JSON file that holds it.

Signatures are verified here, with nothing but arithmetic (RFC 8017, section 8.2.2): `s ** e mod n`
must be the padded digest. Only to make a key pair the package `cryptography` is needed, which
google-auth brings along for every client that signs.
"""

import errno
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

try:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )
except ImportError:  # the extra `vertex` is not installed
    CRYPTOGRAPHY = False
else:
    CRYPTOGRAPHY = True

__all__ = ["Account", "NoCryptography", "kept_account", "make_account"]

NAME = "emulated"
"""How the addresses of the emulator's accounts begin."""

# RFC 8017, section 9.2, note 1: the DER prefix of a SHA-256 digest.
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
BITS = 2048
EXPONENT = 65_537


class NoCryptography(RuntimeError):
    """The package `cryptography` is missing, so no key can be made."""


class Account(Struct, frozen=True):
    """A service account as the emulator knows it: only the public half of its key."""

    email: str
    key_id: str
    project: str
    modulus: int
    exponent: int = EXPONENT

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this account's RS256 signature of `message`."""
        size = (self.modulus.bit_length() + 7) // 8
        if len(signature) != size:
            return False
        padded = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
        tail = _SHA256 + hashlib.sha256(message).digest()
        wanted = b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail
        return padded.to_bytes(size, "big") == wanted


def make_account(base: str, project: str) -> tuple[Account, dict[str, Any]]:
    """A new account, and its file as Google's console would give it; `base` is the emulator's
    address, where its token endpoint is.

    Raises:
        NoCryptography: keys can't be made here.
    """
    if not CRYPTOGRAPHY:
        raise NoCryptography(
            "making a service account needs the package `cryptography`:"
            " pip install 'fairlead[vertex]'"
        )
    key = rsa.generate_private_key(EXPONENT, BITS)
    numbers = key.public_key().public_numbers()
    key_id = hashlib.sha256(numbers.n.to_bytes(BITS // 8, "big")).hexdigest()[:40]
    email = f"{NAME}@{project}.iam.gserviceaccount.com"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    file = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": key_id,
        "private_key": pem,
        "client_email": email,
        "client_id": str(int(key_id[:16], 16)),
        "token_uri": f"{base}/token",
        "universe_domain": "googleapis.com",
    }
    return Account(email, key_id, project, numbers.n, numbers.e), file


def kept_account(path: Path, base: str, project: str) -> Account:
    """The account of a file that an emulator wrote earlier, or a new one, written there. The file
    then names the emulator's address of today.

    Raises:
        NoCryptography: keys can't be made here.
        OSError: the file cannot be read or written, or is not the emulator's own.
    """
    account, file = make_account(base, project)
    if path.exists():
        old = _read(path)
        known = _account_of(old)
        if known is None:
            told = "is there and is none of the emulator's service accounts: it stays as it is"
            raise FileExistsError(errno.EEXIST, told, str(path))
        account, file = known, {**old, "token_uri": file["token_uri"]}
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
    return account


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _account_of(file: dict[str, Any]) -> Account | None:
    if not str(file.get("client_email", "")).startswith(f"{NAME}@"):
        return None
    try:
        key = load_pem_private_key(file["private_key"].encode("ascii"), None)
        said = (file["client_email"], file["private_key_id"], file["project_id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    if not isinstance(key, rsa.RSAPrivateKey):
        return None
    numbers = key.public_key().public_numbers()
    return Account(*said, numbers.n, numbers.e)
