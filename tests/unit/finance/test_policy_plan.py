"""Stored decisions, decided anew."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.cost.bills import charge

from fairlead.canon import Failure, Usage
from fairlead.catalog import load
from fairlead.finance.policy_plan import IMPOSSIBLE, LOST, NAMED, read_policy
from fairlead.finance.whatif import what_if
from fairlead.ledger.answers import answers
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import traffic
from fairlead.routing import Features, decide, options_for, parse_policy
from fairlead.tokens.prefix import Prefix

CATALOG = load()
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
BY_LENGTH = """
name = "by-length"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"

[[rules]]
question = "long?"
when = { prompt_tokens = { over = LIMIT } }
use = "flash"
"""


def policy(tmp_path: Path, limit: int) -> Path:
    file = tmp_path / f"{limit}.toml"
    file.write_text(BY_LENGTH.replace("LIMIT", str(limit)))
    return file


def stored(tokens: int, limit: int = 2_000) -> bytes:
    own = parse_policy(BY_LENGTH.replace("LIMIT", str(limit)))
    options = options_for(own, CATALOG, NOON.date(), lambda _: True)
    features = Features(prompt_tokens=tokens, prompt_tokens_high=tokens)
    return decide(features, own, options).stored()


def answer(number: int, tokens: int, **facts) -> Record:
    model = FLASH if tokens > 2_000 else HAIKU
    usage = Usage(input=tokens, output=100)
    bill = charge(usage, CATALOG.models[model], NOON.date())
    assert bill is not None
    given = {"decision": stored(tokens), "asked_model": "auto", "policy": "by-length", **facts}
    return Record(
        f"r{number}", NOON.timestamp() + number, "anthropic", given.pop("asked_model"), "ok", 200,
        model=model, usage=usage, cost_usd=bill.total, route=f"route {number % 3}", **given,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    for number in range(40):
        ledger.add(answer(number, 100 * (number + 1)))
    ledger.add(answer(40, 500, asked_model=HAIKU, policy="named", decision=b"{}"))
    ledger.add(answer(41, 500, decision=b'{"policy": "of another form"}'))
    ledger.close()
    return tmp_path / "ledger.db"


def test_the_same_policy_costs_what_it_cost(path: Path, tmp_path: Path) -> None:
    plan = read_policy(policy(tmp_path, 2_000), CATALOG)
    total = what_if(traffic(path), plan, CATALOG, sample=answers(path, decisions=True)).total
    assert total.expected == total.actual == total.low == total.high > 0


def test_a_cascade_is_told_to_be_left_out(path: Path, tmp_path: Path) -> None:
    file = policy(tmp_path, 2_000)
    assert read_policy(file, CATALOG).notes == ()
    cascade = '[cascade]\nask = "flash"\nthen = "haiku"\naccepted_cost_ratio = 1\n'
    file.write_text(file.read_text() + cascade)
    plan = read_policy(file, CATALOG)
    notes = what_if(traffic(path), plan, CATALOG, sample=answers(path, decisions=True)).notes
    assert any("The policy's cascade is left out" in note for note in notes)


def test_another_policy_sends_them_elsewhere(path: Path, tmp_path: Path) -> None:
    plan = read_policy(policy(tmp_path, 1_000), CATALOG)
    result = what_if(traffic(path), plan, CATALOG, sample=answers(path, decisions=True))
    # Ten prompts of 1,100 to 2,000 tokens go to Flash, which is a third as dear and more.
    assert result.total.expected < result.total.actual
    for part in (result.total, *result.by_route):
        causes = part.causes
        parts = (causes.price, causes.tokens, causes.thinking, causes.caching, causes.batching)
        assert sum(parts) == part.difference == part.expected - part.actual
    assert result.stayed == {NAMED: 1, LOST: 1}
    moved = Decimal(sum(range(1_100, 2_001, 100)))
    saved = moved * (1 - Decimal("0.30")) + 10 * 100 * (5 - Decimal("2.50"))
    assert result.total.causes.price == -saved / 10**6


def test_a_model_that_gets_more_of_a_conversation_reads_more_from_its_cache(tmp_path: Path) -> None:
    """The second turn went to Flash alone and found nothing; under the policy the first did too."""
    ledger = SqliteLedger(tmp_path / "turns.db")
    turns = ((0, 1_900, HAIKU), (1, 5_000, FLASH))
    for number, tokens, model in turns:
        hashes = (*range(1, number + 2), 100 + number)
        sums = (*(2_500, 3_000)[: number + 1], 3_500)
        places = tuple(range(len(hashes)))
        prefix = Prefix(hashes, sums, places, (-1,) * len(hashes)).pack()
        usage = Usage(input=tokens * 2, output=10)
        bill = charge(usage, CATALOG.models[model], NOON.date())
        assert bill is not None
        ledger.add(
            Record(
                f"t{number}",
                NOON.timestamp() + number,
                "anthropic",
                "auto",
                "ok",
                200,
                model=model,
                usage=usage,
                cost_usd=bill.total,
                policy="by-length",
                decision=stored(tokens),
                prefix=prefix,
                reuse_5m=0,
                reuse_1h=0,
            )
        )
    ledger.close()
    path = tmp_path / "turns.db"
    groups = [group for group in traffic(path) if group.model == FLASH]
    sample = answers(path, decisions=True)
    same = what_if(groups, read_policy(policy(tmp_path, 2_000), CATALOG), CATALOG, sample=sample)
    assert same.total.difference == 0
    more = what_if(groups, read_policy(policy(tmp_path, 1_000), CATALOG), CATALOG, sample=sample)
    assert more.total.expected < more.total.actual


def test_what_no_model_of_the_policy_takes_stays(path: Path, tmp_path: Path) -> None:
    ledger = SqliteLedger(path)
    long = Features(prompt_tokens=5_000_000, prompt_tokens_high=5_000_000)
    own = parse_policy(BY_LENGTH.replace("LIMIT", "2000"))
    options = options_for(own, CATALOG, NOON.date(), lambda _: True)
    made = decide(Features(), own, options)
    too_long = type(made)(**{name: getattr(made, name) for name in made.__struct_fields__}
                          | {"features": long})  # fmt: skip
    ledger.add(answer(60, 700, decision=too_long.stored()))
    ledger.close()
    plan = read_policy(policy(tmp_path, 2_000), CATALOG)
    result = what_if(traffic(path), plan, CATALOG, sample=answers(path, decisions=True))
    assert result.stayed[IMPOSSIBLE] == 1
    assert result.total.expected == result.total.actual


def test_a_part_of_the_answers_says_how_far_off_it_may_be(path: Path, tmp_path: Path) -> None:
    plan = read_policy(policy(tmp_path, 1_000), CATALOG)
    sample = answers(path, most=20, decisions=True)
    assert not sample.whole
    result = what_if(traffic(path), plan, CATALOG, sample=sample)
    assert result.sampling is not None
    assert result.sampling.rows == 42
    assert result.sampling.error > 0
    whole = what_if(
        traffic(path),
        read_policy(policy(tmp_path, 1_000), CATALOG),
        CATALOG,
        sample=answers(path, decisions=True),
    )
    assert result.total.low <= whole.total.expected <= result.total.high


@pytest.mark.parametrize("text", ["name = 3", "", 'name = "x"\nversion = "1"\ncandidates = []'])
def test_a_file_that_is_no_policy(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(Failure) as caught:
        read_policy(file, CATALOG)
    assert str(file) in caught.value.problem.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        read_policy(tmp_path / "none.toml", CATALOG)
    assert "cannot be read" in caught.value.problem.message
