"""All tests; the few that drive real processes and fail beside others get a second look, alone.

    make test             python scripts/suite.py [arguments of pytest]

Thousands of tests run beside each other on few cores, and those that start gateways, emulators and
clients share the machine with all the others. A fault of the code fails alone as well and stays
red; a race that the crowd brought out passes alone, and is told by name at the end so that it gets
mended. Tests of plain functions get no second look, nor does a run in which many fail: that is no
race. Exits with pytest's own code (0 passed, 1 failed, 2 and more: it could not run).
"""

import json
import subprocess
import sys
from pathlib import Path

# The suites that talk to processes over sockets.
PROCESSES = ("tests/integration/", "tests/acceptance/", "tests/contract/")
MOST = 3
FAILED = 1
MEMORY = Path(".pytest_cache/v/cache/lastfailed")


def pytest(*arguments: str) -> int:
    """Run pytest in this folder; gives its exit code."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def failures(memory: Path = MEMORY) -> list[str]:
    """The tests that failed in the last run, as pytest names them."""
    if not memory.is_file():
        return []
    found: dict[str, bool] = json.loads(memory.read_bytes())
    return sorted(found)


def worth_a_look(failed: list[str]) -> bool:
    """Whether these failures may be the crowd's doing: few, and all of real processes."""
    return 0 < len(failed) <= MOST and all(
        name.startswith(PROCESSES) and "::" in name for name in failed
    )


def main(arguments: list[str]) -> int:
    """Run the suite, then what is worth a second look."""
    MEMORY.unlink(missing_ok=True)
    # All of it, whatever `-x` says: of what did not run, a second look at a race would say nothing.
    code = pytest(*arguments, "--maxfail=0")
    failed = failures()
    if code != FAILED or not worth_a_look(failed):
        return code
    print(f"\nsuite: {len(failed)} failed beside the others; each runs once more, alone")
    for name in failed:
        code = pytest("-n", "0", name)
        if code:
            print(f"suite: failed alone too: {name}")
            return code
    for name in failed:
        print(f"suite: a race, to be mended: failed beside the others, passed alone: {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
