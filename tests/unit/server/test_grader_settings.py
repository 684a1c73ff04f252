"""Graders of the configuration: what is at fault is told with file, line and the grader's name."""

import sys

import pytest

from fairlead.server.config import ConfigError, load
from fairlead.server.graders import compile_graders

GOOD = f"[graders.good]\ncommand = ['{sys.executable}']\n"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("command = 'python3 x'", "fairlead.toml:4: graders.mine.command: Expected `array`"),
        ("command = ['/no/such']", "graders.mine.command: no program '/no/such' can be run"),
        ("command = ['']", "graders.mine.command: the first word is the program"),
        ("url = 'ftp://x'", "graders.mine.url: is no http:// or https:// address"),
        ("seconds = 3", "graders.mine: give either `command` or `url`"),
    ],
)
def test_a_grader_at_fault_is_named(tmp_path, bad: str, said: str) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text(f"{GOOD}[graders.mine]\n{bad}\n")
    with pytest.raises(ConfigError) as raised:
        compile_graders(load(file, {}), {})
    assert said in str(raised.value)


def test_a_program_on_the_path_is_found(tmp_path) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text("[graders.mine]\ncommand = ['python3', 'grade.py']\n")
    assert compile_graders(load(file, {}), {})["mine"].command == ("python3", "grade.py")


URL = "[graders.mine]\nurl = 'http://grader.test/grade'\n"


def compiled(tmp_path, text: str, **env: str):
    file = tmp_path / "fairlead.toml"
    file.write_text(text)
    return compile_graders(load(file, env), env)["mine"]


def test_an_address_is_reached_as_an_upstream_is(tmp_path) -> None:
    assert compiled(tmp_path, URL).proxy is None
    by_environment = compiled(tmp_path, URL, http_proxy="http://proxy.test:3128")
    assert by_environment.proxy.host == "proxy.test"
    own = compiled(
        tmp_path, URL + "proxy = 'socks5://other.test:1080'\n", http_proxy="http://no.test"
    )
    assert (own.proxy.scheme, own.proxy.host) == ("socks5", "other.test")
    exempt = {"http_proxy": "http://proxy.test", "no_proxy": "grader.test"}
    assert compiled(tmp_path, URL, **exempt).proxy is None
    assert compiled(tmp_path, URL + "proxy = 'none'\n", http_proxy="http://no.test").proxy is None
    local = URL.replace("grader.test", "127.0.0.1")
    assert compiled(tmp_path, local, http_proxy="http://proxy.test").proxy is None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("proxy_env = 'NOWHERE'", "graders.mine: no proxy: set the environment variable NOWHERE"),
        ("proxy = 'ftp://user:secret@x'", "graders.mine: `proxy`: "),
        ("ca_file = '/no/such.pem'", "graders.mine: "),
    ],
)
def test_a_way_at_fault_is_named_without_its_password(tmp_path, bad: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compiled(tmp_path, URL + bad + "\n")
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_program_is_reached_through_no_proxy(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"graders\.mine\.ca_file: is for a grader with `url`"):
        compiled(tmp_path, "[graders.mine]\ncommand = ['python3']\nca_file = 'x.pem'\n")
