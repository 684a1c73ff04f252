"""A scorer in a policy: what it takes, when it has no say, and that the decision can be replayed."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Media, Request, Text, Turn, Url
from fairlead.catalog import load
from fairlead.routing import Chooser, Decision, Features, Moment, decide, options_for, parse_policy
from fairlead.routing.policy import PolicyError
from fairlead.routing.scored import scored, text_of
from fairlead.routing.scorer import Head, Scorer
from fairlead.routing.scorer_rule import ScorerRule, by_scorer
from fairlead.routing.scorer_table import Read

CATALOG, DAY = load(), date(2026, 11, 23)
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
RULE = ScorerRule("abc", FLASH, HAIKU, 0.05)
FILE = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
objective = "cheapest"
[constraints]
max_usd = 0.5
[options]
sticky = false
[scorer]
file = "pair.scorer"
[[rules]]
question = "long?"
when = { prompt_tokens = { over = 1000 } }
use = "flash"
"""


def policy(text: str = FILE, rule: ScorerRule | None = RULE):
    return parse_policy(text, "own.toml", CATALOG, scorers=lambda *_: Read(rule, "not better"))


def moment(haiku: float, flash: float = 0.5, **facts) -> Moment:
    return Moment(scorer="abc", chances={FLASH: flash, HAIKU: haiku}, **facts)


def went(now: Moment, text: str = FILE, **features) -> Decision:
    own = policy(text)
    options = options_for(own, CATALOG, DAY, lambda _: True)
    asked = Features(**{"prompt_tokens": 10, "prompt_tokens_high": 10} | features)
    made = decide(asked, own, options, None, now)
    assert Chooser(own, options).quick(asked, now).whole() == made
    stored = msgspec.json.decode(made.stored(), type=Decision)
    replayed = decide(stored.features, own, options, None, stored.moment or Moment())
    assert replayed == stored
    return made


def test_the_other_model_is_taken_where_its_lead_is_over_the_threshold() -> None:
    ahead, close = went(moment(0.56)), went(moment(0.54))
    assert (ahead.ranked, close.ranked) == ((HAIKU, FLASH), (FLASH, HAIKU))
    assert "a lead of +6.0 points, over 5.0" in ahead.path[-1].because
    assert "not over" in close.path[-1].because
    assert ahead.flip[0].model == FLASH
    assert {each.model: each.quality for each in ahead.candidates} == {FLASH: 50, HAIKU: 56}
    assert "the scorer takes" in ahead.candidates[1].why
    assert ahead.reason == "own: by the scorer, else cheapest of flash, haiku"


def test_it_has_no_say_where_it_was_not_asked_or_a_question_decides() -> None:
    assert went(moment(0.99), prompt_tokens=2000, prompt_tokens_high=2000).ranked[0] == FLASH
    assert "scorer:" not in went(Moment()).path[-1].because
    other = Moment(scorer="older", chances={FLASH: 0.1, HAIKU: 0.9})
    assert "scorer:" not in went(other).path[-1].because, "another file's word"


def test_hard_limits_and_stickiness_go_before_it() -> None:
    assert went(moment(0.9), modalities=("text", "audio")).ranked[0] == FLASH
    sticky = FILE.replace("sticky = false", "sticky = true")
    assert went(moment(0.9, held=FLASH), sticky).ranked[0] == FLASH


def test_the_hash_names_the_scorer_too() -> None:
    newer = ScorerRule("abd", FLASH, HAIKU, 0.05)
    assert policy().hash != policy(rule=newer).hash
    without = FILE.replace('[scorer]\nfile = "pair.scorer"\n', "")
    off = policy(rule=None)
    assert off.hash == policy(without).hash, "off: as without it"
    assert off.notes == ("its scorer is off: not better; decided as without it",)
    unread = parse_policy(FILE, "own.toml", CATALOG)
    assert (unread.scorer, unread.hash) == (None, off.hash)


def refusing(*_: object) -> Read:
    raise PolicyError("pair.scorer: cut short")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('file = "pair.scorer"', "file = 3", "own.toml:11: scorer.file: must be a string"),
        ('file = "pair.scorer"', "", "own.toml:10: scorer: 'file' is missing"),
        ('file = "pair.scorer"', 'fiel = "x"', "own.toml:11: scorer.fiel: unknown key"),
        ("", "", "own.toml:11: scorer.file: pair.scorer: cut short"),
    ],
)
def test_a_mistake_is_told_with_its_line(old, new, said) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(FILE.replace(old, new) if old else FILE, "own.toml", scorers=refusing)
    assert said in str(raised.value)


def test_a_scorer_needs_something_to_choose() -> None:
    text = (
        'name="o"\nversion="1"\ncandidates=["flash","haiku"]\notherwise="flash"\n[scorer]\nfile="x"'
    )
    with pytest.raises(PolicyError, match="scorer: chooses nothing"):
        policy(text)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.permutations([FLASH, HAIKU, "c"]))
def test_the_rule_is_the_trained_one(flash, haiku, threshold, order) -> None:
    head = Head((FLASH, HAIKU), FLASH, True, threshold, (0, 0), ((), ()), (1, 1, 1), 1, "")

    class Fixed(Scorer):
        def scores(self, text: str) -> tuple[float, float]:
            del text
            return flash, haiku

    rule = ScorerRule("abc", FLASH, HAIKU, threshold)
    taken, _, flip = by_scorer(rule, {FLASH: flash, HAIKU: haiku}, order)
    assert taken == Fixed(head, b"", b"", b"").choice("x")
    assert flip.model != taken
    assert by_scorer(rule, {FLASH: flash, HAIKU: haiku}, [FLASH, "c"]) is None
    assert by_scorer(rule, {}, order) is None


def said(*parts, role="user") -> Turn:
    return Turn(role, parts)


def test_what_is_scored_is_the_users_last_text() -> None:
    image = Media("image", "image/png", Url("https://example.com/a.png"))
    turns = (said(Text("one")), said(Text("mine"), role="assistant"), said(Text("two"), Text("3")))
    assert text_of(Request(model="auto", turns=turns)) == "two\n3"
    assert text_of(Request(model="auto", turns=(*turns, said(image)))) == "two\n3"
    silent = Request(model="auto", turns=(said(image),))
    assert text_of(silent) == ""
    head = Head((FLASH, HAIKU), FLASH, True, 0.1, (0, 0), ((), ()), (1, 1, 1), 1, "")
    scorer = Scorer(head, b"", b"", b"")
    assert scored(Moment(), policy(), {"abc": scorer}, silent) == Moment()
    assert scored(Moment(), policy(), {}, Request(model="auto", turns=turns)) == Moment()
