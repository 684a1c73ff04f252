"""Configuration: order, origins, and errors that name file, line and key."""

from pathlib import Path

import pytest

from fairlead.server.config import ConfigError, load, variable
from fairlead.server.settings import Settings


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fairlead.toml"
    path.write_text(text)
    return path


def test_no_file_gives_the_defaults(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load(None, {})
    assert loaded.settings == Settings()
    assert loaded.origins == {}
    assert loaded.path is None


def test_environment_goes_before_file_goes_before_default(tmp_path) -> None:
    path = write(tmp_path, "[server]\nhost = '0.0.0.0'\nport = 1\n")
    loaded = load(path, {"FAIRLEAD_SERVER_PORT": "2"})
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("0.0.0.0", 2)
    assert loaded.settings.server.drain_seconds == Settings().server.drain_seconds
    assert loaded.origins["server.host"] == "fairlead.toml:2"
    assert loaded.origins["server.port"] == "environment FAIRLEAD_SERVER_PORT"


def test_lists_in_the_environment_are_separated_by_commas() -> None:
    loaded = load(None, {"FAIRLEAD_MEDIA_ALLOW_PRIVATE": "a.lan, b.lan,"})
    assert loaded.settings.media.allow_private == ("a.lan", "b.lan")


def test_the_file_is_found_by_variable_then_in_the_folder(tmp_path, monkeypatch) -> None:
    path = write(tmp_path, "[server]\nport = 5\n")
    assert load(None, {"FAIRLEAD_CONFIG": str(path)}).settings.server.port == 5
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).settings.server.port == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\n\nport = 'x'\n", ["fairlead.toml:3", "server.port", "int"]),
        ("[server]\nport = 70000\n", ["fairlead.toml:2", "server.port", "65535"]),
        ("[server]\nprot = 1\n", ["fairlead.toml:2", "server.prot", "did you mean `port`"]),
        ("[servre]\nport = 1\n", ["fairlead.toml:1", "servre", "did you mean `server`"]),
        ("[log]\nlevel = 'loud'\n", ["fairlead.toml:2", "log.level", "loud"]),
        ("[upstreams.x]\nkind = 'zz'\n", ["fairlead.toml:2", "upstreams.x.kind", "zz"]),
        ("[prices.'m-1']\nfactor = 999\n", ["fairlead.toml:2", "prices.m-1.factor", "100"]),
        ("[aliases]\nfast = 3\n", ["fairlead.toml:", "aliases", "str"]),
        ("server = 3\n", ["fairlead.toml:1", "server", "object"]),
        ("[server\n", ["fairlead.toml:1: not valid TOML: "]),
        ("[server]\nport = 1\nport = 2\n", ["fairlead.toml:3: not valid TOML: a key is set again"]),
        ("[server]\n\n[server]\n", ["fairlead.toml:3: not valid TOML: Cannot declare"]),
        ("[log]\nlevel = [\n", ["fairlead.toml:2: not valid TOML: ", "(the file ends)"]),
        ("x = " + "[" * 100_000, ["fairlead.toml: not valid TOML: it is nested too deeply"]),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    for word in words:
        assert word in str(caught.value)


def test_an_error_in_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="FAIRLEAD_SERVER_PORT"):
        load(None, {"FAIRLEAD_SERVER_PORT": "many"})


def test_a_file_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.toml", {})


def test_a_misspelt_variable_is_told() -> None:
    assert load(None, {"FAIRLEAD_SERVER_PROT": "1"}).warnings == (
        "environment variable FAIRLEAD_SERVER_PROT is not known and was ignored",
    )


def test_variable_names() -> None:
    assert variable("server", "max_body_bytes") == "FAIRLEAD_SERVER_MAX_BODY_BYTES"
