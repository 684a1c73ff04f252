"""How upstreams are reached, as it is compiled from settings and environment."""

from pathlib import Path

import pytest
import trustme

from fairlead.server.compile import compile_snapshot
from fairlead.server.config import ConfigError, load
from fairlead.upstream.transports import Transports

ENV = {"ANTHROPIC_API_KEY": "key-of-anthropic", "GEMINI_API_KEY": "key-of-gemini"}


def compiled(tmp_path: Path, toml: str, env: dict[str, str]):
    file = tmp_path / "fairlead.toml"
    file.write_text(toml)
    return compile_snapshot(load(file, env), env).upstreams


def test_each_upstream_has_a_proxy_of_its_own(tmp_path: Path) -> None:
    toml = """
[upstreams.anthropic]
proxy = "http://gate:geheim@a:1"
[upstreams.gemini]
proxy_env = "GATE"
[upstreams.mesh]
kind = "openai_compatible"
base_url = "https://mesh.test/v1"
[upstreams.near]
kind = "openai_compatible"
base_url = "http://near.test/v1"
proxy = "none"
[upstreams.inside]
kind = "openai_compatible"
base_url = "http://inside.corp/v1"
"""
    env = ENV | {"GATE": "socks5h://b:2", "ALL_PROXY": "http://c:3", "NO_PROXY": "corp"}
    found = compiled(tmp_path, toml, env)
    ways = {
        name: each.proxy and (each.proxy.label, each.proxy.source) for name, each in found.items()
    }
    assert ways == {
        "anthropic": ("http://a:1", "`proxy`"),
        "gemini": ("socks5h://b:2", "environment variable GATE"),
        "mesh": ("http://c:3", "environment variable ALL_PROXY"),
        "near": None,
        "inside": None,
    }
    assert "geheim" not in repr(found)


def test_without_any_file_the_environment_is_honoured(tmp_path: Path) -> None:
    found = compiled(
        tmp_path, "", ENV | {"https_proxy": "http://c:3", "no_proxy": "googleapis.com"}
    )
    assert found["anthropic"].proxy is not None
    assert found["gemini"].proxy is None


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('proxy = "ftp://u:geheim@h:1"', "`proxy`: the proxy's address must begin with"),
        ('proxy_env = "ABSENT"', "set the environment variable ABSENT"),
        ('proxy_env = "GATE"\nproxy = "none"', "give the proxy once"),
        ('proxy_env = "BAD"', "environment variable BAD: the proxy's address names no port"),
        ('client_cert = "/nowhere/c.pem"', "client certificate /nowhere/c.pem: No such file"),
        ('ca_file = "/nowhere/c.pem"', "CA file /nowhere/c.pem: "),
        ('client_key = "/nowhere/k.pem"', "there is no client certificate to it"),
        ('client_key_password_env = "ABSENT"', "set the environment variable ABSENT"),
    ],
)
def test_what_cannot_work_is_told_at_the_start(tmp_path: Path, toml: str, words: str) -> None:
    env = ENV | {"GATE": "http://h:1", "BAD": "http://u:geheim@h"}
    with pytest.raises(ConfigError, match=r"upstreams\.anthropic: ") as caught:
        compiled(tmp_path, f"[upstreams.anthropic]\n{toml}\n", env)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)


async def test_who_is_reached_in_another_way_shares_no_connections(tmp_path: Path) -> None:
    cert = tmp_path / "client.pem"
    blob = trustme.CA().issue_cert("me@fairlead.test").private_key_and_cert_chain_pem
    blob.write_to_path(str(cert))
    one = '[upstreams.{}]\nkind = "openai_compatible"\nbase_url = "https://mesh.test/v1"\n{}\n'
    ways = {
        "plain": "",
        "again": "",
        "gate": 'proxy = "http://h:1"',
        "same": 'proxy = "http://h:1"',
        "signed": 'proxy = "http://u:p@h:1"',
        "other": 'proxy = "http://u:q@h:1"',
        "cert": f'client_cert = "{cert}"',
    }
    toml = "".join(one.format(name, more) for name, more in ways.items())
    found = compiled(tmp_path, toml, {})
    transports = Transports()
    of = {name: transports.of(found[name]) for name in ways}
    assert of["plain"] is of["again"]
    assert of["gate"] is of["same"]
    assert len(set(map(id, of.values()))) == 5
    await transports.aclose()
