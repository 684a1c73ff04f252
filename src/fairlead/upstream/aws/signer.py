"""Signs requests for one service of AWS's with credentials of botocore's chain.

    nothing --refresh--> held --refresh, every minute--> held --...
                         held --refresh fails--> held (AWS says when it has run out), soon again

The chain is botocore's own, whole: environment, assume-role and profiles in the shared files, SSO
(IAM Identity Center), web identity, processes, the container's address, the machine's metadata
service. Whether newer credentials are needed is its decision too ("advisory" 15 minutes and
"mandatory" 10 minutes before their end): once a minute it is asked, in a thread, and what it gives
is held. Credentials without an end are asked for once. A request only reads what is held.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from importlib import import_module
from math import inf
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from fairlead.upstream.account import Account
from fairlead.upstream.aws.mends import told
from fairlead.upstream.aws.region import region_of
from fairlead.upstream.aws.session import go_own_way, session_of
from fairlead.upstream.aws.sigv4 import sign
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest

__all__ = ["AwsSigner", "Held"]

log = logging.getLogger("fairlead.upstream")

EVERY: Final = 60.0
AGAIN: Final = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds until a refresh is tried again, by how many have failed in a row."""
NONE_FOUND: Final = (
    "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a `profile`,"
    " or AWS_BEARER_TOKEN_BEDROCK; on AWS, give the machine or task a role"
)
_LET_THROUGH: Final = (
    RuntimeError,
    ValueError,
    LookupError,
    OSError,
    AttributeError,
    TypeError,
)


class Held(Struct, frozen=True):
    """Credentials. The access key's id is no secret; it stands in every request."""

    access_key: str
    secret_key: Secret
    token: Secret

    def __repr__(self) -> str:
        return f"Held({self.access_key[:4]}…)"


class AwsSigner:
    """Signs for `service`. `clock` gives Unix seconds."""

    def __init__(
        self, account: Account, service: str, clock: Callable[[], float] = time.time
    ) -> None:
        """Find region and profile, without asking anybody for credentials.

        Raises:
            ValueError: botocore or the region is missing, or there is no such profile.
        """
        self.region = region_of(account)
        self._session: Any = session_of(account.profile)
        if account.own_way:
            go_own_way(self._session, account.proxy)
        errors: Any = import_module("botocore.exceptions")
        self._refused: tuple[type[Exception], ...] = (errors.BotoCoreError, errors.ClientError)
        if account.profile and account.profile not in self._session.available_profiles:
            raise ValueError(f"there is no profile {account.profile!r} in AWS's shared files")
        self._service = service
        self._clock = clock
        self._credentials: Any = None
        self._held: Held | None = None
        self._failed = 0
        self._next = 0.0
        self._why = "the first credentials have not come yet"
        self._second = -1
        self._stamp = ""

    def sign(self, request: HttpRequest) -> HttpRequest:
        """The request with a signature of this second.

        Raises:
            NotReady: there are no credentials.
        """
        held = self._held
        if held is None:
            raise NotReady(self._why)
        headers = sign(
            request.method,
            request.url,
            request.headers,
            request.body,
            access_key=held.access_key,
            secret_key=held.secret_key,
            token=held.token.reveal(),
            region=self.region,
            service=self._service,
            at=self._now(),
        )
        return replace(request, headers=headers)

    def _now(self) -> str:
        second = int(self._clock())
        if second != self._second:
            self._stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._second = second
        return self._stamp

    def due(self) -> float:
        """Seconds until botocore is asked again."""
        return max(0.0, self._next - self._clock()) if self._next != inf else inf

    def doubt(self) -> None:
        """To botocore, when the keeper looks next: it knows itself when theirs end."""
        self._next = 0.0

    async def refresh(self) -> None:
        """Ask botocore for credentials, in a thread.

        Raises:
            NotReady: none were to be had; what is held stays.
        """
        await asyncio.to_thread(self._refresh)

    def _refresh(self) -> None:
        try:
            self._held = self._fetched()
        except self._refused as error:
            self._fail(told(error))
        except NotReady as error:
            self._fail(str(error))
        except _LET_THROUGH as error:
            # "Credentials were refreshed, but ... expired"; and what botocore lets through of
            # files, processes and addresses that say something else than they should.
            self._fail(told(error, named=True))
        else:
            self._failed = 0
            ends = hasattr(self._credentials, "refresh_needed")
            self._next = self._clock() + EVERY if ends else inf

    def _fetched(self) -> Held:
        if self._credentials is None:
            self._credentials = self._session.get_credentials()
        if self._credentials is None:
            raise NotReady(NONE_FOUND)
        found = self._credentials.get_frozen_credentials()
        held = Held(found.access_key, Secret(found.secret_key), Secret(found.token or ""))
        return self._held if held == self._held and self._held is not None else held

    def _fail(self, why: str) -> None:
        self._failed += 1
        self._next = self._clock() + AGAIN[min(self._failed, len(AGAIN)) - 1]
        self._why = why
        log.warning("no AWS credentials: %s", why)
        raise NotReady(why) from None
