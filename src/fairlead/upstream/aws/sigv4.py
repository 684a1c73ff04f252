"""AWS Signature Version 4, for requests whose body is at hand.

    signature = HMAC(key of the day, "AWS4-HMAC-SHA256" | time | scope | SHA256(canonical request))

(docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.) botocore signs
too, and gives the credentials; its signer takes several times the CPU of this one
(docs/upstreams.md), and tests prove that both say the same. The key of the day depends on secret,
day, region and service alone, and is computed once.

What goes is what is signed: `host` is written as the transport writes it, every other header is
signed in the form in which it is sent (AWS's examples sign the same). The path is encoded once
more, as for every service but S3.
"""

import hmac
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit

from fairlead.upstream.secret import Secret

__all__ = ["sign"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def sign(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    access_key: str,
    secret_key: Secret,
    token: str | None,
    region: str,
    service: str,
    at: str,
) -> tuple[tuple[str, str], ...]:
    """The headers with date, token and authorization. `at` is UTC, `20261123T055000Z`."""
    host, path, query = _place(url)
    told = [pair for pair in headers if pair[0] != "authorization"]
    told.append(("x-amz-date", at))
    if token:
        told.append(("x-amz-security-token", token))
    signed = sorted([*told, ("host", host)])
    names = ";".join(name for name, _ in signed)
    lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed)
    payload = sha256(body).hexdigest()
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}"
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    what = f"{_ALGORITHM}\n{at}\n{scope}\n{sha256(canonical.encode('utf-8')).hexdigest()}"
    key = _key_of_day(secret_key, at[:8], region, service)
    signature = hmac.digest(key, what.encode("utf-8"), "sha256").hex()
    proof = f"{_ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}"
    return (*told, ("authorization", f"{proof}, Signature={signature}"))


@lru_cache(maxsize=256)
def _place(url: str) -> tuple[str, str, str]:
    """An address as it is signed: host, path and query."""
    parts = urlsplit(url)
    host = parts.netloc
    if parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme):
        host = host.rpartition(":")[0]
    path = quote(parts.path or "/", safe="/~")
    return host, path, "&".join(sorted(parts.query.split("&"))) if parts.query else ""


@lru_cache(maxsize=64)
def _key_of_day(secret_key: Secret, day: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret_key.reveal()).encode("utf-8")
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("utf-8"), "sha256")
    return key
