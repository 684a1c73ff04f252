"""Instructions per request of the gateway, counted by callgrind: they hold on a busy machine.

    python -m benchmarks.instructions [whole|stream] [--requests N] [--tree FOLDER]

The whole process, user mode, over sockets: the load and the stub of `benchmarks.gateway`. The event
loop's thread stands by itself: what the others do by the clock weighs more here than it does in
life, since valgrind is some fifty times slower. `--tree` counts another checkout of the project
with the same interpreter.
Needs the package valgrind.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.checkouts import callgrind, control, total
from benchmarks.gateway import ROOT, load, process, wait_port
from fairlead.demo.processes import environment, free_port

WARM = {"whole": 200, "stream": 16}
STARTS = 180  # seconds at most: some fifty times as long as without valgrind, and the machine busy


def count(kind: str, requests: int, tree: Path) -> list[float]:
    """Thousands of instructions for one request, of each thread; the event loop's is the first."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fairlead-count-")))
        stub, port = free_port(), free_port()
        stack.enter_context(process([sys.executable, "-m", "benchmarks.stub", str(stub)], cwd=ROOT))
        wait_port(stub)
        env = environment(folder, f"http://127.0.0.1:{stub}") | {"PYTHONPATH": str(tree / "src")}
        grind = [*callgrind(folder), "--separate-threads=yes"]
        serve = [sys.executable, "-m", "fairlead", "serve", "--port", str(port)]
        with (folder / "log").open("wb") as log:
            gateway = stack.enter_context(
                process([*grind, *serve], env=env, cwd=tree, stdout=log, stderr=log)
            )
            for _ in range(STARTS):
                if b"listening" in (folder / "log").read_bytes():
                    break
                wait_a_little(gateway)
            else:
                raise SystemExit(f"instructions: the gateway did not listen within {STARTS} s")
            load(port, kind, WARM[kind])
            control(gateway.pid, "--instr=on")
            load(port, kind, requests)
            control(gateway.pid, "--instr=off")
            control(gateway.pid, "--dump")
        return [total(path) / requests / 1000 for path in sorted(folder.glob("out*-*"))]


def wait_a_little(gateway: "subprocess.Popen[bytes]") -> None:
    """Until the next look whether it listens; its end is an error."""
    try:
        gateway.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return
    raise SystemExit("instructions: the gateway did not start")


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="?", choices=list(WARM), default="whole")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--tree", type=Path, default=ROOT)
    options = parser.parse_args()
    loop, *others = count(options.kind, options.requests, options.tree.resolve())
    print(f"{options.tree}, {options.kind}, thousand instructions a request:")
    print(f"event loop {loop:,.0f}, other threads {' + '.join(f'{n:,.0f}' for n in others if n)}")


if __name__ == "__main__":
    main()
