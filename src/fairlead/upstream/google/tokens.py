"""Access tokens of Google's: fetched ahead of their end, held until it, put on each request.

    nothing --refresh--> held --refresh, five minutes before its end--> held --...
                         held --refresh fails--> held (until its end), tried again soon

A request only reads what is held: `sign` is a comparison and a new tuple. A refresh that fails
changes nothing before the held token ends, and its cause is told to whoever comes after that.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC
from importlib import import_module
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from fairlead.upstream.account import Account
from fairlead.upstream.google.credentials import Credentials, Source, find, load, usable
from fairlead.upstream.google.http import Caller, NotReached
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest

__all__ = ["GoogleSigner", "Held"]

log = logging.getLogger("fairlead.upstream")

AHEAD: Final = 300.0
"""Seconds before a token's end at which the next one is fetched."""
AGAIN: Final = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds until a refresh is tried again, by how many have failed in a row."""
SAME: Final = 30.0
"""A metadata server gives the same token out until about five minutes before its end: "since
metadata server token endpoint doesn't generate a new token until 30s before the expiration"
(googleapis/python-api-core, issue 223)."""
SKEW: Final = 60.0

# What Google says, and what the operator can do about it. The first that is found counts.
_HINTS: Final[tuple[tuple[str, str], ...]] = (
    (
        "short-lived token",
        "this machine's clock is wrong: tokens are signed with the time. Set it (NTP)",
    ),
    (
        "Invalid JWT Signature",
        "the key was deleted or disabled: make a new key for the service account",
    ),
    ("account not found", "the service account was deleted: use another one's key"),
    (
        "expired or revoked",
        "the login has ended or was revoked: run `gcloud auth application-default login` again",
    ),
    ("reauth", "the login wants a person again: run `gcloud auth application-default login`"),
    (
        "invalid_client",
        "the file's client was deleted: run `gcloud auth application-default login`",
    ),
    ("unauthorized_client", "the account may not ask for this scope"),
    ("audience", "the provider in the file does not fit: make the configuration file anew"),
    ("Permission 'iam", "the account lacks the role Service Account Token Creator"),
)


class Held(Struct, frozen=True):
    """A token with its headers, and until when (Unix seconds) it is good."""

    headers: tuple[tuple[str, str], ...]
    ends: float

    def __repr__(self) -> str:
        return f"Held(ends={self.ends})"


class GoogleSigner:
    """Puts a Bearer token on requests. `clock` gives Unix seconds."""

    def __init__(
        self, account: Account, source: Source | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """Look for the credentials, without asking anybody for a token.

        Raises:
            ValueError: google-auth is missing, or a file that was named is no good.
        """
        usable()
        self.source = find(account) if source is None else source
        errors: Any = import_module("google.auth.exceptions")
        self.caller = Caller(errors.TransportError, account=account)
        self._refused: type[Exception] = errors.GoogleAuthError
        self._account = account
        self._clock = clock
        self._credentials: Credentials | None = None
        self._held: Held | None = None
        self._failed = 0
        self._next = 0.0
        self._why = "the first access token has not come yet"
        self._lock = threading.Lock()
        self._doubted = -AGAIN[-1]
        self._fetching: asyncio.Task[None] | None = None

    def sign(self, request: HttpRequest) -> HttpRequest:
        """The request with the token.

        Raises:
            NotReady: there is none, or it has ended.
        """
        held = self._held
        if held is None or held.ends <= self._clock():
            raise NotReady(self._why)
        return replace(request, headers=(*request.headers, *held.headers))

    def due(self) -> float:
        """Seconds until the next refresh."""
        return max(0.0, self._next - self._clock())

    def doubt(self) -> None:
        """Fetch another token, once, unless that was just done."""
        now = self._clock()
        if now >= self._doubted + AGAIN[1]:
            self._doubted = now
            self._fetching = asyncio.get_running_loop().create_task(self._again())

    async def _again(self) -> None:
        with contextlib.suppress(NotReady):  # the log has it, and the keeper goes on trying
            await self.refresh()

    async def refresh(self) -> None:
        """Fetch a token, in a thread.

        Raises:
            NotReady: none was to be had; what is held stays.
        """
        await asyncio.to_thread(self._refresh)

    def _refresh(self) -> None:
        with self._lock:
            try:
                held = self._fetched()
            except (self._refused, NotReached, ValueError) as error:
                self._failed += 1
                self._next = self._clock() + AGAIN[min(self._failed, len(AGAIN)) - 1]
                self._why = self._told(error)
                where = self.source.path or "the metadata server"
                log.warning("no new access token from Google with %s: %s", where, self._why)
                raise NotReady(self._why) from None  # the cause may quote what was sent
            now, old = self._clock(), self._held
            self._failed, self._why = 0, "the access token has ended"
            self._held = held
            # The half of a short life, so that a token of a minute is not fetched without pause.
            ahead = min(AHEAD, max((held.ends - now) / 2, 0.0))
            self._next = held.ends - ahead
            if old is not None and old.headers == held.headers:
                self._next = max(self._next, min(now + SAME, held.ends))

    def _fetched(self) -> Held:
        if self._credentials is None:
            self._credentials = load(self.source, self.caller, self._account.env)
        credentials = self._credentials
        credentials.refresh(self.caller)
        if not credentials.token:
            raise ValueError("the token endpoint answered without a token")
        expiry = credentials.expiry
        ends = self._clock() + 3600.0 if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
        headers: tuple[tuple[str, str], ...] = (("authorization", f"Bearer {credentials.token}"),)
        # "The quota project ... for user credentials" (google-auth, `apply`).
        quota = self.source.content.get("quota_project_id")
        if isinstance(quota, str) and quota:
            headers = (*headers, ("x-goog-user-project", quota))
        return Held(headers, ends)

    def _told(self, error: Exception) -> str:
        """The cause in a line, with what can be done; nothing of what was sent."""
        said = _reason(error)
        for mark, hint in _HINTS:
            if mark in said:
                said = f"{said} ({hint})"
                break
        skew = self.caller.skew
        if skew is not None and abs(skew) > SKEW:
            side = "ahead of" if skew > 0 else "behind"
            said += f"; this machine's clock is {abs(skew):.0f} s {side} Google's"
        return said


def _reason(error: Exception) -> str:
    """Google's `error: description`, or the exception's own words; bounded, on one line."""
    answer = error.args[1] if len(error.args) > 1 else None
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        parts = (answer["error"], answer.get("error_description"))
        text = ": ".join(part for part in parts if isinstance(part, str))
    else:
        text = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(text.split())[:300]
