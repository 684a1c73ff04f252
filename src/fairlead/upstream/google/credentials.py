"""Google Cloud credentials: where they are looked for, and what kinds there are.

The order is Google's own for Application Default Credentials (cloud.google.com, "How Application
Default Credentials works"), with the setting before it: `credentials_file`, the variable
`GOOGLE_APPLICATION_CREDENTIALS`, the file that `gcloud auth application-default login` writes, the
metadata server of a machine in Google's cloud.

google-auth (extra `vertex`) does the signing and the exchanges; it is imported when an upstream
wants it. Each type of file is read by the class made for it: the methods that take any type are
deprecated "because of a potential security risk" (google-auth 2.62, `_default.py`), and a type that
is not in the table is refused.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, cast

from msgspec import Struct

from fairlead.upstream.account import Account
from fairlead.upstream.google.http import Caller, NotReached

__all__ = ["SCOPE", "Credentials", "Source", "find", "load", "project_of", "usable"]

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_AWS: Final = "urn:ietf:params:aws:token-type:aws4_request"
_LARGEST: Final = 1 << 20
_HINT: Final = (
    "set `credentials_file` or GOOGLE_APPLICATION_CREDENTIALS to a service account's JSON, or run"
    " `gcloud auth application-default login`"
)


class Credentials(Protocol):
    """What google-auth's credentials have: `expiry` is UTC without saying so."""

    token: str | None
    expiry: datetime | None

    def refresh(self, request: object) -> None:
        """Get a token, or a newer one. Blocks."""
        ...


class Source(Struct, frozen=True):
    """Where credentials come from: a file and what is in it, or (without one) the metadata server.

    The file's content holds secrets: never print it.
    """

    path: str = ""
    content: Mapping[str, Any] = {}

    @property
    def kind(self) -> str:
        """The type of the credentials, in the file's own word."""
        return str(self.content.get("type", "")) if self.path else "metadata"

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {self.kind!r})"


def usable() -> None:
    """Nothing, if google-auth is installed.

    Raises:
        ValueError: it is not.
    """
    try:
        there = find_spec("google.auth") is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise ValueError("Vertex AI needs google-auth: pip install 'fairlead[vertex]'")


def find(account: Account) -> Source:
    """Where the account's credentials are. Reads at most one file.

    Raises:
        ValueError: a file that was named cannot be read, or holds no credentials.
    """
    named = account.credentials_file or account.env.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    if named:
        return _read(Path(named).expanduser())
    gcloud = account.env.get("CLOUDSDK_CONFIG") or _gcloud_folder(account.env)
    path = Path(gcloud) / "application_default_credentials.json"
    return _read(path) if path.is_file() else Source()


def _gcloud_folder(env: Mapping[str, str]) -> str:
    if os.name == "nt" and "APPDATA" in env:
        return str(Path(env["APPDATA"]) / "gcloud")
    return str(Path(env.get("HOME") or "~").expanduser() / ".config" / "gcloud")


def _read(path: Path) -> Source:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"{path} has more than a mebibyte: these are no credentials")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no JSON") from error
    source = Source(str(path), content) if isinstance(content, dict) else None
    if source is None or source.kind not in LOADERS:
        kind = "" if source is None else source.kind
        told = f"is of type {kind!r}" if kind else "does not say its `type`"
        raise ValueError(f"{path} {told}; known are {', '.join(LOADERS)}")
    return source


def project_of(account: Account, source: Source) -> str:
    """The project that requests are for and on: the setting, the environment, or the file's own.

    Raises:
        ValueError: nobody says.
    """
    own = source.content
    told = (
        account.project
        or account.env.get("GOOGLE_CLOUD_PROJECT", "")
        or account.env.get("ANTHROPIC_VERTEX_PROJECT_ID", "")
        or own.get("project_id")
        or own.get("quota_project_id")
    )
    if not told or not isinstance(told, str):
        raise ValueError("no project: set `project`, or GOOGLE_CLOUD_PROJECT in the environment")
    return told


# -- by google-auth ------------------------------------------------------------------------------

Load = Callable[[dict[str, Any], Caller], Credentials]


