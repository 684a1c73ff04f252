"""Another server can host the application: the data plane is plain ASGI."""

import json
import subprocess
import sys
import urllib.request
from contextlib import ExitStack

from fairlead.demo.processes import environment, free_port, wait_ready


def test_granian_hosts_the_gateway(emulator, tmp_path) -> None:
    env, port, log = environment(tmp_path, emulator.url), free_port(), tmp_path / "granian.log"
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port),
             "--factory", "fairlead.server.asgi:application"],
            env=env, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        wait_ready(process, f"http://127.0.0.1:{port}/ready", log)
        body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
            {"content-type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["x-fairlead-request-id"]
            assert answer.read().rstrip().endswith(b"data: [DONE]")
