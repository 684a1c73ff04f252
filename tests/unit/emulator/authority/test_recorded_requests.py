"""The schemas against recorded traffic: what a vendor took is accepted, mutations are not."""

import copy
import gzip
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.emulator.authority import check

REPO = Path(__file__).resolve().parents[4]
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", REPO.parent / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
OPS = {"messages", "generate", "count_tokens", "chat_completions", "responses"}
# What the schemas call an operation of the recordings, where it is not the same.
NAMES = {("openai", "chat_completions"): "chat", ("openai", "count_tokens"): "input_tokens"}
LEAST_ROWS = {"anthropic": 260, "gemini": 250, "vertex_gemini": 110, "openai": 630}
# Below these keys anything goes: arguments, schemas, metadata of the user's own.
FREE = {
    "additionalProperties",
    "args",
    "default",
    "encrypted_content",
    "example",
    "input",
    "input_schema",
    "labels",
    "parametersJsonSchema",
    "parameters_json_schema",
    "partMetadata",
    "response",
    "responseJsonSchema",
    "response_json_schema",
    "schema",
}
# At OpenAI the schema of a function is anything, too.
FREE_AT = {"openai": FREE | {"parameters", "metadata"}}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[tuple[str, Row]]]:
    """Per vendor: operation and body of every request that got a 2xx."""
    if not RECORDINGS.exists():
        pytest.skip(f"../shared is absent: no {RECORDINGS}")
    found: dict[str, list[tuple[str, Row]]] = {vendor: [] for vendor in LEAST_ROWS}
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["provider"] in found and row["op"] in OPS and row["response"]["status"] < 300:
                beta = "_beta" if "beta=true" in row["request"]["url"] else ""
                op = NAMES.get((row["provider"], row["op"]), row["op"])
                found[row["provider"]].append((op + beta, row["request"]["body"]))
    return found


def spots(value: Any, free: set[str], path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of every value that a schema says something about."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key not in free:
            yield from spots(inner, free, (*path, key))
    for index, inner in enumerate(value) if isinstance(value, list) else ():
        yield from spots(inner, free, (*path, index))


def at(body: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        body = body[key]
    return body


def with_unknown_key(body: Row, rng: random.Random, free: set[str]) -> Row | None:
    """The body with a key too many in one of its objects."""
    mutant = copy.deepcopy(body)
    named = [
        p
        for p in spots(mutant, free)
        if isinstance(at(mutant, p), dict) and (not p or p[-1] != "properties")
    ]
    at(mutant, rng.choice(named))["unheardOf"] = "x"
    return mutant


def with_wrong_type(body: Row, rng: random.Random, free: set[str]) -> Row | None:
    """The body with one value turned into another type."""
    mutant = copy.deepcopy(body)
    paths = [p for p in spots(mutant, free) if p]
    path = rng.choice(paths)
    old = at(mutant, path)
    at(mutant, path[:-1])[path[-1]] = [[7]] if isinstance(old, dict | str | int | float) else 7.5
    return mutant


@pytest.mark.parametrize("vendor", LEAST_ROWS)
def test_what_the_vendor_took_is_accepted(recorded, vendor):
    rows = recorded[vendor]
    assert len(rows) >= LEAST_ROWS[vendor]
    refused = [(op, check(vendor, op, body)) for op, body in rows if check(vendor, op, body)]
    assert refused == []


@pytest.mark.parametrize("mutate", [with_unknown_key, with_wrong_type])
@pytest.mark.parametrize("vendor", LEAST_ROWS)
def test_mutated_requests_are_refused_with_the_vendors_sentence(recorded, vendor, mutate):
    rng = random.Random(20261122)
    tried, accepted, speechless = 0, [], []
    for op, body in recorded[vendor]:
        for _ in range(4):
            mutant = mutate(body, rng, FREE_AT.get(vendor, FREE))
            faults = check(vendor, op, mutant)
            tried += 1
            if not faults:
                accepted.append(mutant)
            elif faults[0].message == "Request body is invalid.":
                speechless.append(mutant)
    assert speechless == []  # validator and explanation agree on what is wrong
    assert len(accepted) <= tried / 100, json.dumps(accepted[:2])[:2000]
