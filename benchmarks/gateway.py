"""CPU time per request of the gateway process, beside nginx as a plain proxy, in one run.

    make bench            python -m benchmarks.gateway [--rounds N] [--json FILE]

Both stand between the same load and the same upstream stub, turn about, several rounds. nginx hands
bytes on over kept-alive connections and writes its access log, as it does by default; the gateway
authenticates nobody (loopback), reads hints, decodes, recognises the task, routes, translates to
Anthropic and back, prices, and writes the ledger. CPU time is what the kernel charged to the
process and all its threads (schedstat), so the load's and the stub's own appetite does not matter.
On a virtual machine whose host is busy the kernel charges stolen time too; so rounds are short and
many, the least of them is shown beside the median, and the share of stolen time is printed. Nothing
is asserted here: a benchmark measures.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fairlead.demo.processes import environment, free_port, running, wait_ready

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = {"small request": ("whole", 2000), "200-chunk stream": ("stream", 160)}
CONNECTIONS = 8

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream stub {{ server 127.0.0.1:{stub}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its threads so far."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def stolen() -> tuple[int, int]:
    """Ticks that the machine's host took from it, and all ticks, so far."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return fields[7], sum(fields[:8])


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def nginx_binary() -> str:
    """The nginx to compare with; installed from the system's packages where it is missing."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found:
        return found
    print("bench: nginx is missing; installing the package nginx-light", file=sys.stderr)
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "nginx-light"],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return shutil.which("nginx") or "/usr/sbin/nginx"


@contextmanager
def process(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is killed at the end."""
    child = subprocess.Popen(command, **options)  # type: ignore[call-overload]  # passed through
    try:
        yield child
    finally:
        child.terminate()
        child.wait(timeout=15)


def wait_port(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"bench: nobody listens on {port}")


def load(port: int, kind: str, requests: int) -> float:
    """Send the load; seconds that it took."""
    out = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", str(port), "/v1/chat/completions",
         str(requests), str(CONNECTIONS), kind],
        check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ).stdout  # fmt: skip
    return float(out)


def measure(pids: list[int], port: int, kind: str, requests: int) -> tuple[float, float]:
    """CPU microseconds per request of `pids`, and requests a second."""
    before = sum(map(cpu_seconds, pids))
    seconds = load(port, kind, requests)
    return (sum(map(cpu_seconds, pids)) - before) / requests * 1e6, requests / seconds


def run(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """All scenarios, both proxies turn about."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fairlead-bench-")))
        stub, proxy, gateway = free_port(), free_port(), free_port()
        stack.enter_context(process([sys.executable, "-m", "benchmarks.stub", str(stub)], cwd=ROOT))
        wait_port(stub)
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, stub=stub, port=proxy))
        nginx = stack.enter_context(process([nginx_binary(), "-c", str(config), "-p", str(folder)]))
        wait_port(proxy)
        env = environment(folder, f"http://127.0.0.1:{stub}")
        log = folder / "gateway.log"
        own = stack.enter_context(running(["serve", "--port", str(gateway)], env, log))
        wait_ready(own, f"http://127.0.0.1:{gateway}/health", log)
        sides = {"nginx": (children(nginx.pid), proxy), "fairlead": ([own.pid], gateway)}
        _show_one(gateway)
        figures: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for name, (kind, requests) in SCENARIOS.items():
            for _, port in sides.values():
                load(port, kind, requests // 10)  # warm
            for _ in range(rounds):
                for side, (pids, port) in sides.items():
                    entry = figures.setdefault(name, {}).setdefault(side, [])
                    entry.append(measure(pids, port, kind, requests))
        return {name: {side: _middle(rows) for side, rows in by_side.items()}
                for name, by_side in figures.items()}  # fmt: skip


def _middle(rows: list[tuple[float, float]]) -> dict[str, float]:
    cpu = [row[0] for row in rows]
    return {
        "cpu_us": round(statistics.median(cpu), 1),
        "cpu_us_least": round(min(cpu), 1),
        "cpu_us_most": round(max(cpu), 1),
        "per_second": round(statistics.median(row[1] for row in rows), 1),
    }


def _show_one(port: int) -> None:
    """One request for people: that what is measured is the whole trip."""
    body = b'{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        for name in ("x-fairlead-model", "x-fairlead-route", "x-fairlead-cost-usd"):
            print(f"  {name}: {answer.headers[name]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    print("one request through the gateway, as it is measured:")
    before = stolen()
    figures = run(options.rounds)
    taken, all_ticks = (now - then for now, then in zip(stolen(), before, strict=True))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    share = f"{taken / all_ticks:.0%} of the machine's time was stolen by its host"
    print(f"\nCPU us per request, {options.rounds} rounds turn about; {machine}; {share}")
    print(f"{'':18}{'':10}{'median':>9}{'x nginx':>9}{'least':>9}{'x nginx':>9}{'req/s':>8}")
    for name, sides in figures.items():
        base = sides["nginx"]
        for side, row in sides.items():
            median, least = row["cpu_us"], row["cpu_us_least"]
            times, at_least = median / base["cpu_us"], least / base["cpu_us_least"]
            print(
                f"{name:18}{side:10}{median:9.1f}{times:9.2f}{least:9.1f}{at_least:9.2f}"
                f"{row['per_second']:8.0f}"
            )
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
