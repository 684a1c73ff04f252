"""Each way to credentials of AWS's that asks a service, over HTTP against services on loopback:
what is got, that it is renewed beside the requests, what is said when there is none.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.upstream.aws.identity_services import (
    CONTAINER_TOKEN,
    SECRET,
    SESSION,
    SSO_TOKEN,
    WEB_TOKEN,
    IdentityServices,
    identity_services,
)
from typer.testing import CliRunner

from fairlead.cli.main import app
from fairlead.upstream.account import Account
from fairlead.upstream.aws.signer import AwsSigner
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest

pytest.importorskip("botocore")

REQUEST = HttpRequest("POST", "https://h.example.com/model/m/invoke", (), b"{}")
START = "https://corp.awsapps.com/start"
ROLE_ARN = "arn:aws:iam::123456789012:role/gateway"


@dataclass(frozen=True)
class House:
    """The services, and where AWS's own files are."""

    services: IdentityServices
    folder: Path
    set: Callable[[str, str], None]

    def config(self, text: str) -> None:
        (self.folder / "config").write_text(text)


@pytest.fixture(scope="module")
def services():
    with identity_services() as running:
        yield running


@pytest.fixture
def house(services, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                 "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                 "AWS_ROLE_ARN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL",
                 "GEMINI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY",
                 "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    # botocore takes the home folder when it is imported.
    tokens = str(tmp_path / "sso")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", tokens)
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", tokens)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    for service in ("STS", "SSO", "SSO_OIDC"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", services.url)
    services.refusing, services.lives, services.given = False, 6 * 3600, 0
    services.asked.clear()
    return House(services, tmp_path, monkeypatch.setenv)


# --- the ways -------------------------------------------------------------------------------------


def machine(house: House) -> None:
    house.set("AWS_EC2_METADATA_DISABLED", "false")
    house.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", house.services.url)


def container(house: House) -> None:
    house.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{house.services.url}/container")
    house.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", CONTAINER_TOKEN)


def pod(house: House) -> None:
    """EKS: the token is in a file, which is read anew each time."""
    container(house)
    file = house.folder / "pod-token"
    file.write_text(CONTAINER_TOKEN)
    house.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of another time")
    house.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))


