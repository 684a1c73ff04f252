"""A gateway process whose upstream wants a client certificate and is reached through a proxy.

The proxies are the tests' own, and in `make proxies` tinyproxy and microsocks as Debian has them.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.contract.raw_proxy import HttpProxy, SocksProxy
from tests.integration.tls_house import KEY_PASSWORD, House

from fairlead.demo.processes import free_port

USER, PASSWORD = "gate", "keep:out/1"
SIGNED = "gate:keep%3Aout%2F1@"
SECRETS = (PASSWORD, "keep%3Aout", "Z2F0ZTprZWVwOm91dC8x")
HAIKU = "claude-haiku-4-5-20251001"
ASK = {"model": HAIKU, "messages": [{"role": "user", "content": "What is a monad?"}]}

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 60
MaxClients 50
LogLevel Info
BasicAuth {user} {password}
"""
TINY_PASSWORD = "keepout1"  # tinyproxy's file takes no other characters


@pytest.fixture(scope="module")
def house(emulator, tmp_path_factory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), emulator.url).open() as opened:
        yield opened


def config(house: House, more: str) -> str:
    return f"""
[upstreams.anthropic]
base_url = "{house.front}"
ca_file = "{house.ca_file}"
client_cert = "{house.cert_file}"
client_key = "{house.key_file}"
client_key_password_env = "KEY_PASSWORD"
{more}
"""


ENV = {"KEY_PASSWORD": KEY_PASSWORD, "GEMINI_API_KEY": "unset", "OPENAI_API_KEY": "unset"}


def answered(gateway) -> None:
    """Whole answers, streams and a conversation come through, and secrets stay where they are."""
    for stream in (False, True, False):
        reply = gateway.chat({**ASK, "stream": stream})
        assert reply.status == 200, reply.body
        assert b"emulated" in reply.body
    log = gateway.log.read_text()
    assert not [secret for secret in SECRETS if secret in log]


def doctor(gateway, code: int) -> dict[str, dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "doctor", "anthropic", "--json"],
        env=gateway.env, capture_output=True, text=True, timeout=60, check=False,
        cwd=gateway.folder,
    )  # fmt: skip
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    assert done.returncode == code, done.stdout + done.stderr
    return {found["check"]: found for found in json.loads(done.stdout)["findings"]}


OWN = {"http": HttpProxy, "socks5h": SocksProxy}


@pytest.mark.parametrize("scheme", OWN)
def test_through_a_proxy_of_its_own(house: House, start, scheme: str) -> None:
    proxy = house.proxy(OWN[scheme], credentials=(USER, PASSWORD), routes=_loopback(house))
    at = f"{scheme}://{SIGNED}127.0.0.1:{proxy.port}"
    gateway = start(ENV | {"GATE": at}, config(house, 'proxy_env = "GATE"'))
    answered(gateway)
    assert len(proxy.asked) == 1, "one connection, kept"
    found = doctor(gateway, 0)
    assert (
        f"through {scheme}://127.0.0.1:{proxy.port} (environment variable GATE)"
        in (found["proxy"]["told"])
    )
    assert [found[each]["state"] for each in ("proxy", "tls", "call", "client certificate")] == (
        ["ok"] * 4
    )


def _loopback(house: House) -> dict[str, tuple[str, int]]:
    """The names of loopback lead to where the front listens."""
    return {f"{host}:{house.port}": ("127.0.0.1", house.port) for host in ("localhost", "::1")}


def test_what_goes_wrong_is_told_to_the_client_and_by_doctor(house: House, start) -> None:
    proxy = house.proxy(HttpProxy, credentials=(USER, PASSWORD))
    wrong = f"http://{USER}:{PASSWORD[::-1].replace('/', '%2F')}@127.0.0.1:{proxy.port}"
    gateway = start(ENV, config(house, f'proxy = "{wrong}"'))
    reply = gateway.chat(ASK)
    assert reply.status == 502
    told = reply.json()["error"]["message"]
    assert f"through http://127.0.0.1:{proxy.port}" in told
    assert "refuses the user name or the password (status 407)" in told
    assert PASSWORD[::-1] not in gateway.log.read_text() + reply.body.decode()
    found = doctor(gateway, 1)
    assert found["proxy"]["state"] == "fail"
    assert "status 407" in found["proxy"]["told"]
    assert "tls" not in found


