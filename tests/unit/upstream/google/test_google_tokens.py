"""Google's credentials, each kind against the emulator's own token services."""

import asyncio
import json
import logging
import time
from pathlib import Path

import pytest

from fairlead.emulator import EmulatorThread
from fairlead.upstream.account import Account
from fairlead.upstream.google import credentials
from fairlead.upstream.google.credentials import find, project_of
from fairlead.upstream.google.tokens import GoogleSigner
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest

REQUEST = HttpRequest("POST", "http://vertex.test/", (("content-type", "application/json"),))
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"
JWT = "urn:ietf:params:oauth:token-type:jwt"


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture(scope="module")
def service_account(emulator):
    return emulator.service_account("proj-1")


class Clock:
    def __init__(self) -> None:
        self.now = time.time()  # as the emulator's: tokens end by it

    def __call__(self) -> float:
        return self.now


def account(file: Path | None = None, **env: str) -> Account:
    named = "" if file is None else str(file)
    return Account(Secret(""), credentials_file=named, env={"HOME": "/nowhere", **env})


def written(folder: Path, content: object) -> Path:
    file = folder / "credentials.json"
    file.write_text(json.dumps(content))
    return file


def bearer(signer: GoogleSigner) -> str:
    return dict(signer.sign(REQUEST).headers)["authorization"]


def user(emulator: EmulatorThread, refresh_token: str = "r") -> dict[str, str]:
    return {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": refresh_token,
        "token_uri": f"{emulator.url}/token",
        "quota_project_id": "quota-1",
    }


def federated(emulator: EmulatorThread, subject: Path, **more: str) -> dict[str, object]:
    return {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": JWT,
        "token_url": f"{emulator.url}/v1/token",
        "credential_source": {"file": str(subject)},
        **more,
    }


async def test_a_service_account_gets_a_token_ahead_of_its_end(
    emulator, service_account, tmp_path
) -> None:
    signer = GoogleSigner(account(written(tmp_path, service_account)))
    assert signer.due() == 0
    with pytest.raises(NotReady, match="first access token"):
        signer.sign(REQUEST)
    await signer.refresh()
    assert bearer(signer).startswith("Bearer ya29.emulated.")
    assert 3200 < signer.due() <= 3300  # five minutes before the hour


async def test_a_login_brings_its_quota_project(emulator, tmp_path) -> None:
    signer = GoogleSigner(account(written(tmp_path, user(emulator))))
    await signer.refresh()
    headers = dict(signer.sign(REQUEST).headers)
    assert headers["authorization"].startswith("Bearer ya29.emulated.")
    assert headers["x-goog-user-project"] == "quota-1"


@pytest.mark.parametrize("impersonates", [False, True])
async def test_workload_identity_federation(emulator, tmp_path, impersonates) -> None:
    subject = tmp_path / "subject"
    subject.write_text("token-of-the-cluster")
    who = f"{emulator.url}/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com"
    more = {"service_account_impersonation_url": f"{who}:generateAccessToken"}
    content = federated(emulator, subject, **(more if impersonates else {}))
    signer = GoogleSigner(account(written(tmp_path, content)))
    await signer.refresh()
    assert bearer(signer).startswith("Bearer ya29.emulated.")


async def test_the_metadata_server(emulator) -> None:
    host = emulator.url.removeprefix("http://")
    signer = GoogleSigner(account(GCE_METADATA_HOST=host))
    await signer.refresh()
    assert bearer(signer).startswith("Bearer ya29.emulated.")