def web_identity(house: House) -> None:
    file = house.folder / "web-token"
    file.write_text(WEB_TOKEN)
    house.set("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    house.set("AWS_ROLE_ARN", ROLE_ARN)


def assumed(house: House) -> None:
    house.config(
        f"[default]\nrole_arn = {ROLE_ARN}\nsource_profile = source\nregion = us-east-1\n"
        "[profile source]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n"
    )


def _sso_token(house: House, of: str, ends: float = 8.0) -> None:
    """What `aws sso login` leaves; it ends in so many hours."""
    until = datetime.now(UTC) + timedelta(hours=ends)
    token = {"startUrl": START, "region": "us-east-1", "accessToken": SSO_TOKEN,
             "expiresAt": until.strftime("%Y-%m-%dT%H:%M:%SZ")}  # fmt: skip
    (house.folder / "sso").mkdir(exist_ok=True)
    name = hashlib.sha1(of.encode(), usedforsecurity=False).hexdigest()
    (house.folder / "sso" / f"{name}.json").write_text(json.dumps(token))


_SSO = f"sso_start_url = {START}\nsso_region = us-east-1\n"
_SSO_ROLE = "sso_account_id = 123456789012\nsso_role_name = Reader\n"


def sso(house: House) -> None:
    house.config(f"[default]\n{_SSO}{_SSO_ROLE}")
    _sso_token(house, START)


def sso_session(house: House) -> None:
    house.config(f"[default]\nsso_session = corp\n{_SSO_ROLE}[sso-session corp]\n{_SSO}")
    _sso_token(house, "corp")


WAYS = (machine, container, pod, web_identity, assumed, sso, sso_session)
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def signer_of(way: Callable[[House], None], house: House) -> AwsSigner:
    way(house)
    return AwsSigner(Account(Secret(""), region="us-east-1"), "bedrock")


async def held_by(way: Callable[[House], None], house: House, minutes: int) -> AwsSigner:
    """A signer whose credentials have so many minutes left.

    A machine's are taken to live on where fewer than 17 are left when they come (botocore: "credential
    expiration extension"), so for those time passes.
    """
    passes = timedelta(hours=6) if way is machine else timedelta()
    house.services.lives = minutes * 60 + int(passes.total_seconds())
    signer = signer_of(way, house)
    await signer.refresh()
    if passes:
        signer._credentials._time_fetcher = lambda: datetime.now(UTC) + passes
    house.services.lives = 24 * 3600
    return signer


def used(signer: AwsSigner) -> tuple[str, str]:
    """The access key and the session token of a signed request."""
    headers = dict(signer.sign(REQUEST).headers)
    key = headers["authorization"].partition("Credential=")[2].partition("/")[0]
    return key, headers["x-amz-security-token"]


@ways
async def test_credentials_are_renewed_before_their_end_and_beside_the_requests(way, house) -> None:
    services = house.services
    signer = await held_by(way, house, 12)  # botocore takes new ones from 15 before the end on
    first = services.given
    assert used(signer) == (f"ASIA{first}", SESSION)
    assert 0 < signer.due() <= 60
    asked = len(services.asked)
    for _ in range(5):
        used(signer)
    assert len(services.asked) == asked  # a request asks nobody
    await signer.refresh()
    assert services.given > first
    assert used(signer) == (f"ASIA{services.given}", SESSION)
    settled = len(services.asked)
    await signer.refresh()
    assert len(services.asked) == settled


@ways
async def test_what_is_held_serves_while_a_service_says_no(way, house, caplog) -> None:
    services = house.services
    signer = await held_by(way, house, 5)  # "mandatory" from 10 minutes before the end on
    held = used(signer)
    services.refusing = True
    with pytest.raises(NotReady):
        await signer.refresh()
    assert used(signer) == held
    assert signer.due() <= 2
    services.refusing = False
    await signer.refresh()
    assert used(signer) != held
    assert "Traceback" not in caplog.text
    assert SECRET not in caplog.text
    assert SESSION not in caplog.text


# --- what the operator is told --------------------------------------------------------------------


def _no_sso_login(house: House) -> None:
    house.config(f"[default]\n{_SSO}{_SSO_ROLE}")


def _old_sso_login(house: House) -> None:
    sso(house)
    _sso_token(house, START, ends=-1)


def _old_session_login(house: House) -> None:
    sso_session(house)
    _sso_token(house, "corp", ends=-1)


def _refused(way: Callable[[House], None]) -> Callable[[House], None]:
    def prepare(house: House) -> None:
        way(house)
        house.services.refusing = True

    return prepare


def _no_token_file(house: House) -> None:
    web_identity(house)
    (house.folder / "web-token").unlink()


def _old_web_token(house: House) -> None:
    web_identity(house)
    (house.folder / "web-token").write_text("another")


def _half(house: House) -> None:
    house.set("AWS_ACCESS_KEY_ID", "AKIAHALF")


def _stranger(house: House) -> None:
    assumed(house)
    text = (house.folder / "config").read_text()
    house.config(text.replace("AKIASOURCE", "AKIASTRANGER"))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(_refused(machine), "no AWS credentials were found", id="machine"),
        pytest.param(_refused(container), "role of the task", id="container"),
        pytest.param(_refused(web_identity), "trust policy", id="web identity"),
        pytest.param(_refused(assumed), "trust policy", id="assumed"),
        pytest.param(_refused(sso), "aws sso login", id="sso"),
        pytest.param(_refused(sso_session), "aws sso login", id="sso session"),
        pytest.param(_no_sso_login, "aws sso login", id="no login"),
        pytest.param(_old_sso_login, "aws sso login", id="old login"),
        pytest.param(_old_session_login, "aws sso login", id="old session"),
        pytest.param(_no_token_file, "AWS_WEB_IDENTITY_TOKEN_FILE", id="no token file"),
        pytest.param(_old_web_token, "AWS_WEB_IDENTITY_TOKEN_FILE", id="old token"),
        pytest.param(_half, "AWS_SECRET_ACCESS_KEY", id="half a pair"),
        pytest.param(_stranger, "access key", id="stranger"),
    ],
)
def test_doctor_says_what_to_do(prepare, words, house) -> None:
    prepare(house)
    file = house.folder / "fairlead.toml"
    file.write_text(
        f'[upstreams.bedrock]\nregion = "us-east-1"\nbase_url = "{house.services.url}"\n'
    )
    result = CliRunner().invoke(
        app, ["doctor", "--json", "--config", str(file)], catch_exceptions=False
    )
    assert result.exit_code == 1, result.output
    found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert found["credentials"]["state"] == "fail"
    assert words in found["credentials"]["told"] + found["credentials"]["hint"]
    assert found["call"]["state"] == "skip"
    for secret in (SECRET, SESSION, SSO_TOKEN, CONTAINER_TOKEN, WEB_TOKEN):
        assert secret not in found["credentials"]["told"]
