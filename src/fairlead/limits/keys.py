"""Virtual keys: who may use this gateway, and under which name it is accounted.

A key's secret is `fl-` and 43 characters, 256 random bits. It is shown once; the database holds its
SHA-256. A slow hash (bcrypt, argon2) protects secrets that people choose, by making each guess
dear; 256 random bits cannot be guessed at any speed, and a slow hash would cost each request some
100 ms. The look-up is by the digest: its timing can tell about digests only, and from those nobody
gets a secret. The key's id (`key_...`) is public and stands in the ledger.

The request path reads an in-memory snapshot (`authenticate`); `refresh`, called once a second off
that path, swaps in a new one when the file has changed, so that revoking needs no restart.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, FairleadError, Problem
from fairlead.database.migrations import migrate
from fairlead.database.opening import make_private
from fairlead.database.transaction import transaction
from fairlead.limits.budget import Budget, Period
from fairlead.limits.statements import statements

__all__ = ["KeyInfo", "KeyStore", "KeyStoreError"]

PREFIX = "fl-"
_NAME_MAX = 100
_HINT = "send a virtual key of this gateway as `Authorization: Bearer fl-...`"
_MISSING = Problem("authentication", "No API key was sent.", code="missing_api_key", hint=_HINT)
_SCHEME = Problem(
    "authentication",
    "The Authorization header is not of the form `Bearer <key>`.",
    code="invalid_api_key",
    hint=_HINT,
)
_UNKNOWN = Problem(
    "authentication", "The API key is not known here.", code="invalid_api_key", hint=_HINT
)
_REVOKED = Problem(
    "authentication",
    "The API key was revoked.",
    code="invalid_api_key",
    hint="ask the gateway's operator for a new one",
)


class KeyStoreError(FairleadError):
    """The file of the virtual keys cannot be opened or used."""


class KeyInfo(Struct, frozen=True):
    """What may be shown of a key. `created`, `revoked`: Unix seconds; None: it is good. `team` is
    empty where it has none, `budget` None where it has no budget.
    """

    id: str
    name: str
    created: float
    revoked: float | None = None
    team: str = ""
    budget: Budget | None = None


class KeyStore:
    """The virtual keys in the SQLite file `path` (the ledger's file will do).

    No connection is held between calls, so any thread may call anything. KeyStoreError when the
    file cannot be used.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._revision: tuple[int, int] | None = None
        self._by_hash: dict[bytes, tuple[bytes, KeyInfo]] = {}
        self._by_id: dict[str, KeyInfo] = {}
        with self._open() as db:
            migrate(db, "limits", statements(), clock(), newer_is_well=True)
        self.refresh()

    def create(
        self, name: str, *, team: str = "", budget: Budget | None = None
    ) -> tuple[KeyInfo, str]:
        """Make a key: what may be shown of it, and its secret, which nobody can show again.

        Failure (`invalid_request`, `conflict`) when the name is empty, too long or in use, or the
        team's is too long.
        """
        name, team = name.strip(), team.strip()
        if not name or len(name) > _NAME_MAX or not name.isprintable():
            raise Failure.invalid(f"a key's name has 1 to {_NAME_MAX} printable characters", "name")
        if len(team) > _NAME_MAX or (team and not team.isprintable()):
            raise Failure.invalid(f"a team has at most {_NAME_MAX} printable characters", "team")
        secret = PREFIX + secrets.token_urlsafe(32)
        key_id = f"key_{secrets.token_hex(8)}"
        info = KeyInfo(key_id, name, self._clock(), team=team, budget=budget)
        with self._changing() as db:
            if any(key.name == name and key.revoked is None for key in _keys(db)):
                raise Failure(
                    Problem(
                        "conflict",
                        f"there is a key named {name!r} already",
                        "name",
                        hint="revoke it first, or choose another name",
                    )
                )
            usd, period = (None, None) if budget is None else (f"{budget.usd:f}", budget.period)
            row = (info.id, name, _digest(secret), info.created, team, usd, period)
            db.execute(statements()["insert_key"], row)
        self.refresh()
        return info, secret

    def list(self) -> tuple[KeyInfo, ...]:
        """All keys ever made, oldest first, revoked ones too."""
        with self._open() as db:
            return tuple(_keys(db))

    def revoke(self, id_or_name: str) -> KeyInfo:
        """Refuse a key from now on. Revoking it again changes nothing.

        Failure (`not_found`) when there is none of that id or name.
        """
        with self._changing() as db:
            found = [key for key in _keys(db) if id_or_name in {key.id, key.name}]
            if not found:
                raise Failure(
                    Problem(
                        "not_found",
                        f"there is no key with the id or name {id_or_name!r}",
                        hint="`fairlead keys list` shows them",
                    )
                )
            # Of keys that bore one name one after the other, the good one is meant.
            info = next((key for key in found if key.revoked is None), found[-1])
            if info.revoked is None:
                info = replace(info, revoked=self._clock())
                db.execute(statements()["revoke_key"], (info.id, info.revoked))
        self.refresh()
        return info

    def any_made(self) -> bool:
        """Whether a key was ever made. True even if all are revoked: revoking opens no door."""
        return bool(self._by_hash)

    def revoked(self) -> frozenset[str]:
        """Ids of the keys that are good no longer. Memory only."""
        infos = [info for _, info in self._by_hash.values()]
        return frozenset(info.id for info in infos if info.revoked is not None)

    def refresh(self) -> bool:
        """Look whether keys were made or revoked, by whichever process; whether that was so.

        Some 350 us: call it once a second, off the request path. The old snapshot stays in force
        when the file cannot be read.
        """
        try:
            with self._open() as db:
                revision = db.execute(statements()["revision"]).fetchone()
                if revision == self._revision:
                    return False
                rows = db.execute(statements()["all_keys"]).fetchall()
        except KeyStoreError:
            if self._revision is None:
                raise
            return False
        self._by_hash = {digest: (digest, _info(*facts)) for *facts, digest in rows}
        self._by_id = {info.id: info for _, info in self._by_hash.values()}
        self._revision = revision
        return True

    def authenticate(self, authorization: str | None) -> KeyInfo | Problem:
        """Whose key an Authorization header holds, or what is wrong with it. Memory only."""
        if not authorization:
            return _MISSING
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not (secret := secret.strip()):
            return _SCHEME
        digest = _digest(secret)
        held = self._by_hash.get(digest)
        if held is None or not hmac.compare_digest(held[0], digest):
            return _UNKNOWN
        return held[1] if held[1].revoked is None else _REVOKED

    def good(self, key_id: str) -> bool:
        """Whether a key is there and not revoked. Memory only."""
        info = self._by_id.get(key_id)
        return info is not None and info.revoked is None

    def info(self, key_id: str) -> KeyInfo | None:
        """What may be shown of a key by its id; None where there is none. Memory only."""
        return self._by_id.get(key_id)

    def budgets(self) -> dict[str, Budget]:
        """The budgets of the good keys that have one, by the key's id. Memory only."""
        good = [info for info in self._by_id.values() if info.revoked is None]
        return {info.id: info.budget for info in good if info.budget is not None}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            make_private(self._path)
            db = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
            try:
                yield db
            finally:
                db.close()
        except (sqlite3.Error, OSError) as error:
            raise KeyStoreError(f"the virtual keys in {self._path}: {error}") from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed unless an error ends it."""
        with self._open() as db, transaction(db):
            yield db


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _keys(db: sqlite3.Connection) -> Iterator[KeyInfo]:
    for *facts, _ in db.execute(statements()["all_keys"]).fetchall():
        yield _info(*facts)


def _info(
    id_: str,
    name: str,
    created: float,
    revoked: float | None,
    team: str,
    usd: str | None,
    period: Period | None,
) -> KeyInfo:
    budget = None if usd is None or period is None else Budget(Decimal(usd), period)
    return KeyInfo(id_, name, created, revoked, team, budget)
