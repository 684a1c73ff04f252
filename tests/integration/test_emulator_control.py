"""The emulator's own addresses, its process and its Python faces."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from fairlead.emulator import Emulator, EmulatorSettings, EmulatorThread, FaultRule


@pytest.fixture
def own() -> Iterator[EmulatorThread]:
    with EmulatorThread(
        EmulatorSettings(port=0, faults=(FaultRule("status", status=500, times=1),))
    ) as e:
        yield e


def call(url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def generate(emulator: EmulatorThread) -> int:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    url = emulator.url + "/v1beta/models/gemini-2.5-flash:generateContent"
    return call(url, "POST", body, **{"x-goog-api-key": "key"})[0]


def test_faults_are_set_and_read_at_run_time(own: EmulatorThread):
    url = own.url + "/_emulator/faults"
    assert generate(own) == 500
    assert generate(own) == 200
    status, said = call(url, "PUT", [{"action": "status", "status": 503, "every": 2}])
    assert status == 200
    assert [generate(own) for _ in range(4)] == [200, 503, 200, 503]
    assert call(url)[1]["faults"] == [
        {"rule": {"action": "status", "every": 2, "status": 503}, "hits": 2}
    ]
    status, said = call(url, "PUT", [{"action": "status", "status": 503, "evry": 2}])
    assert status == 400
    assert "faults[0]: status takes no 'evry'" in said["error"]
    assert call(url, "POST", {"action": "reset", "model": "claude-*"})[0] == 200
    assert len(own.faults) == 2
    call(own.url + "/_emulator/reset", "POST")
    assert generate(own) == 500


def test_bill_and_requests(own: EmulatorThread):
    generate(own)
    generate(own)
    bill = call(own.url + "/_emulator/bill")[1]
    assert bill["total"]["requests"] == 2
    assert bill["total"]["errors"] == 1
    assert bill == own.bill()
    requests = call(own.url + "/_emulator/requests")[1]["requests"]
    assert [one["status"] for one in requests] == [500, 200]
    assert requests[0]["fault"] == "status"
    assert requests[1]["usage"] == own.requests[1].usage
    assert call(own.url + "/_emulator/nothing")[0] == 404
    assert "known" in call(own.url + "/_emulator")[1]


def test_only_named_keys():
    with EmulatorThread(port=0, keys=("one",)) as emulator:
        url = emulator.url + "/v1beta/models"
        assert call(url, **{"x-goog-api-key": "one"})[0] == 200
        assert call(url, **{"x-goog-api-key": "two"})[0] == 400


async def test_on_a_running_loop():
    async with Emulator(port=0) as emulator:
        status, _ = await asyncio.to_thread(call, emulator.url + "/_emulator")
        assert status == 200
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", emulator.port), timeout=1)


def test_a_taken_port_is_an_error_at_once(own: EmulatorThread):
    with pytest.raises(OSError, match="in use"):
        EmulatorThread(port=own.port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_cleanly(number: int):
    code = (
        "from fairlead.emulator import run, EmulatorSettings;"
        "run(EmulatorSettings(port=0), lambda url: print(url, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert call(url + "/_emulator")[0] == 200
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
