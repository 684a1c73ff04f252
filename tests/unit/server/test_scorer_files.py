"""Scorers' files that policies name: compiled with them, or refused with file, line and reason."""

from datetime import date
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from fairlead.canon import Request, Text, Turn
from fairlead.routing import Features, Moment
from fairlead.routing.scored import scored
from fairlead.routing.scorer import BUCKETS, SHAPES, ZERO, Head, buckets, write_scorer
from fairlead.server import policies
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import ConfigError, load

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DAY, LATER = date(2026, 11, 23), date(2026, 12, 1)
NONE = (0.0,) * len(SHAPES)
HEAD = Head(
    (HAIKU, FLASH), FLASH, True, 0.1, (0.0, 0.0), (NONE, NONE), (1.0, 1.0, 1.0), 500, "not better"
)
POLICY = """\
name = "own"
version = "1"
candidates = ["flash", "haiku"]
objective = "cheapest"
[scorer]
file = "pair.scorer"
"""


def made(head: Head = HEAD) -> bytes:
    """Haiku is likelier right where a zebra is."""
    one, none = bytearray([ZERO]) * BUCKETS, bytes([ZERO]) * BUCKETS
    for bucket in buckets("zebra"):
        one[bucket] += 9
    return write_scorer(head, bytes([1]) * BUCKETS + one + none)


def compiled(tmp_path, data: bytes | None, day: date = DAY):
    folder = tmp_path / "policies"
    folder.mkdir(exist_ok=True)
    (folder / "own.toml").write_text(POLICY)
    if data is not None:
        (folder / "pair.scorer").write_bytes(data)
    config = tmp_path / "fairlead.toml"
    config.write_text(f"[routing]\npolicies_dir = '{folder}'\n[ledger]\npath = '{tmp_path}/l.db'\n")
    keys = {"GEMINI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}
    with patch.object(policies, "_today", lambda: day):
        return compile_snapshot(load(config, {}), keys)


def test_a_good_file_is_beside_its_policy_and_scores(tmp_path) -> None:
    snapshot = compiled(tmp_path, made())
    policy = snapshot.policies["own"]
    assert set(snapshot.scorers) == {policy.scorer.hash}
    assert (policy.scorer.base, policy.scorer.other) == (FLASH, HAIKU)

    def went(text: str, day: date = DAY) -> str:
        request = Request(model="auto", turns=(Turn("user", (Text(text),)),))
        moment = scored(Moment(), policy, snapshot.scorers, request)
        features = Features(prompt_tokens=5, prompt_tokens_high=9)
        return snapshot.chooser(policy, day).decide(features, moment).ranked[0]

    assert (went("a horse"), went("a zebra")) == (FLASH, HAIKU)
    assert went("a zebra", LATER) == "gemini-3.5-flash-lite", "one of its models has ended"


def test_results_may_have_called_a_model_by_an_alias(tmp_path) -> None:
    named = made(replace(HEAD, models=("claude-haiku-4-5", FLASH), base="claude-haiku-4-5"))
    snapshot = compiled(tmp_path, named)
    policy = snapshot.policies["own"]
    assert (policy.scorer.base, policy.scorer.other) == (HAIKU, FLASH)
    scorer = snapshot.scorers[policy.scorer.hash]
    assert (scorer.head.models, scorer.choice("a horse")) == ((HAIKU, FLASH), HAIKU)


def test_one_that_is_off_changes_nothing_but_says_so(tmp_path) -> None:
    snapshot = compiled(tmp_path, made(replace(HEAD, enabled=False)))
    policy = snapshot.policies["own"]
    assert (policy.scorer, snapshot.scorers) == (None, {})
    assert policy.notes == ("its scorer is off: not better; decided as without it",)


def test_the_end_of_a_model_switches_it_off_and_keeps_no_gateway_from_starting(tmp_path) -> None:
    snapshot = compiled(tmp_path, made(), LATER)
    policy = snapshot.policies["own"]
    assert (policy.scorer, snapshot.scorers) == (None, {})
    off = f"its scorer is off: {FLASH} ended on 2026-12-01; decided as without it"
    assert policy.notes == (off,)
    with pytest.raises(ConfigError, match=f"claude-9 and {FLASH} are not among"):
        compiled(tmp_path, made(replace(HEAD, models=("claude-9", FLASH))), LATER)


GOOD = made()
AT_FAULT = [
    (None, "pair.scorer cannot be read: No such file"),
    (b"", "not a scorer's file"),
    (GOOD[:-10], "cut short"),
    (GOOD[:5000] + b"x" + GOOD[5001:], "checksum is wrong"),
    (GOOD.replace(b"fairlead-scorer 2", b"fairlead-scorer 9"), "version 9, this release reads 2"),
    (b"x" * (2 << 20), "a scorer has at most"),
    (made(replace(HEAD, models=("claude-9", FLASH))),
     f"was trained for claude-9 and {FLASH}; claude-9 is not among the candidates"),
    (made(replace(HEAD, models=(FLASH, "models/gemini-2.5-flash"))), "which are one model"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), AT_FAULT)
def test_a_file_at_fault_is_refused_with_line_and_reason(tmp_path, data, said) -> None:
    with pytest.raises(ConfigError) as raised:
        compiled(tmp_path, data)
    told = str(raised.value)
    assert "policies/own.toml:6: scorer.file: " in told
    assert said in told
