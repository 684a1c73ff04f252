"""What the commands that read a ledger take, as whole commands: from the shell back to the shell.

    python scripts/make_ledger.py /tmp/ten.db
    python -m benchmarks.ledger /tmp/ten.db [--times 5]

Each command is run once to warm the file cache and compile the bytecode, then `--times` times. Wall
time is of the fastest and the slowest run; CPU of the fastest; memory is the largest resident set.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

COMMANDS = (
    ("nothing (start and stop)", ("--version",)),
    ("usage by day and model", ("usage", "--by", "day", "--by", "model")),
    ("usage of 30 days by key", ("usage", "--since", "30d", "--by", "key")),
    ("what-if over 30 days", ("whatif", "--since", "30d", "--model", "claude-haiku-4-5")),
    ("forecast", ("forecast",)),
)
SHELL = (sys.executable, "-m", "fairlead")


class Run(Struct, frozen=True):
    """One run: seconds on the wall and of the CPU, and the largest resident set in MB."""

    wall: float
    cpu: float
    megabytes: float


def run(arguments: tuple[str, ...], config: Path) -> Run:
    """Run a command to its end. RuntimeError with what it said, if it failed."""
    where = () if arguments == ("--version",) else ("--config", str(config))
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        child = subprocess.Popen((*SHELL, *arguments, *where), stdout=said, stderr=said, env=env)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} failed: {said.read().decode()}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / _UNIT)


_UNIT = 1024 * (1024 if sys.platform == "darwin" else 1)
"""What makes megabytes of `ru_maxrss`: Linux has it in KiB, macOS in bytes."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fairlead.toml"
        config.write_text(f'[ledger]\npath = "{asked.path.resolve()}"\n', encoding="utf-8")
        print("| command | wall | CPU | memory |\n|---|---|---|---|")
        for name, arguments in COMMANDS:
            run(arguments, config)
            runs = [run(arguments, config) for _ in range(asked.times)]
            walls = sorted(each.wall for each in runs)
            cpu, memory = min(r.cpu for r in runs), max(r.megabytes for r in runs)
            print(
                f"| {name} | {walls[0]:.2f} to {walls[-1]:.2f} s | {cpu:.2f} s | {memory:.0f} MB |"
            )
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\n{os.cpu_count()} cores; load {load}; {asked.path.stat().st_size / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
