"""OpenAI's rules against recorded traffic: what was answered passes, what was refused is refused."""

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from fairlead.emulator import counting, models
from fairlead.emulator.rules.openai import Known, check
from fairlead.emulator.shelf import Shelf
from fairlead.emulator.signing import Signer

REPO = Path(__file__).resolve().parents[4]
RECORDINGS = Path(os.environ.get("FAIRLEAD_SHARED", REPO.parent / "shared")) / "wire"
OPS = {
    "chat_completions": "chat",
    "responses": "responses",
    "count_tokens": "input_tokens",
}
# What was on the vendor's shelf when it was recorded, or has ended since.
THEN = ("previous_response_id", "conversation", "prompt")
ELSEWHERE = ("Error while downloading", "Incorrect API key", "has been deprecated")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def recorded() -> list[Row]:
    path = RECORDINGS / "recordings.jsonl.gz"
    if not path.exists():
        pytest.skip(f"../shared is absent: no {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["provider"] == "openai" and row["op"] in OPS]


def verdict(row: Row, body: Row):
    name = str(body.get("model") or "")
    model = models.find("openai", name)
    op = OPS[row["op"]]
    items = [] if op == "chat" else Shelf().whole_input("k", body)
    known = Known(
        tokens=lambda: counting.count(model, body).total if model else 0,
        stored=lambda _: True,
        file=lambda _: True,
        opened=lambda sealed: Signer(b"x").opened("openai", sealed),
        items=items,
    )
    return check(op, name, body, known)


def test_recorded_requests_pass(recorded: list[Row]):
    rows = [
        row
        for row in recorded
        if row["response"]["status"] < 300
        and models.find("openai", str(row["request"]["body"].get("model")))
        and not any(row["request"]["body"].get(key) for key in THEN)
    ]
    refused = [
        (row["id"], found) for row in rows if (found := verdict(row, row["request"]["body"]))
    ]
    assert refused == []
    assert len(rows) >= 590


def test_recorded_refusals_are_refused_in_the_same_words(recorded: list[Row]):
    tried = 0
    for row in recorded:
        text = row["response"].get("body_text") or ""
        if row["response"]["status"] < 400 or any(words in text for words in ELSEWHERE):
            continue
        error = json.loads(text)["error"]
        found = verdict(row, row["request"]["body"])
        assert found is not None, row["id"]
        assert found.status == row["response"]["status"], row["id"]
        said = (found.message, found.param, found.code, found.type)
        assert said == tuple(error[key] for key in ("message", "param", "code", "type")), row["id"]
        tried += 1
    assert tried >= 10


JUNK = [None, [], {}, "", 0, -1, 1.5, True, "x", [{}], [[]], {"$ref": [1]}, {"type": "text"}]


def paths(value: Any, path: tuple[Any, ...] = ()):
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner if isinstance(value, dict | list) else ():
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*path, key))


def test_no_mutant_makes_the_rules_raise(recorded: list[Row]):
    rng = random.Random(5)
    for row in recorded:
        text = json.dumps(row["request"]["body"])
        if len(text) > 30_000:
            continue
        *above, last = rng.choice(list(paths(row["request"]["body"])))
        mutant = json.loads(text)
        home = mutant
        for key in above:
            home = home[key]
        home[last] = rng.choice(JUNK)
        verdict(row, mutant)
