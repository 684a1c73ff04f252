"""CPU time that prompts' fingerprints cost a request, by the size of its body.

    python -m benchmarks.prefixes [--rounds N]

`read` is done before the request is sent, `seen` (look up and note) around it, `pack` when the
record is made. Bodies are conversations as agents have them: a tool, a system prompt, turns.
Process time, the least of many short rounds: on a shared machine every disturbance only adds.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

from fairlead.tokens.boundaries import prefix_of
from fairlead.tokens.prefix import PrefixIndex

SALT = b"0123456789abcdef0123456789abcdef"
WORDS = "The keeper of the lighthouse wrote down, at 7:42, what the sea had brought in. " * 2_600
TOOL = {
    "name": "look",
    "description": "Looks at the sea through the telescope and says what is there.",
    "input_schema": {"type": "object", "properties": {"where": {"type": "string"}}},
}


def body(turns: int, size: int, *, marked: bool = False) -> bytes:
    """A Messages request of `size` bytes; `marked`: with breakpoints, as agents set them."""
    each = max(1, (size - 700) // turns - 40)
    said: list[dict[str, object]] = [
        {"role": "assistant" if at % 2 else "user", "content": WORDS[at : at + each]}
        for at in range(turns)
    ]
    if marked:
        mark = {"type": "ephemeral"}
        text = {"type": "text", "text": said[-1]["content"], "cache_control": mark}
        said[-1] = {"role": "user", "content": [text]}
    asked: dict[str, object] = {
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "system": WORDS[:300],
    }
    if size > 1_000:
        asked["tools"] = [TOOL]
    return json.dumps(asked | {"messages": said}, separators=(",", ":")).encode()


BODIES = {
    "one message, 600 B": body(1, 900),
    "3 messages, 16 KB": body(3, 16_384),
    "21 messages, 16 KB": body(21, 16_384),
    "21 messages, 16 KB, with breakpoints": body(21, 16_384, marked=True),
    "5 messages, 200 KB": body(5, 200_000),
    "201 messages, 200 KB": body(201, 200_000),
    "1,001 messages, 200 KB": body(1_001, 200_000),
}


def least(what: Callable[[], object], rounds: int) -> float:
    """Microseconds of one call: the least of the rounds, some 2 ms each."""
    begun = time.process_time_ns()
    what()
    calls = max(1, 2_000_000 // max(1_000, time.process_time_ns() - begun))
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time_ns()
        for _ in range(calls):
            what()
        best = min(best, (time.process_time_ns() - begun) / calls)
    return best / 1_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    out = sys.stdout.write
    out(f"{'body':38}{'bytes':>9}{'read':>9}{'seen':>8}{'pack':>8}{'all us':>9}  ledger\n")
    for name, data in BODIES.items():
        read = least(lambda data=data: prefix_of(data, SALT), rounds)  # type: ignore[misc]  # bound at once
        prefix = prefix_of(data, SALT)
        seen = pack = 0.0
        if prefix is not None:
            index = PrefixIndex()
            seen = least(lambda i=index, p=prefix: i.reuse("key", p, 0.0), rounds)  # type: ignore[misc]  # bound at once
            pack = least(prefix.pack, rounds)
        size = 0 if prefix is None else len(prefix.pack())
        out(f"{name:38}{len(data):9,}{read:9.1f}{seen:8.1f}{pack:8.1f}{read + seen + pack:9.1f}")
        out(f"  {size} B\n")


if __name__ == "__main__":
    main()
