"""`fairlead emulate`: what is wrong is told in one line, what is right reaches the emulator."""

import errno
import gzip
import socket
from contextlib import closing

import pytest
from typer.testing import CliRunner

from fairlead.canon import FairleadError
from fairlead.cli import emulate
from fairlead.cli.main import app

RUNNER = CliRunner()


@pytest.fixture
def ran(monkeypatch):
    """The settings that the command would have run with."""
    seen = []

    def run(settings, started, vertex_credentials):
        assert vertex_credentials is None
        seen.append(settings)
        started("http://127.0.0.1:1")

    monkeypatch.setattr(emulate, "run", run)
    monkeypatch.setattr(emulate, "setup", lambda: None)
    return seen


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(emulate, "setup", lambda: None)


def complaint(*flags):
    """What the command raises for these flags; `main` prints it and exits with 1."""
    result = RUNNER.invoke(app, ["emulate", *flags])
    assert isinstance(result.exception, FairleadError), result.output
    text = str(result.exception)
    assert "\n" not in text
    return text


def test_the_address_is_printed(ran):
    result = RUNNER.invoke(app, ["emulate"])
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:1 (no model is called)" in result.output
    assert ran[0].keys is None


def test_flags_reach_the_emulator(ran, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[fault]]\naction = "stall"\nseconds = 2\n', "utf-8")
    flags = ["--key", "k1", "--key", "k2", "--fault", "429 every=3", "--fault-file", str(rules)]
    script = tmp_path / "script.toml"
    script.write_text('[[script]]\nname = "s"\nturn = [{ say = "Hi." }]\n', "utf-8")
    flags += ["--script", str(script)]
    flags += ["--ttft", "m=120ms", "--tps", "80", "--port", "0"]
    result = RUNNER.invoke(app, ["emulate", *flags])
    assert result.exit_code == 0, result.output
    (settings,) = ran
    assert settings.keys == ("k1", "k2")
    assert [(rule.action, rule.status) for rule in settings.faults] == [
        ("status", 429),
        ("stall", None),
    ]
    assert [(script.name, script.turn[0].say) for script in settings.scripts] == [("s", "Hi.")]
    assert (settings.ttft, settings.tps) == ({"m": 0.12}, {"*": 80.0})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--ttft", "m=fast"], "--ttft m=fast: 'fast' is no time; write 120ms or 1.5s"),
        (["--tps", "m=-1"], "--tps m=-1: must be 0"),
        (["--fault", "explode"], "--fault: fault 'explode': action 'explode' is not one of status"),
        (["--fault-file", "absent.toml"], "--fault-file: absent.toml: No such file"),
        (["--script", "absent.toml"], "--script: absent.toml: No such file"),
        (["--replay-only"], "--replay-only needs recordings: name their file with --replay"),
        (["--replay", "absent.jsonl"], "--replay absent.jsonl: No such file or directory ("),
        (["--host", "203.0.113.9"], "(--host must be an address of this machine"),
    ],
)
def test_a_wrong_flag_is_told_in_one_line(quiet, flags, said):
    assert said in complaint(*flags)


def test_broken_recordings_name_the_line(quiet, tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text('{"provider": "gemini"}\n', "utf-8")
    assert f"--replay {path}, line 1: " in complaint("--replay", str(path))
    packed = tmp_path / "calls.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"provider": "gemini"}\n' * 500)[:-20])
    assert f"--replay {packed}" in complaint("--replay", str(packed))
    packed.write_bytes(gzip.compress(b"x" * 500)[:10] + b"\xff" * 40)
    assert f"--replay {packed}" in complaint("--replay", str(packed))


def test_a_taken_port_is_told_with_a_way_out(quiet):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        text = complaint("--port", port)
    assert text.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert emulate._HINTS[errno.EADDRINUSE] in text


def test_a_port_that_is_none_is_refused():
    result = RUNNER.invoke(app, ["emulate", "--port", "99999"])
    assert result.exit_code == 2
