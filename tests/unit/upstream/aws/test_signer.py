"""The chain is botocore's; each of its ways is gone for real: files, a process, HTTP on loopback."""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf

import pytest

from fairlead.upstream.account import Account
from fairlead.upstream.aws import session
from fairlead.upstream.aws.signer import AwsSigner
from fairlead.upstream.proxy import parse_proxy
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest

pytest.importorskip("botocore")

REQUEST = HttpRequest("POST", "https://h.example.com/model/m/invoke", (), b"{}")
CLOCK = 1795413000.0
ACCOUNT = Account(Secret(""), region="us-east-1")


@pytest.fixture(autouse=True)
def no_clouds(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                 "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def used(signer: AwsSigner) -> tuple[str, str]:
    """The access key and the session token of a signed request."""
    headers = dict(signer.sign(REQUEST).headers)
    proof = headers["authorization"]
    return proof.partition("Credential=")[2].partition("/")[0], headers.get(
        "x-amz-security-token", ""
    )


async def test_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-of-env")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "tok")
    signer = AwsSigner(ACCOUNT, "bedrock", lambda: CLOCK)
    assert signer.due() == 0
    with pytest.raises(NotReady, match="not come yet"):
        signer.sign(REQUEST)
    await signer.refresh()
    assert used(signer) == ("AKIDENV", "tok")
    assert signer.due() == inf
    assert "s3cr3t" not in repr(vars(signer)["_held"])


async def test_a_profile_of_the_shared_files(tmp_path) -> None:
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = s\n"
    )
    (tmp_path / "config").write_text("[profile work]\nregion = eu-central-1\n")
    signer = AwsSigner(Account(Secret(""), profile="work"), "bedrock")
    assert signer.region == "eu-central-1"
    await signer.refresh()
    assert used(signer) == ("AKIDWORK", "")


async def test_a_process(tmp_path) -> None:
    said = {"Version": 1, "AccessKeyId": "AKIDPROC", "SecretAccessKey": "s"}
    (tmp_path / "say.py").write_text(f"print({json.dumps(json.dumps(said))})")
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} {tmp_path / 'say.py'}\n"
    )
    signer = AwsSigner(ACCOUNT, "bedrock")
    await signer.refresh()
    assert used(signer) == ("AKIDPROC", "")


class Container(ThreadingHTTPServer):
    """What ECS answers at a task's credentials address."""

    def __init__(self) -> None:
        self.asked, self.lives = 0, 3600
        super().__init__(("127.0.0.1", 0), Answering)


class Answering(BaseHTTPRequestHandler):
    server: Container

    def do_GET(self) -> None:
        self.server.asked += 1
        ends = datetime.now(UTC) + timedelta(seconds=self.server.lives)
        body = json.dumps(
            {
                "AccessKeyId": f"ASIA{self.server.asked}",
                "SecretAccessKey": "s",
                "Token": "t",
                "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def container():
    server = Container()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_containers_role_is_refreshed_before_it_ends(container, monkeypatch) -> None:
    monkeypatch.setenv(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{container.server_port}/c"
    )
    container.lives = 12 * 60  # botocore takes new ones from 15 minutes before the end on
    signer = AwsSigner(ACCOUNT, "bedrock")
    await signer.refresh()
    first = container.asked
    assert used(signer) == (f"ASIA{first}", "t")
    assert 0 < signer.due() <= 60
    container.lives = 6 * 3600
    await signer.refresh()
    assert container.asked > first
    assert used(signer) == (f"ASIA{container.asked}", "t")
    settled = container.asked
    await signer.refresh()
    assert container.asked == settled


async def test_nothing_found_is_told_with_what_to_do(caplog) -> None:
    signer = AwsSigner(ACCOUNT, "bedrock", lambda: CLOCK)
    for wait in (2, 5, 15, 30, 60, 60):
        with pytest.raises(NotReady, match="AWS_ACCESS_KEY_ID"):
            await signer.refresh()
        assert signer.due() == wait
    with pytest.raises(NotReady, match="AWS_BEARER_TOKEN_BEDROCK"):
        signer.sign(REQUEST)
    assert "no AWS credentials" in caplog.text


@pytest.mark.parametrize("does", ["import sys; sys.exit(3)", "print(1)", "print(dict())"])
async def test_a_process_that_fails_is_told(tmp_path, caplog, does) -> None:
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} -c '{does}'\n"
    )
    signer = AwsSigner(ACCOUNT, "bedrock")
    with pytest.raises(NotReady):
        await signer.refresh()
    assert "no AWS credentials" in caplog.text


def test_a_profile_that_is_nowhere_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="no profile 'nobody'"):
        AwsSigner(Account(Secret(""), region="us-east-1", profile="nobody"), "bedrock")


def test_no_region_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="AWS_REGION"):
        AwsSigner(Account(Secret("")), "bedrock")


def test_without_botocore_the_error_says_what_to_install(monkeypatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(session, "import_module", missing)
    with pytest.raises(ValueError, match=r"fairlead\[bedrock\]"):
        AwsSigner(ACCOUNT, "bedrock")


async def test_the_date_is_of_the_second_of_the_request(monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    now = [CLOCK]
    signer = AwsSigner(ACCOUNT, "bedrock", lambda: now[0])
    await signer.refresh()
    stamps = []
    for second in (0, 0.4, 1):
        now[0] = CLOCK + second
        stamps.append(dict(signer.sign(REQUEST).headers)["x-amz-date"])
    assert stamps == ["20261123T055000Z", "20261123T055000Z", "20261123T055001Z"]


@pytest.mark.parametrize(
    ("own_way", "proxy", "wanted"),
    [
        (False, None, None),
        (True, None, {}),
        (True, "http://u:a%3A@gate:1", dict.fromkeys(("http", "https"), "http://u:a%3A@gate:1")),
        (True, "socks5h://gate:1", None),
    ],
)
def test_sts_and_sso_are_asked_through_the_upstreams_own_proxy(own_way, proxy, wanted) -> None:
    gate = None if proxy is None else parse_proxy(proxy)
    account = Account(Secret(""), region="us-east-1", own_way=own_way, proxy=gate)
    signer = AwsSigner(account, "bedrock")
    config = signer._session.get_default_client_config()
    assert (config and config.proxies) == wanted
    if config is not None:
        sts = signer._session.create_client(
            "sts", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        assert sts.meta.config.proxies == wanted
