"""The two processes of the demo: emulator and gateway, started as a user would start them."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairlead.canon import FairleadError

__all__ = ["ProcessFailed", "environment", "free_port", "running", "wait_ready"]

READY_WITHIN = 120.0


class ProcessFailed(FairleadError):
    """A process ended, or did not become ready in time; its last words are in the message."""


def free_port() -> int:
    """A port for a server that is about to start; nobody else gets it while this process lives.

    The socket that found it stays bound and never listens. So the kernel gives the port to no other
    process that asks for any, in the second or more until the server is up, and lets the server
    have it all the same: both set SO_REUSEADDR, and one alone listens (socket(7)).
    """
    held = socket.socket()
    atexit.register(held.close)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    return port


def environment(folder: Path, emulator: str | None) -> dict[str, str]:
    """The gateway's environment: a ledger in `folder`, the emulator (if any) as every vendor.

    Of the user's own `FAIRLEAD_` variables only the vendors' addresses stay, and only where no
    emulator stands in for them.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FAIRLEAD_") or name.endswith("_BASE_URL")
    }
    env["FAIRLEAD_LEDGER_PATH"] = str(folder / "fairlead.db")
    env["FAIRLEAD_CONFIG"] = str(folder / "fairlead.toml")
    (folder / "fairlead.toml").touch()
    if emulator is not None:
        for name in ("GEMINI", "ANTHROPIC", "OPENAI"):
            env[f"FAIRLEAD_{name}_BASE_URL"] = emulator
            env[f"{name}_API_KEY"] = f"emulated-{name.lower()}-key"
    return env


@contextmanager
def running(
    arguments: list[str], env: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `fairlead ARGUMENTS` with its output in `log`; stopped by SIGTERM at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "fairlead", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until `url` answers anything below 500.

    Raises:
        ProcessFailed: it ended, or took too long.
    """
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                if answer.status < 500:
                    return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass  # not listening yet
        time.sleep(0.05)
    words = log.read_text(errors="replace").strip().splitlines()[-8:]
    raise ProcessFailed(f"{url} did not become ready: " + " | ".join(words))
