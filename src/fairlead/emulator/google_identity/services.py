"""The services that tokens come from, and the check of a token at Vertex AI's door.

- `POST /token`: Google's OAuth 2.0 token endpoint. A service account sends a JWT that it signed
  (RFC 7523), a person's `gcloud` a refresh token.
- `POST /v1/token`: the security token service of workload identity federation (RFC 8693), and
  `POST /v1/projects/-/serviceAccounts/{email}:generateAccessToken`, which acts for an account.
- `GET /computeMetadata/v1/...`: the metadata server of a machine in Google's cloud.

Descriptions of faults are Google's, as users quote them (googleapis/google-api-php-client, issue
1501 for the times; google-auth's tests for the rest).
"""

import base64
import binascii
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.faces.vertex.resource import number_of
from fairlead.emulator.google_identity.accounts import Account
from fairlead.emulator.google_identity.tokens import LIFETIME, MARK, SCOPES, TokenOffice
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request

__all__ = ["PATHS", "PROJECT", "Identity"]

PATHS = ("/token", "/v1/token", "/v1/projects/-/", "/computeMetadata/")
"""How the paths of these services begin."""
GOOGLES_OWN = "https://oauth2.googleapis.com/token"
"""The audience that google-auth writes into its JWTs, wherever it sends them."""
SKEW = 300.0
LONGEST = 3600.0
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim."
)
_MACHINE = "emulated-machine@fairlead-emulated.iam.gserviceaccount.com"
PROJECT = "fairlead-emulated"
_CLOUD = ("https://www.googleapis.com/auth/cloud-platform",)
_FLAVOR = (("metadata-flavor", "Google"),)
_EXPECTED = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. See"
    " https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class Identity:
    """Accounts, tokens and the services around them. `lifetime` is that of new tokens, seconds."""

    def __init__(
        self, seed: bytes, clock: Callable[[], float] = time.monotonic, lifetime: float = LIFETIME
    ) -> None:
        self.office = TokenOffice(seed, clock)
        self.lifetime = lifetime
        self.issued = 0
        self._accounts: dict[str, Account] = {}

    def enroll(self, account: Account) -> None:
        """Know an account; from now on only tokens that were issued here open the door."""
        self._accounts[account.email] = account

    def dismiss(self, email: str) -> None:
        """Forget an account, as if somebody had deleted it; tokens that it has stay good."""
        self._accounts.pop(email, None)

    @property
    def strict(self) -> bool:
        """Whether only tokens that were issued here are good."""
        return bool(self._accounts)

    # -- the door --------------------------------------------------------------------------------

    def refusal(self, token: str, project: str) -> Trouble | None:
        """Why a Bearer token does not open Vertex AI for `project`; None if it does."""
        if not token:
            message = f"Request is missing required authentication credential. {_EXPECTED}"
            return _unauthenticated(message, "CREDENTIALS_MISSING")
        if not token.startswith(MARK):
            if not self.strict and not token.startswith("bad"):
                return None
            return _unauthenticated(_INVALID, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
        claims = self.office.read(token)
        if claims is None or claims.ends <= self.office.now():
            return _unauthenticated(_INVALID, "ACCESS_TOKEN_EXPIRED")
        if SCOPES.isdisjoint(claims.scopes):
            return Trouble(
                403,
                "Request had insufficient authentication scopes.",
                details=(_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT"),),
            )
        if claims.project and project not in ("", claims.project, number_of(claims.project)):
            return denied(f"//aiplatform.googleapis.com/projects/{project}")
        return None

    # -- the services ----------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """What one of the services says to a request whose path is one of `PATHS`."""
        path = request.path
        if path.startswith("/computeMetadata/"):
            return self._metadata(request)
        if request.method != "POST":
            return Reply(405, body=b"Method Not Allowed", content_type="text/plain")
        if path.endswith(":generateAccessToken"):
            return self._impersonate(request)
        form = {name: values[-1] for name, values in parse_qs(_form(request.body)).items()}
        grants = _GRANTS.get(path, {})
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return _oauth("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        return grant(self, request, form)

    def _assertion(self, request: Request, form: dict[str, str]) -> Reply:
        parts = form.get("assertion", "").split(".")
        try:
            head, claims = (msgspec.json.decode(_unbased(part)) for part in parts[:2])
            signature = _unbased(parts[2])
            about = (str(claims["iss"]), float(claims["iat"]), float(claims["exp"]))
        except (IndexError, KeyError, TypeError, ValueError, msgspec.DecodeError):
            return _oauth("invalid_grant", "Invalid JWT: the assertion cannot be read.")
        account = self._accounts.get(about[0])
        if account is None:
            return _oauth("invalid_grant", "Invalid grant: account not found")
        message = ".".join(parts[:2]).encode("ascii", "replace")
        if head.get("alg") != "RS256" or not account.signed(message, signature):
            return _oauth("invalid_grant", "Invalid JWT Signature.")
        now = self.office.now()
        began, ends = about[1:]
        if not now - SKEW < ends or began > now + SKEW or ends - began > LONGEST + SKEW:
            return _oauth("invalid_grant", _TIMES)
        if claims.get("aud") not in (GOOGLES_OWN, f"{request.base}/token"):
            return _oauth("invalid_grant", "Invalid JWT: Failed audience check.")
        scopes = tuple(str(claims.get("scope") or "").split())
        if not scopes:
            return _oauth("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self._token(account.email, account.project, scopes)

    def _refresh(self, request: Request, form: dict[str, str]) -> Reply:
        del request
        if form.get("refresh_token", "bad").startswith("bad"):
            return _oauth("invalid_grant", "Token has been expired or revoked.")
        return self._token("user@example.com", "", tuple(form.get("scope", "").split()) or _CLOUD)

    def _exchange(self, request: Request, form: dict[str, str]) -> Reply:
        del request
        if not form.get("audience", "").startswith("//iam.googleapis.com/"):
            return _oauth("invalid_request", "Invalid value for audience.")
        if form.get("subject_token", "bad").startswith("bad"):
            return _oauth("invalid_grant", "The given credential is rejected by the attribute map.")
        scopes = tuple(form.get("scope", "").split()) or _CLOUD
        return self._token(form["audience"], "", scopes, issued_token_type=_ACCESS)

    def _token(self, who: str, project: str, scopes: tuple[str, ...], **more: str) -> Reply:
        self.issued += 1
        token = self.office.issue(who, project, scopes, self.lifetime)
        said = {"access_token": token, "expires_in": int(self.lifetime), "token_type": "Bearer"}
        return _json({**said, **more})

    def _impersonate(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.office.read(token) is None:
            return _json({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        email = request.path.rpartition("/")[2].partition(":")[0]
        try:
            asked = msgspec.json.decode(request.body)
            scopes = tuple(str(scope) for scope in asked["scope"])
        except (KeyError, TypeError, msgspec.DecodeError):
            return _json({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)
        self.issued += 1
        ends = datetime.fromtimestamp(self.office.now() + self.lifetime, UTC)
        said = self.office.issue(email, "", scopes, self.lifetime)
        day = ends.isoformat(timespec="seconds").replace("+00:00", "Z")
        return _json({"accessToken": said, "expireTime": day})

    def _metadata(self, request: Request) -> Reply:
        if request.headers.get("metadata-flavor") != "Google":
            return Reply(403, body=b"Missing Metadata-Flavor:Google header.", headers=_FLAVOR)
        path = request.path.removeprefix("/computeMetadata/v1/").rstrip("/")
        if path == "project/project-id":
            return Reply(200, "application/text", PROJECT.encode(), headers=_FLAVOR)
        place, _, what = path.rpartition("/")
        if place == "instance/service-accounts/default" and what == "token":
            asked = tuple(request.query.get("scopes", "").split(",")) if request.query else _CLOUD
            reply = self._token(_MACHINE, "", asked)
            reply.headers = _FLAVOR
            return reply
        if path.startswith("instance/service-accounts/"):
            said = {"aliases": ["default"], "email": _MACHINE, "scopes": list(_CLOUD)}
            return _json(said, headers=_FLAVOR)
        if not path:
            return Reply(200, "application/text", b"instance/\nproject/\n", headers=_FLAVOR)
        return Reply(404, "text/html", b"not found", headers=_FLAVOR)


_INVALID = f"Request had invalid authentication credentials. {_EXPECTED}"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
Grant = Callable[[Identity, Request, dict[str, str]], Reply]
_GRANTS: dict[str, dict[str, Grant]] = {
    "/token": {
        JWT_BEARER: Identity._assertion,  # noqa: SLF001 - the table of its own methods
        "refresh_token": Identity._refresh,  # noqa: SLF001 - as above
    },
    "/v1/token": {EXCHANGE: Identity._exchange},  # noqa: SLF001 - as above
}


def denied(resource: str) -> Trouble:
    """403: the account may not, or there is no such project; Google does not tell which."""
    permission = "aiplatform.endpoints.predict"
    return Trouble(
        403,
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        details=(_info("IAM_PERMISSION_DENIED", permission=permission, resource=resource),),
    )


def _unauthenticated(message: str, reason: str) -> Trouble:
    return Trouble(401, message, details=(_info(reason),))


def _info(reason: str, **more: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "aiplatform.googleapis.com", **more},
    }


def _form(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _unbased(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _oauth(error: str, description: str) -> Reply:
    return _json({"error": error, "error_description": description}, 400)


def _json(
    said: dict[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    kind = "application/json; charset=utf-8"
    return Reply(status, kind, msgspec.json.encode(said), headers=headers)