async def test_without_any_credentials_the_operator_is_told_what_to_do() -> None:
    signer = GoogleSigner(account(GCE_METADATA_HOST="127.0.0.1:1"))
    with pytest.raises(NotReady, match="GOOGLE_APPLICATION_CREDENTIALS"):
        await signer.refresh()


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"client_email": "gone@proj-1.iam.gserviceaccount.com"}, "was deleted"),
        ({"token_uri": "http://127.0.0.1:1/token"}, "cannot be reached"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"},
         "no complete file"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_service_account_is_told_without_its_key(
    service_account, tmp_path, change, hint, caplog
) -> None:
    signer = GoogleSigner(account(written(tmp_path, service_account | change)))
    with caplog.at_level(logging.WARNING), pytest.raises(NotReady, match=hint) as told:
        await signer.refresh()
    assert 0 < signer.due() <= 2.0
    for text in (str(told.value), caplog.text):
        assert "PRIVATE KEY" not in text
        assert "c2VjcmV0" not in text
        assert service_account["private_key"][60:90] not in text


async def test_another_accounts_key_is_no_signature(emulator, service_account, tmp_path) -> None:
    other = emulator.service_account("proj-2")
    mixed = service_account | {"private_key": other["private_key"]}
    signer = GoogleSigner(account(written(tmp_path, mixed)))
    # Both accounts have one address, but for the project.
    with pytest.raises(NotReady, match="make a new key"):
        await signer.refresh()


async def test_a_revoked_login_wants_a_new_one(emulator, tmp_path) -> None:
    signer = GoogleSigner(account(written(tmp_path, user(emulator, "bad"))))
    with pytest.raises(NotReady, match="gcloud auth application-default login"):
        await signer.refresh()


async def test_a_failed_refresh_keeps_the_token_until_it_ends(emulator, tmp_path) -> None:
    clock = Clock()
    file = written(tmp_path, user(emulator))
    signer = GoogleSigner(account(file), clock=clock)
    await signer.refresh()
    first = bearer(signer)
    ends = signer._held.ends  # the emulator's clock is the real one
    emulator.faults.add("status status=503 vendor=google times=9")
    clock.now = ends - 100
    with pytest.raises(NotReady):
        await signer.refresh()
    assert bearer(signer) == first
    assert signer.due() > 0
    clock.now = ends + 1
    with pytest.raises(NotReady, match=r"UNAVAILABLE|overloaded"):
        signer.sign(REQUEST)
    emulator.faults.clear()


async def test_a_clock_that_is_wrong_is_told(emulator, service_account, tmp_path, monkeypatch):
    signer = GoogleSigner(account(written(tmp_path, service_account)))
    signer.caller.skew = 1200.0
    told = signer._told(Exception("invalid_grant: Invalid JWT: Token must be a short-lived token"))
    assert "1200 s ahead of Google's" in told
    assert "clock is wrong" in told


def test_where_credentials_are_looked_for(tmp_path) -> None:
    gcloud = tmp_path / ".config" / "gcloud"
    gcloud.mkdir(parents=True)
    login = gcloud / "application_default_credentials.json"
    login.write_text(json.dumps({"type": "authorized_user"}))
    home = Account(Secret(""), env={"HOME": str(tmp_path)})
    assert find(home).path == str(login)
    named = tmp_path / "named.json"
    named.write_text(json.dumps({"type": "service_account", "project_id": "p"}))
    variable = Account(
        Secret(""), env={"HOME": str(tmp_path), "GOOGLE_APPLICATION_CREDENTIALS": str(named)}
    )
    assert find(variable).kind == "service_account"
    assert project_of(variable, find(variable)) == "p"
    assert "project_id" not in repr(find(variable))
    assert find(Account(Secret(""), env={"HOME": str(tmp_path / "none")})).kind == "metadata"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no JSON", "is no JSON"),
        ("[]", "does not say its `type`"),
        ('{"type": "x"}', "of type 'x'"),
    ],
)
def test_a_file_that_holds_no_credentials(tmp_path, content, told) -> None:
    file = tmp_path / "f.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=told):
        find(account(file))


def test_no_project_is_told() -> None:
    nobody = account()
    with pytest.raises(ValueError, match="GOOGLE_CLOUD_PROJECT"):
        project_of(nobody, find(nobody))


async def test_refreshes_at_once_ask_once_after_another(emulator, service_account, tmp_path):
    signer = GoogleSigner(account(written(tmp_path, service_account)))
    await asyncio.gather(*(signer.refresh() for _ in range(4)))
    assert bearer(signer)


async def test_a_token_that_was_refused_is_fetched_anew_once(emulator, tmp_path) -> None:
    clock = Clock()
    signer = GoogleSigner(account(written(tmp_path, user(emulator))), clock=clock)
    await signer.refresh()
    issued = emulator._emulator.desk.identity.issued
    for _ in range(5):
        signer.doubt()
    await signer._fetching
    assert emulator._emulator.desk.identity.issued == issued + 1


async def test_the_metadata_server_is_not_asked_through_a_proxy(emulator, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    signer = GoogleSigner(account(GCE_METADATA_HOST=emulator.url.removeprefix("http://")))
    await signer.refresh()
    assert bearer(signer)


def test_without_google_auth_the_operator_is_told_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(credentials, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"fairlead\[vertex\]"):
        GoogleSigner(account())