def _service_account(info: dict[str, Any], _caller: Caller) -> Credentials:
    made: Any = import_module("google.oauth2.service_account").Credentials
    found: Credentials = made.from_service_account_info(info, scopes=[SCOPE])
    return found


def _authorized_user(info: dict[str, Any], _caller: Caller) -> Credentials:
    """A person's login. google-auth's own reader ignores the file's `token_uri`."""
    made: Any = import_module("google.oauth2.credentials").Credentials
    found: Credentials = made(
        None,
        refresh_token=info["refresh_token"],
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        token_uri=info.get("token_uri") or "https://oauth2.googleapis.com/token",
    )
    return found


def _external_account(info: dict[str, Any], _caller: Caller) -> Credentials:
    """Workload identity federation: a file, an address, AWS, or a program of the operator's."""
    source = info.get("credential_source") or {}
    module = "google.auth.identity_pool"
    if info.get("subject_token_type") == _AWS:
        module = "google.auth.aws"
    elif "executable" in source:
        module = "google.auth.pluggable"
    made: Any = import_module(module).Credentials
    found: Credentials = made.from_info(info, scopes=[SCOPE])
    return found


def _external_user(info: dict[str, Any], _caller: Caller) -> Credentials:
    made: Any = import_module("google.auth.external_account_authorized_user").Credentials
    found: Credentials = made.from_info(info)
    return found


def _impersonated(info: dict[str, Any], _caller: Caller) -> Credentials:
    made: Any = import_module("google.auth.impersonated_credentials").Credentials
    found: Credentials = made.from_impersonated_service_account_info(info, scopes=[SCOPE])
    return found


LOADERS: Final[dict[str, Load]] = {
    "service_account": _service_account,
    "authorized_user": _authorized_user,
    "external_account": _external_account,
    "external_account_authorized_user": _external_user,
    "impersonated_service_account": _impersonated,
}
"""Types of credential files, by the word in them."""


def _metadata(caller: Caller, env: Mapping[str, str]) -> Credentials:
    """The machine's own service account. Asks once whether there is a metadata server, so that a
    machine without one is told so at once.

    Raises:
        NotReached: there is none.
    """
    host = env.get("GCE_METADATA_HOST") or "metadata.google.internal"
    try:
        answer = caller(f"http://{host}/computeMetadata/v1/", headers=_FLAVOR, timeout=3.0)
    except Exception as error:
        raise NotReached(f"no credentials: {error} (and no file is named); {_HINT}") from error
    if answer.headers.get("metadata-flavor") != "Google":
        raise NotReached(f"no credentials: {host} is no metadata server; {_HINT}")
    return _Machine(host)


_FLAVOR: Final = {"Metadata-Flavor": "Google"}


class _Machine:
    """Tokens of a machine's service account. google-auth's own class reads the server's address
    once, when it is imported, and reaches for the account's description each time.
    """

    def __init__(self, host: str) -> None:
        self._url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
        self.token: str | None = None
        self.expiry: datetime | None = None

    def refresh(self, request: object) -> None:
        """Ask the server."""
        errors: Any = import_module("google.auth.exceptions")
        caller = cast("Caller", request)
        answer = caller(self._url, headers=_FLAVOR, timeout=5.0)
        try:
            said = json.loads(answer.data)
            token, seconds = said["access_token"], float(said["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            told = f"the metadata server answered {answer.status} without a token"
            raise errors.RefreshError(told) from error
        now = datetime.now(UTC).replace(tzinfo=None)
        self.token, self.expiry = token, now + timedelta(seconds=seconds)


def load(source: Source, caller: Caller, env: Mapping[str, str]) -> Credentials:
    """The credentials of a source, without a token yet. May ask the metadata server.

    Raises:
        ValueError: the file lacks something.
        NotReached: there is no file and no metadata server.
    """
    if not source.path:
        return _metadata(caller, env)
    try:
        return LOADERS[source.kind](dict(source.content), caller)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # What google-auth says of a file may quote it: a key's text must not get into a log.
        missing = f" (no {error})" if isinstance(error, KeyError) else ""
        raise ValueError(f"this is no complete file of type {source.kind}{missing}") from error
