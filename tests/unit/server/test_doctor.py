"""What `fairlead doctor` finds, before the emulator and before addresses that do not work."""

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme
from typer.testing import CliRunner

from fairlead.cli.main import app
from fairlead.emulator import EmulatorThread

RUN = CliRunner()
KEY = "a-key-that-must-not-be-shown-1234"


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("GEMINI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "FAIRLEAD_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def examined(tmp_path, config: str, code: int) -> dict[tuple[str, str], dict[str, str]]:
    file = tmp_path / "fairlead.toml"
    file.write_text(config)
    result = RUN.invoke(app, ["doctor", "--json", "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert KEY not in result.output
    told = json.loads(result.stdout)
    assert told["healthy"] is (code == 0)
    return {(each["upstream"], each["check"]): each for each in told["findings"]}


def upstream(name: str, url: str, more: str = "") -> str:
    return f'[upstreams.{name}]\nbase_url = "{url}"\napi_key = "{KEY}"\n{more}\n'


def test_upstreams_that_work(tmp_path, emulator) -> None:
    config = upstream("gemini", emulator.url) + upstream("anthropic", emulator.url)
    config += upstream("openai", emulator.url)
    file = tmp_path / "account.json"
    file.write_text(json.dumps(emulator.service_account("proj-1")))
    config += f'[upstreams.vertex]\nbase_url = "{emulator.url}"\ncredentials_file = "{file}"\n'
    found = examined(tmp_path, config, 0)
    for name in ("gemini", "anthropic", "openai", "vertex", "vertex-claude"):
        assert found[name, "credentials"]["state"] == "ok"
        assert found[name, "call"]["told"].startswith("answered, by the emulator")


def test_a_key_that_is_refused_and_an_address_that_is_nowhere(tmp_path, emulator) -> None:
    config = upstream("anthropic", emulator.url).replace(KEY, "bad-" + KEY)
    config += upstream("openai", "http://nowhere.invalid")
    found = examined(tmp_path, config, 1)
    assert found["anthropic", "call"]["state"] == "fail"
    assert "401" in found["anthropic", "call"]["told"]
    assert found["openai", "dns"]["state"] == "fail"
    assert "base_url" in found["openai", "dns"]["hint"]


def test_a_call_that_is_not_there_is_no_failure(tmp_path, emulator) -> None:
    config = upstream("local", f"{emulator.url}/elsewhere/v9", 'kind = "openai_compatible"')
    found = examined(tmp_path, config, 0)
    assert found["local", "call"]["state"] == "warn"


def test_an_account_that_is_gone_is_not_called(tmp_path, emulator) -> None:
    account = emulator.service_account("proj-1") | {"client_email": "gone@x.test"}
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    config = f'[upstreams.vertex]\nbase_url = "{emulator.url}"\ncredentials_file = "{file}"\n'
    found = examined(tmp_path, config, 1)
    assert "was deleted" in found["vertex", "credentials"]["told"]
    assert found["vertex", "call"]["state"] == "skip"
    assert account["private_key"][40:80] not in json.dumps(list(found.values()))


def test_a_model_that_nobody_knows_is_told_once_not_for_every_key(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KEY_A", KEY)
    monkeypatch.setenv("KEY_B", KEY + "5")
    config = """
[upstreams.mine]
kind = "openai_compatible"
base_url = "http://nowhere.invalid"
api_key_envs = ["KEY_A", "KEY_B"]
models = { "claude-haiku-45" = "x" }
"""
    found = examined(tmp_path, config, 1)
    assert "does not know 'claude-haiku-45'" in found["mine", "models"]["told"]
    assert ("mine#2", "credentials") in found
    assert ("mine#2", "models") not in found


def test_an_unknown_name_is_told(tmp_path) -> None:
    result = RUN.invoke(app, ["doctor", "nope"])
    assert result.exit_code != 0


class _Late(BaseHTTPRequestHandler):
    """Answers with a clock that is ten minutes behind."""

    def do_GET(self) -> None:
        self.send_response_only(200)
        late = datetime.now(UTC) - timedelta(minutes=10)
        self.send_header("date", late.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def late():
    """A server with a certificate of a private authority that ends in five days."""
    authority = trustme.CA()
    soon = datetime.now(UTC) + timedelta(days=5)
    certificate = authority.issue_cert("127.0.0.1", not_after=soon)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), _Late)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # a refused certificate ends the handshake
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", authority
    server.shutdown()
    server.server_close()
    thread.join()


def test_certificates_and_clocks(tmp_path, late) -> None:
    url, authority = late
    untrusted = examined(tmp_path, upstream("openai", url), 1)
    assert untrusted["openai", "tls"]["state"] == "fail"
    assert "ca_file" in untrusted["openai", "tls"]["hint"]
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    found = examined(tmp_path, upstream("openai", url, f'ca_file = "{file}"'), 1)
    assert found["openai", "tls"]["state"] == "warn"
    assert "in 4 days" in found["openai", "tls"]["told"]
    assert found["openai", "call"]["state"] == "ok"
    assert found["openai", "clock"]["state"] == "fail"
    assert "ahead of the vendor's" in found["openai", "clock"]["told"]


def test_a_certificate_of_our_own_that_has_ended(tmp_path, emulator) -> None:
    file = tmp_path / "client.pem"
    leaf = trustme.CA().issue_cert("me@here", not_after=datetime.now(UTC) - timedelta(days=2))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(file))
    config = upstream("anthropic", emulator.url, f'client_cert = "{file}"')
    found = examined(tmp_path, config, 1)["anthropic", "client certificate"]
    assert found["state"] == "fail"
    assert found["told"].startswith("it ended on ")


def test_a_proxy_that_is_not_there(tmp_path) -> None:
    proxy = 'proxy = "http://someone:secret-of-the-proxy@127.0.0.1:9"'
    found = examined(tmp_path, upstream("anthropic", "https://vendor.test", proxy), 1)
    told = found["anthropic", "proxy"]
    assert told["state"] == "fail"
    assert told["told"].startswith("through http://127.0.0.1:9 (`proxy`): the proxy cannot be")
    assert ("anthropic", "dns") not in found
    assert "secret-of-the-proxy" not in str(found)


def test_a_name_is_told_as_it_is(tmp_path) -> None:
    path = tmp_path / "fairlead.toml"
    path.write_text(
        '[upstreams.mine]\nkind = "openai_compatible"\nbase_url = "http://nowhere.invalid"\n'
        'models = { "claude-haiku:free:[b]" = "x" }\n'
    )
    told = RUN.invoke(app, ["doctor", "--config", str(path)]).output
    assert "claude-haiku:free:[b]" in "".join(told.split())
