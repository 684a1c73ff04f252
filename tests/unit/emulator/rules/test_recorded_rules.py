"""The unwritten rules refuse nothing that a vendor took from a model that the emulator knows."""

import copy
import gzip
import json
import os
import random
from pathlib import Path

import pytest

from fairlead.emulator import counting, models
from fairlead.emulator.rules import check

REPO = Path(__file__).resolve().parents[4]
RECORDINGS = Path(os.environ.get("FAIRLEAD_SHARED", REPO.parent / "shared")) / "wire"
OPS = {"messages", "generate", "count_tokens"}
VENDORS = {"anthropic", "gemini"}  # OpenAI's rules know more than a request


@pytest.fixture(scope="module")
def recorded():
    """Rows that got a 2xx from a model that the emulator knows, with the model."""
    path = RECORDINGS / "recordings.jsonl.gz"
    if not path.exists():
        pytest.skip(f"../shared is absent: no {path}")
    rows = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            model = models.find(row["provider"], (row["model"] or "").removeprefix("models/"))
            if row["provider"] not in VENDORS:
                continue
            if model and row["op"] in OPS and row["response"]["status"] < 300:
                rows.append((row, model))
    return rows


def verdict(row, model, body):
    """What the rules say, and that a body that passes can be counted and cached."""
    found = check(
        model.vendor,
        row["op"],
        model.name,
        body,
        tokens=lambda: counting.count(model, body).total,
        issued=lambda *_: True,
        headers={},
        beta="beta=true" in row["request"]["url"],
    )
    if found is None:
        made = counting.pieces(model, body)
        use = counting.PromptCache(lambda: 0.0).use("key", model, made)
        assert use.total == counting.count_of(made).total
    return found


@pytest.mark.parametrize(("vendor", "least"), [("anthropic", 230), ("gemini", 230)])
def test_recorded_requests_pass(recorded, vendor, least):
    rows = [(row, model) for row, model in recorded if model.vendor == vendor]
    refused = []
    for row, model in rows:
        found = verdict(row, model, row["request"]["body"])
        if found and found.status != 403:  # files that were uploaded when it was recorded
            refused.append((row["id"], found.message))
    assert refused == []
    assert len(rows) >= least


JUNK = [None, [], {}, "", 0, -1, 1.5, True, "x", [{}], [[]], {"$ref": [1]}, {"type": "text"}]


def paths(value, path=()):
    """Paths of all values below a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner if isinstance(value, dict | list) else ():
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*path, key))


def test_no_mutant_makes_the_rules_raise(recorded):
    rng = random.Random(4)
    for row, model in recorded:
        body = row["request"]["body"]
        if len(json.dumps(body)) > 30_000:
            continue
        places = list(paths(body))
        for _ in range(2):
            mutant = copy.deepcopy(body)
            *above, last = rng.choice(places)
            home = mutant
            for key in above:
                home = home[key]
            home[last] = copy.deepcopy(rng.choice(JUNK))
            verdict(row, model, mutant)
