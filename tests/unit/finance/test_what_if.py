from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.cost.bills import charge

from fairlead.canon import Failure, Usage
from fairlead.catalog import load
from fairlead.finance.assumptions import Assumptions
from fairlead.finance.plan import parse_mix
from fairlead.finance.policy_plan import read_policy
from fairlead.finance.whatif import WhatIf, what_if
from fairlead.ledger.answers import answers
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import traffic
from fairlead.tokens.prefix import TOOLS, Prefix

CATALOG = load()
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
HAIKU, FLASH, NEW_HAIKU = "claude-haiku-4-5-20251001", "gemini-2.5-flash", "claude-haiku-5-5"
NEARLY = Decimal("1e-10")  # groups are rounded to 1e-12 dollars each

USAGES = [
    (HAIKU, "chat", Usage(input=1200, cache_read=800, cache_write_5m=300, output=90)),
    (HAIKU, "code", Usage(input=150_000, output=4_000, thinking_known=False)),
    (FLASH, "chat", Usage(input=2_000, output=300, thinking=700)),
    (NEW_HAIKU, "chat", Usage(input=99_000, output=10)),
    (NEW_HAIKU, "chat", Usage(input=100_001, output=10)),
]


def record(number: int, model: str, route: str, usage: Usage, **more) -> Record:
    bill = charge(usage, CATALOG.models[model], DAY)
    assert bill is not None
    facts = {"cost_usd": bill.total, "at": NOON, **more}
    return Record(
        f"r{number}", dialect="anthropic", asked_model=model, outcome="ok", status=200,
        model=model, route=route, usage=usage, **facts,
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finance") / "ledger.db"
    ledger = SqliteLedger(path)
    for number, (model, route, usage) in enumerate(USAGES):
        ledger.add(record(number, model, route, usage))
    ledger.add(record(50, HAIKU, "chat", Usage(input=5), cost_usd=None))
    searched = Usage(input=5, server_calls=(("web_search", 1),))
    ledger.add(record(51, HAIKU, "chat", Usage(input=5), cost_usd=Decimal(1)))
    ledger.add(
        Record("r52", NOON, "anthropic", HAIKU, "ok", 200, model=HAIKU, usage=searched,
               cost_usd=Decimal("0.01"))
    )  # fmt: skip
    ledger.add(Record("r53", NOON, "anthropic", HAIKU, "refused", 400))
    ledger.close()
    return path


def replay(path: Path, model: str, only: str | None = None, **more) -> WhatIf:
    groups = [g for g in traffic(path) if only is None or g.model == only]
    return what_if(groups, parse_mix(model, CATALOG), CATALOG, **more)


def test_the_same_model_costs_what_it_cost(path: Path) -> None:
    for model in (FLASH, NEW_HAIKU):
        result = replay(path, model, only=model)
        assert result.total.actual == result.total.expected > 0
        assert result.total.difference == 0
        assert result.total.low == result.total.high == result.total.actual


def test_causes_add_up_and_bounds_hold_everywhere(path: Path) -> None:
    for model in (HAIKU, FLASH, NEW_HAIKU, f"mix:{HAIKU}=0.3,{FLASH}=0.7"):
        result = replay(path, model, batch_share=Decimal("0.25"))
        for part in (result.total, *result.by_day, *result.by_route):
            causes = part.causes
            parts = (causes.price, causes.tokens, causes.thinking, causes.caching, causes.batching)
            assert sum(parts) == part.difference == part.expected - part.actual
            assert part.low <= part.expected <= part.high
        for parts in (result.by_day, result.by_route):
            assert sum(part.expected for part in parts) == result.total.expected
            assert sum(part.requests for part in parts) == result.total.requests


def test_what_cannot_be_compared_is_counted(path: Path) -> None:
    result = replay(path, HAIKU)
    assert sum(result.left_out.values()) == 2
    assert result.total.requests == 6


def test_a_what_if_by_hand(path: Path) -> None:
    group = [g for g in traffic(path) if g.model == FLASH]
    result = what_if(group, parse_mix(HAIKU, CATALOG), CATALOG)
    models = CATALOG.models[FLASH], CATALOG.models[HAIKU]
    ratio = Assumptions.load().tokens(*models).expected
    assert 1 < ratio < Decimal("1.1")
    # 2,000 fresh and 300 out recounted; Haiku doesn't think unasked, so 700 thoughts go.
    expected = (2_000 * ratio * 1 + 300 * ratio * 5) / 10**6
    assert abs(result.total.expected - expected) < Decimal("1e-11")
    assert result.total.causes.thinking == -(Decimal(700) * 5 / 10**6)
    assert result.total.causes.caching == 0


def test_what_a_vendor_adds_for_tools_comes_on_top(tmp_path: Path) -> None:
    bills = []
    for turn in (TOOLS, 0):
        ledger = SqliteLedger(tmp_path / f"{turn}.db")
        prefix = Prefix((1, 2), (500, 2_000), (turn, 1), (-1, -1)).pack()
        usage = Usage(input=2_000, output=300)
        ledger.add(record(0, FLASH, "chat", usage, prefix=prefix, reuse_5m=0, reuse_1h=0))
        ledger.close()
        path, plan = tmp_path / f"{turn}.db", parse_mix(HAIKU, CATALOG)
        found = what_if(traffic(path), plan, CATALOG, sample=answers(path))
        bills.append(found.total.expected)
    added = CATALOG.models[HAIKU].tool_overhead_tokens
    assert added > 300
    assert abs(bills[0] - bills[1] - Decimal(added) / 10**6) < NEARLY


def test_without_a_cache_every_token_is_fresh(path: Path) -> None:
    off = replay(path, HAIKU, only=HAIKU, caching="off")
    saved = Decimal(800) * Decimal("0.9") - 300 * Decimal("0.25")
    assert off.total.causes.caching == saved / 10**6


def test_prompts_without_fingerprints_are_told(path: Path) -> None:
    same = replay(path, NEW_HAIKU, only=NEW_HAIKU, caching="asked")
    assert not any("fingerprint" in note for note in same.notes)
    other = replay(path, FLASH, only=NEW_HAIKU)
    assert any("fingerprint" in note for note in other.notes)


def test_a_policy_needs_single_answers(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('name = "p"\nversion = "1"\ncandidates = ["haiku"]\notherwise = "haiku"\n')
    with pytest.raises(Failure) as caught:
        what_if(traffic(path), read_policy(file, CATALOG), CATALOG)
    assert caught.value.problem.param == "model"


def test_all_answers_read_one_by_one_say_the_same_of_the_same_model(path: Path) -> None:
    for model in (FLASH, NEW_HAIKU):
        groups = [g for g in traffic(path) if g.model == model]
        result = what_if(groups, parse_mix(model, CATALOG), CATALOG, sample=answers(path))
        assert result.total.low == result.total.high == result.total.actual


@pytest.mark.parametrize("most", [20_000, 30])
def test_tiers_and_regions_are_kept_by_who_stays_and_dropped_by_who_goes(
    tmp_path: Path, most: int
) -> None:
    """Sums do not know them: the answers that are read do."""
    ledger = SqliteLedger(tmp_path / "l.db")
    mixed = [
        (FLASH, Usage(input=9_000, output=300, tier="flex")),
        (FLASH, Usage(input=9_000, output=300, tier="priority")),
        (FLASH, Usage(input=9_000, output=300)),
        (NEW_HAIKU, Usage(input=9_000, output=300, region="us")),
        (NEW_HAIKU, Usage(input=9_000, output=300, tier="standard", region="global")),
    ]
    for number in range(100):
        model, usage = mixed[number % 5]
        ledger.add(record(number, model, "chat", usage, at=NOON + number))
    ledger.close()
    paid = {
        model: sum((charge(u, CATALOG.models[model], DAY).total for m, u in mixed if m == model),
                   Decimal(0)) * 20
        for model in (FLASH, NEW_HAIKU)
    }  # fmt: skip
    read = answers(tmp_path / "l.db", most=most)
    assert read.whole is (most > 100)
    near = NEARLY if read.whole else paid[FLASH] / 10  # of a part of the rows, not all kinds alike
    for model in (FLASH, NEW_HAIKU):
        groups = [g for g in traffic(tmp_path / "l.db") if g.model == model]
        stays = what_if(groups, parse_mix(model, CATALOG), CATALOG, sample=read)
        assert stays.total.actual == paid[model]
        assert abs(stays.total.expected - paid[model]) < near
        plain = charge(Usage(input=9_000, output=300), CATALOG.models[model], DAY).total
        assert abs(paid[model] - plain * len(groups) * groups[0].requests) > paid[model] / 50
    groups = [g for g in traffic(tmp_path / "l.db") if g.model == NEW_HAIKU]
    goes = what_if(groups, parse_mix(HAIKU, CATALOG), CATALOG, sample=read)
    usual = charge(Usage(input=9_000, output=300), CATALOG.models[HAIKU], DAY).total * 40
    assert goes.total.causes.price == usual - paid[NEW_HAIKU]


def test_batches_halve_haiku(path: Path) -> None:
    whole = replay(path, HAIKU, only=FLASH, batch_share=Decimal(1)).total
    plain = replay(path, HAIKU, only=FLASH).total
    assert abs(whole.expected * 2 - plain.expected) < NEARLY
    assert abs(whole.causes.batching + plain.expected / 2) < NEARLY


def test_a_mix_is_its_parts(path: Path) -> None:
    mixed = replay(path, f"mix:{HAIKU}=0.25,{FLASH}=0.75").total
    parts = [replay(path, name).total for name in (HAIKU, FLASH)]
    exact = (parts[0].expected + 3 * parts[1].expected) / 4
    assert abs(mixed.expected - exact) < NEARLY
    assert mixed.actual == parts[0].actual


@pytest.mark.parametrize(
    "text",
    ["mix:", "mix:haiku", "mix:haiku=0.5", "mix:haiku=1.5,flash=-0.5", "mix:haiku=x,flash=1",
     "mix:haiku=0.5,haiku=0.5", "mix:haiku=NaN,flash=1", "no-such-model"],
)  # fmt: skip
def test_a_plan_that_is_none(text: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_mix(text, CATALOG)
    assert caught.value.problem.param == "model"


@pytest.mark.parametrize("share", ["-0.1", "1.1", "NaN"])
def test_a_batch_share_that_is_none(path: Path, share: str) -> None:
    with pytest.raises(Failure):
        replay(path, HAIKU, batch_share=Decimal(share))


def test_assumptions_are_in_order() -> None:
    assumed = Assumptions.load()
    tables = (assumed.recount, assumed.output, assumed.thinking, assumed.hits, assumed.decided)
    for table in tables:
        for row in table.values():
            assert 0 <= row.low <= row.expected <= row.high


def test_days_and_sizes(path: Path) -> None:
    groups = traffic(path, since=NOON, until=NOON + 1)
    assert {g.day for g in groups} == {DAY}
    assert {g.size for g in groups if g.model == NEW_HAIKU} == {95_000, 100_000}
    assert traffic(path, until=NOON) == []
