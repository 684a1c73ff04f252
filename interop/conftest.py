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
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import shelf as shelf_of_files

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FAIRLEAD_BIN", str(ROOT / ".venv" / "bin" / "fairlead"))
VENDORS = ("GEMINI", "ANTHROPIC", "OPENAI")
# The suites name Flash, also on days after its end: here it does not end.
CONFIG = '[models."gemini-2.5-flash"]\n"lifecycle.ends" = 2100-01-01\n'
# Keys and proxies of whoever runs this must not reach a real vendor, nor divert loopback.
DROPPED = ("FAIRLEAD_", "LANGCHAIN_", "LANGSMITH_", "GOOGLE_", *(f"{name}_" for name in VENDORS))
for _name in [name for name in os.environ if name.startswith(DROPPED) and name != "FAIRLEAD_BIN"]:
    del os.environ[_name]
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


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
def shelf() -> Iterator[str]:
    """Where small files are served: any path ending in .png, .pdf or .wav."""
    with shelf_of_files.serving() as url:
        yield url


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, shelf: str) -> Iterator[str]:
    """The gateway's address."""
    folder = tmp_path_factory.mktemp("gateway")
    vendors, port = _free_port(), _free_port()
    config = folder / "fairlead.toml"
    config.write_text(CONFIG)
    env = dict(os.environ) | {
        "FAIRLEAD_LEDGER_PATH": str(folder / "fairlead.db"),
        "FAIRLEAD_MEDIA_ALLOW_PRIVATE": shelf.removeprefix("http://"),
    }
    for name in VENDORS:
        env[f"FAIRLEAD_{name}_BASE_URL"] = f"http://127.0.0.1:{vendors}"
        env[f"{name}_API_KEY"] = "emulated"
    with ExitStack() as stack:
        for arguments, at, path in (
            (["emulate", "--port", str(vendors)], vendors, "/v1/models"),
            (["serve", "--port", str(port), "--config", str(config)], port, "/ready"),
        ):
            url = f"http://127.0.0.1:{at}{path}"
            stack.enter_context(_running(arguments, env, url, folder / f"{arguments[0]}.log"))
        yield f"http://127.0.0.1:{port}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each class: what passed, was skipped, is known to fail, failed."""
    kinds = ("passed", "skipped", "xfailed", "failed", "error")
    counts: Counter[tuple[str, str]] = Counter()
    names: dict[str, None] = {}
    for kind in kinds:
        for report in terminalreporter.stats.get(kind, ()):
            name = _row(report.nodeid)
            names[name] = None
            counts[name, kind] += 1
    width = max(map(len, names), default=0)
    terminalreporter.ensure_newline()
    terminalreporter.section("frameworks through Fairlead")
    terminalreporter.write_line(" " * width + "".join(f"{kind:>9}" for kind in kinds))
    for name in sorted(names):
        row = "".join(f"{counts[name, kind]:>9}" for kind in kinds)
        terminalreporter.write_line(f"{name:<{width}}{row}")


def _row(nodeid: str) -> str:
    """The file and class of a test, in words: `langchain: OpenAI on Flash`."""
    file, *inner = nodeid.split("::")
    framework = Path(file).stem.removeprefix("test_")
    if len(inner) < 2:
        return framework
    words = inner[0].removeprefix("Test").replace("On", " on ").replace("Through", " through ")
    return f"{framework}: {words}"
