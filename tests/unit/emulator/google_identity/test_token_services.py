"""Google's token services as the emulator has them, asked with JWTs made by hand."""

import base64
import json
import stat
import time
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fairlead.emulator.google_identity import Identity, kept_account, make_account
from fairlead.emulator.google_identity.services import JWT_BEARER
from fairlead.emulator.http11.request import Request

BASE = "http://127.0.0.1:8099"
CLOUD = "https://www.googleapis.com/auth/cloud-platform"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def made():
    return make_account(BASE, "proj-1")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def identity(made, clock):
    found = Identity(b"seed", clock)
    found.enroll(made[0])
    return found


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def assertion(file: dict, head: dict | None = None, **claims: object) -> str:
    now = int(time.time())
    said = {
        "iss": file["client_email"],
        "aud": "https://oauth2.googleapis.com/token",
        "scope": CLOUD,
        "iat": now,
        "exp": now + 3600,
        **claims,
    }
    signed = ".".join(
        text(json.dumps(part).encode()) for part in ({"alg": "RS256"} | (head or {}), said)
    )
    key = load_pem_private_key(file["private_key"].encode(), None)
    return f"{signed}.{text(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def ask(identity: Identity, jwt: str, grant: str = JWT_BEARER) -> tuple[int, dict]:
    body = urlencode({"grant_type": grant, "assertion": jwt}).encode()
    headers = {"host": "127.0.0.1:8099", "content-type": "application/x-www-form-urlencoded"}
    reply = identity.answer(Request("POST", "/token", headers, body))
    return reply.status, json.loads(reply.body)


def test_a_signed_assertion_is_good_for_an_hour_and_for_its_project(identity, made, clock) -> None:
    status, said = ask(identity, assertion(made[1]))
    assert (status, said["expires_in"]) == (200, 3600)
    token = said["access_token"]
    assert identity.refusal(token, "proj-1") is None
    other = identity.refusal(token, "proj-2")
    assert other is not None
    assert other.status == 403
    clock.now += 3601
    ended = identity.refusal(token, "proj-1")
    assert ended is not None
    assert ended.status == 401


@pytest.mark.parametrize(
    ("claims", "error", "why"),
    [
        ({"aud": "https://elsewhere.test/token"}, "invalid_grant", "audience"),
        ({"scope": ""}, "invalid_scope", "scope"),
        ({"iss": "nobody@proj-1.iam.gserviceaccount.com"}, "invalid_grant", "not found"),
        ({"iat": 1, "exp": 3601}, "invalid_grant", "short-lived"),
        ({"exp": int(time.time()) + 90_000}, "invalid_grant", "short-lived"),
    ],
)
def test_what_an_assertion_must_say(identity, made, claims, error, why) -> None:
    status, said = ask(identity, assertion(made[1], **claims))
    assert (status, said["error"]) == (400, error)
    assert why in said["error_description"]


def test_another_key_or_algorithm_signs_nothing(identity, made) -> None:
    _, other = make_account(BASE, "proj-1")
    for jwt in (
        assertion(other),
        assertion(made[1], {"alg": "none"}),
        assertion(made[1])[:-4] + "AAAA",
    ):
        assert ask(identity, jwt) == (
            400,
            {"error": "invalid_grant", "error_description": "Invalid JWT Signature."},
        )
    assert ask(identity, "no.jwt")[0] == 400
    assert ask(identity, "x", "password")[1]["error"] == "unsupported_grant_type"


def test_a_token_without_the_scope_or_made_up_opens_nothing(identity, made) -> None:
    scope = "https://www.googleapis.com/auth/devstorage.read_only"
    narrow = ask(identity, assertion(made[1], scope=scope))[1]["access_token"]
    assert identity.refusal(narrow, "proj-1").status == 403
    for token in ("", "ya29.real", "ya29.emulated.e30.AAAA", narrow[:-3] + "AAA"):
        assert identity.refusal(token, "proj-1").status == 401


def test_without_an_account_any_token_is_good_unless_it_is_bad() -> None:
    lax = Identity(b"seed")
    assert lax.refusal("anything", "p") is None
    assert lax.refusal("bad", "p").status == 401
    assert lax.refusal("ya29.emulated.e30.AAAA", "p").status == 401


def test_the_metadata_server_wants_its_header(identity) -> None:
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    assert identity.answer(Request("GET", path, {})).status == 403
    reply = identity.answer(Request("GET", path, {"metadata-flavor": "Google"}))
    assert dict(reply.headers)["metadata-flavor"] == "Google"
    assert identity.refusal(json.loads(reply.body)["access_token"], "any-project") is None


def test_a_file_keeps_its_key_and_nobody_elses_is_touched(tmp_path) -> None:
    path = tmp_path / "account.json"
    first = kept_account(path, BASE, "proj-1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = kept_account(path, "http://127.0.0.1:9000", "proj-1")
    assert again == first
    assert json.loads(path.read_text())["token_uri"] == "http://127.0.0.1:9000/token"
    path.write_text('{"type": "service_account", "client_email": "mine@real.test"}')
    with pytest.raises(FileExistsError):
        kept_account(path, BASE, "proj-1")
    assert "mine@real.test" in path.read_text()
