"""Who may come in at AWS: signatures of version 4, checked with botocore's own signer.

botocore signs what came with the secret that belongs to the access key, and the two signatures
must be one. Before that: the key is known, its session token is the right one and not expired, the
date is within five minutes, service and date of the scope are right. The refusals are AWS's.
"""

import re
from calendar import timegm
from collections.abc import Callable, Mapping
from importlib import import_module
from time import strptime
from typing import Any, Final

from msgspec import Struct

from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.http11.request import Request

__all__ = ["EXAMPLE", "AccessKey", "AwsIdentity"]

SKEW: Final = 300
"""Seconds that a request's date may be off ("within 5 minutes", AWS's general reference)."""
_SCHEME: Final = "AWS4-HMAC-SHA256"
_AUTHORIZATION: Final = re.compile(
    _SCHEME + r" Credential=([^/, ]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request,"
    r"\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})"
)
_INVALID: Final = "InvalidSignatureException"
_UNKNOWN: Final = Trouble(
    403, "The security token included in the request is invalid.", "UnrecognizedClientException"
)
_EXPIRED: Final = Trouble(
    403, "The security token included in the request is expired", "ExpiredTokenException"
)
_MISMATCH: Final = Trouble(
    403,
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method. Consult the service documentation for details.",
    _INVALID,
)


class AccessKey(Struct, frozen=True):
    """A pair, and the session token that belongs to it (empty: a user's own, without one)."""

    id: str
    secret: str
    token: str = ""


EXAMPLE: Final = AccessKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""The pair in AWS's documentation, which nobody owns."""


class AwsIdentity:
    """The keys of one emulator. `now` gives Unix seconds; `region` is the only one, if given."""

    def __init__(
        self, keys: Mapping[str, AccessKey], now: Callable[[], float], region: str = ""
    ) -> None:
        self.keys = dict(keys)
        self.expired: set[str] = set()
        self._now = now
        self._region = region

    def refusal(self, request: Request, service: str) -> Trouble | None:
        """Why a signed request may not come in."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return _incomplete(request)
        access, day, region, scoped, names, signature = found.groups()
        key = self.keys.get(access)
        token = request.headers.get("x-amz-security-token", "")
        if key is None or token != key.token:
            return _EXPIRED if token and token in self.expired else _UNKNOWN
        if token in self.expired:
            return _EXPIRED
        if scoped != service:
            return Trouble(
                403, f"Credential should be scoped to correct service: '{service}'.", _INVALID
            )
        if self._region and region != self._region:
            return Trouble(
                403, f"Credential should be scoped to a valid region, not '{region}'.", _INVALID
            )
        stamp = request.headers.get("x-amz-date", "")
        trouble = self._date(stamp, day)
        if trouble is not None:
            return trouble
        signed = names.split(";")
        needed = {"host", "x-amz-date", *(("x-amz-security-token",) if token else ())}
        if not needed <= set(signed):
            return Trouble(403, f"'{min(needed - set(signed))}' must be a 'SignedHeader'"
                           " in the AWS Authorization.", _INVALID)  # fmt: skip
        if _signature(request, key, region, service, signed, stamp) != signature:
            return _MISMATCH
        return None

    def _date(self, stamp: str, day: str) -> Trouble | None:
        try:
            at = timegm(strptime(stamp, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            message = f"Date must be in ISO-8601 'basic format'. Got '{stamp[:40]}'."
            return Trouble(400, message, "IncompleteSignatureException")
        if not stamp.startswith(day):
            return Trouble(403, "Date in Credential scope does not match YYYYMMDD from ISO-8601"
                           " version of date from HTTP.", _INVALID)  # fmt: skip
        late = self._now() - at
        if late > SKEW:
            return Trouble(403, f"Signature expired: {stamp} is now earlier than"
                           " five minutes ago (emulated)", _INVALID)  # fmt: skip
        if late < -SKEW:
            return Trouble(403, f"Signature not yet current: {stamp} is still later than"
                           " five minutes from now (emulated)", _INVALID)  # fmt: skip
        return None


def _incomplete(request: Request) -> Trouble:
    if not request.headers.get("authorization"):
        return Trouble(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
    return Trouble(
        400,
        "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
        "IncompleteSignatureException",
    )


def _signature(
    request: Request, key: AccessKey, region: str, service: str, signed: list[str], stamp: str
) -> str:
    """What botocore would have signed."""
    auth: Any = import_module("botocore.auth")
    requests: Any = import_module("botocore.awsrequest")
    credentials: Any = import_module("botocore.credentials")
    headers = {name: request.headers.get(name, "") for name in signed}
    url = f"http://{request.headers.get('host', '')}{request.target}"
    asked = requests.AWSRequest(request.method, url, headers=headers, data=request.body)
    asked.context["timestamp"] = stamp
    signer = auth.SigV4Auth(credentials.Credentials(key.id, key.secret), service, region)
    canonical = signer.canonical_request(asked)
    return str(signer.signature(signer.string_to_sign(asked, canonical), asked))
