"""Signatures: made by botocore here, judged by the emulator; each wrong one has AWS's own refusal."""

import datetime as dt

import pytest

from fairlead.emulator.aws_identity import EXAMPLE, AccessKey, AwsIdentity
from fairlead.emulator.http11.request import Request

auth = pytest.importorskip("botocore.auth")
awsrequest = pytest.importorskip("botocore.awsrequest")
credentials = pytest.importorskip("botocore.credentials")

NOW = dt.datetime(2026, 11, 23, 5, 50, tzinfo=dt.UTC)
TARGET = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke"
SESSION = AccessKey("ASIASESSION", "secret", "token")


@pytest.fixture
def identity() -> AwsIdentity:
    keys = {key.id: key for key in (EXAMPLE, SESSION)}
    return AwsIdentity(keys, NOW.timestamp)


def signed(
    key: AccessKey = EXAMPLE,
    *,
    body: bytes = b"{}",
    service: str = "bedrock",
    late: int = 0,
    region: str = "us-east-1",
) -> Request:
    headers = {"host": "127.0.0.1:8099", "content-type": "application/json"}
    request = awsrequest.AWSRequest(
        "POST", f"http://127.0.0.1:8099{TARGET}", headers=headers, data=body
    )
    pair = credentials.Credentials(key.id, key.secret, key.token or None)
    signer = auth.SigV4Auth(pair, service, region)
    moment = NOW - dt.timedelta(seconds=late)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda *_, **__: moment)
        signer.add_auth(request)
    found = {name.lower(): value for name, value in request.headers.items()}
    return Request("POST", TARGET, found, body)


@pytest.mark.parametrize("key", [EXAMPLE, SESSION], ids=["user", "session"])
@pytest.mark.parametrize("late", [0, 299, -299])
def test_a_good_signature(identity, key, late) -> None:
    assert identity.refusal(signed(key, late=late), "bedrock") is None


@pytest.mark.parametrize(
    ("made", "name", "words"),
    [
        (lambda: signed(AccessKey(EXAMPLE.id, "other")), "InvalidSignature", "does not match"),
        (lambda: signed(AccessKey("AKIANOBODY", "s")), "UnrecognizedClient", "token included"),
        (lambda: signed(AccessKey(SESSION.id, "secret", "old")), "UnrecognizedClient", "token"),
        (lambda: signed(AccessKey(SESSION.id, "secret")), "UnrecognizedClient", "token"),
        (lambda: signed(service="s3"), "InvalidSignature", "correct service"),
        (lambda: signed(late=301), "InvalidSignature", "Signature expired"),
        (lambda: signed(late=-301), "InvalidSignature", "not yet current"),
    ],
)
def test_wrong_ones(identity, made, name, words) -> None:
    trouble = identity.refusal(made(), "bedrock")
    assert trouble is not None
    assert trouble.status == 403
    assert trouble.type == f"{name}Exception"
    assert words in trouble.message


def test_what_was_changed_on_the_way_is_found_out(identity) -> None:
    body = signed()
    body.body = b'{"a":1}'
    path = signed()
    path.target = TARGET.replace("invoke", "converse")
    header = signed()
    header.headers["content-type"] = "text/plain"
    for request in (body, path, header):
        trouble = identity.refusal(request, "bedrock")
        assert trouble is not None
        assert "does not match" in trouble.message


def test_an_expired_session(identity) -> None:
    identity.expired.add("token")
    trouble = identity.refusal(signed(SESSION), "bedrock")
    assert trouble is not None
    assert trouble.type == "ExpiredTokenException"


def test_no_signature_and_half_a_one(identity) -> None:
    none = identity.refusal(Request("POST", TARGET, {}), "bedrock")
    half = identity.refusal(
        Request("POST", TARGET, {"authorization": "AWS4-HMAC-SHA256 x"}), "bedrock"
    )
    assert none is not None
    assert half is not None
    assert (none.type, half.type) == (
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
    )


def test_what_must_be_signed(identity) -> None:
    request = signed()
    request.headers["authorization"] = request.headers["authorization"].replace("host;", "")
    trouble = identity.refusal(request, "bedrock")
    assert trouble is not None
    assert "'host' must be a 'SignedHeader'" in trouble.message
