"""A gateway and an emulator for frameworks that live in an environment of their own.

Nothing of Fairlead is imported here: both are started as programs of the project's environment
(`FAIRLEAD_BIN`, by default `.venv/bin/fairlead`), as a user would.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FAIRLEAD_BIN", str(ROOT / ".venv" / "bin" / "fairlead"))
MODELS = ("gemini-2.5-flash", "claude-haiku-4-5-20251001")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _running(arguments: list[str], env: dict[str, str], url: str, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen([PROGRAM, *arguments], env=env, stdout=out, stderr=out)
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except urllib.error.HTTPError:
                    break  # it listens
                except OSError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.05)
            else:
                raise AssertionError(log.read_text())
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory) -> Iterator[str]:
    """The gateway's address."""
    folder = tmp_path_factory.mktemp("gateway")
    vendors, port = _free_port(), _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    env |= {"FAIRLEAD_LEDGER_PATH": str(folder / "fairlead.db")}
    for name in ("GEMINI", "ANTHROPIC", "OPENAI"):
        env[f"FAIRLEAD_{name}_BASE_URL"] = f"http://127.0.0.1:{vendors}"
        env[f"{name}_API_KEY"] = "emulated"
    with ExitStack() as stack:
        for arguments, at, path in (
            (["emulate", "--port", str(vendors)], vendors, "/v1/models"),
            (["serve", "--port", str(port)], port, "/ready"),
        ):
            url = f"http://127.0.0.1:{at}{path}"
            stack.enter_context(_running(arguments, env, url, folder / f"{arguments[0]}.log"))
        yield f"http://127.0.0.1:{port}"