# --- Debian's


def real(name: str) -> str:
    """Where a program is. The suite does without: not every machine has them."""
    if not os.environ.get("FAIRLEAD_REAL_PROXIES"):
        pytest.skip(f"{name} is for `make proxies`, which installs it")
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return found


def tinyproxy(folder: Path, port: int) -> list[str]:
    file = folder / "tinyproxy.conf"
    file.write_text(TINYPROXY.format(port=port, user=USER, password=TINY_PASSWORD))
    return [real("tinyproxy"), "-d", "-c", str(file)]


def microsocks(_folder: Path, port: int) -> list[str]:
    place = ["-i", "127.0.0.1", "-p", str(port)]
    return [real("microsocks"), *place, "-u", USER, "-P", PASSWORD]


PROGRAMS: dict[str, tuple[Callable[[Path, int], list[str]], str, str]] = {
    "http": (tinyproxy, f"{USER}:{TINY_PASSWORD}", "CONNECT localhost:{port}"),
    "socks5": (microsocks, SIGNED[:-1], "{port}"),
    "socks5h": (microsocks, SIGNED[:-1], "localhost:{port}"),
}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[str], tuple[str, Path]]]:
    """`program(scheme)` starts the one for it: its address with credentials, and its log."""
    with ExitStack() as stack:

        def begin(scheme: str) -> tuple[str, Path]:
            command, credentials, _ = PROGRAMS[scheme]
            port, log = free_port(), tmp_path / "proxy.log"
            process = stack.enter_context(
                subprocess.Popen(
                    command(tmp_path, port),
                    stdout=stack.enter_context(log.open("wb")),
                    stderr=subprocess.STDOUT,
                )
            )
            stack.callback(process.kill)
            _until_listening(port, process, log)
            return f"{scheme}://{credentials}@127.0.0.1:{port}", log

        yield begin


def _until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"  # not by connecting: that is logged too
    deadline = time.monotonic() + 20
    while wanted not in Path("/proc/net/tcp").read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


@pytest.mark.parametrize("scheme", PROGRAMS)
def test_through_debians_proxies(house: House, start, program, scheme: str) -> None:
    at, log = program(scheme)
    gateway = start(ENV | {"GATE": at}, config(house, 'proxy_env = "GATE"'))
    answered(gateway)
    found = doctor(gateway, 0)
    assert found["proxy"]["state"] == found["tls"]["state"] == found["call"]["state"] == "ok"
    assert PROGRAMS[scheme][2].format(port=house.port) in log.read_text()


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_debians_proxies_refuse_wrong_credentials(
    house: House, start, program, scheme: str
) -> None:
    at, _ = program(scheme)
    wrong = at.replace("gate:", "gate:not")
    gateway = start(ENV | {"GATE": wrong}, config(house, 'proxy_env = "GATE"'))
    reply = gateway.chat(ASK)
    assert reply.status == 502
    message = reply.json()["error"]["message"]
    assert "refuses the user name or the password" in message
    assert doctor(gateway, 1)["proxy"]["state"] == "fail"


def test_debians_proxy_passes_plain_http_on(emulator, start, program) -> None:
    """Loopback is asked for through a proxy that is the upstream's own, never the environment's."""
    at, log = program("http")
    port = emulator.url.rpartition(":")[2]
    plain = f'[upstreams.anthropic]\nbase_url = "http://127.0.0.1:{port}"\nproxy = "{at}"\n'
    gateway = start(ENV, plain)
    answered(gateway)
    assert f"POST http://127.0.0.1:{port}/v1/messages" in log.read_text()
    gateway = start(ENV | {"HTTP_PROXY": at}, plain.replace(f'proxy = "{at}"', ""))
    log.write_bytes(b"")
    answered(gateway)
    assert "POST" not in log.read_text(), "loopback is not asked for through the environment's"
