"""A real gateway process before a real emulator, both on loopback.

`gateway` is shared by the tests of a module, `fresh` is started for one test with what it wants.
"""

import contextlib
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairlead.catalog import load as load_catalog
from fairlead.demo.processes import environment, free_port, running, wait_ready
from fairlead.emulator import EmulatorThread, FaultRule
from fairlead.ledger.query import show, tail
from fairlead.ledger.record import Record


def meant(family: str) -> str:
    """The model that a family means today: the gateway is a process, whose clock is the real one."""
    return load_catalog().resolve(family, datetime.now(UTC).date()).id


def until(condition: Callable[[], object]) -> None:
    """Wait for something that comes by itself, for as long as a busy machine may need."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gateway:
    """A running gateway and what a test needs of it."""

    port: int
    folder: Path
    process: Any
    emulator: EmulatorThread
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    """Whether a vendor was made to refuse our key."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "fairlead.db"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        request = urllib.request.Request(
            self.url + path, body, {"content-type": "application/json", **(headers or {})},
            method=method,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Reply(answer.status, dict(answer.headers.items()), answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, dict(error.headers.items()), error.read())

    def chat(self, body: dict[str, Any] | bytes, headers: dict[str, str] | None = None) -> Reply:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/v1/chat/completions", data, headers)

    def record(self, request_id: str, within: float = 30.0) -> Record:
        """The ledger's record, waiting until the writer has written it."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = show(self.database, request_id)
            if isinstance(found, Record):
                return found
            time.sleep(0.02)
        raise AssertionError(f"no record of {request_id}")

    def newest(self, within: float = 30.0, since: float = 0.0, **wanted: object) -> Record:
        """The newest record that has these values, of a request that came at `since` or later."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for record in tail(self.database, 20):
                if record.at < since:
                    continue
                if all(getattr(record, name) == value for name, value in wanted.items()):
                    return record
            time.sleep(0.02)
        raise AssertionError(f"no record with {wanted}: {tail(self.database, 3)}")

    def left(self, leave: Callable[[float], object], **wanted: object) -> Record:
        """The record of a request whose client waited for so many seconds and no longer. A busy
        machine may hear that a quick client left before it has read the request, which then is
        none; so a more patient one is sent after it.
        """
        for seconds in (0.3, 2.0):
            leave(seconds)
            with contextlib.suppress(AssertionError):
                return self.newest(within=5.0, **wanted)
        leave(8.0)
        return self.newest(**wanted)

    def fault(self, **rule: Any) -> None:
        self.refused = self.refused or rule.get("status") in {401, 403}
        self.emulator.faults.add(FaultRule(**rule))

    def forgive(self) -> None:
        """A refused key is not asked again before the configuration is read anew."""
        if not self.refused:
            return
        self.refused = False
        before = self.log.read_text().count("reloaded:")
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while self.log.read_text().count("reloaded:") == before:
            assert time.monotonic() < deadline, "no reload"
            time.sleep(0.02)


Start = Callable[..., Gateway]
ONE_TRY = {
    "FAIRLEAD_DELIVERY_RETRIES": "0",
    "FAIRLEAD_DELIVERY_BREAKER_IN_A_ROW": "100000",
    "FAIRLEAD_DELIVERY_BREAKER_LEAST": "100000",
    "FAIRLEAD_LEDGER_BATCH_SECONDS": "0",
}
"""A fault that a test asks for is told as it is, and says nothing to the next test. What becomes of
faults else is tested in test_attempts.py. Nor does the gateway look at batches by itself.
"""


def start_gateway(
    stack: ExitStack, folder: Path, emulator: EmulatorThread, env: dict[str, str], config: str
) -> Gateway:
    merged = environment(folder, emulator.url) | ONE_TRY | env
    merged = {name: value for name, value in merged.items() if value != "unset"}
    if config:
        (folder / "fairlead.toml").write_text(config)
    port = free_port()
    log = folder / "gateway.log"
    process = stack.enter_context(running(["serve", "--port", str(port)], merged, log))
    wait_ready(process, f"http://127.0.0.1:{port}/health", log)
    return Gateway(port, folder, process, emulator, log, merged)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread() as running_emulator:
        yield running_emulator


@pytest.fixture(scope="module")
def gateway(emulator, tmp_path_factory) -> Iterator[Gateway]:
    with ExitStack() as stack:
        yield start_gateway(stack, tmp_path_factory.mktemp("gateway"), emulator, {}, "")


@pytest.fixture(autouse=True)
def no_faults_left(request) -> Iterator[None]:
    yield
    if "emulator" in request.fixturenames or "gateway" in request.fixturenames:
        request.getfixturevalue("emulator").faults.clear()
    if "gateway" in request.fixturenames:
        request.getfixturevalue("gateway").forgive()


@pytest.fixture
def start(emulator, tmp_path) -> Iterator[Start]:
    """Start a gateway of one's own: `start(env={...}, config="...")`."""
    with ExitStack() as stack:

        def _start(env: dict[str, str] | None = None, config: str = "") -> Gateway:
            return start_gateway(stack, tmp_path, emulator, env or {}, config)

        yield _start
