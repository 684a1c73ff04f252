"""Recommendations: the article's own choices, the month by the cost engine, a sound policy."""

import itertools
from datetime import date
from decimal import Decimal

import pytest

from fairlead.canon import Failure
from fairlead.catalog import load, shipped_policies
from fairlead.lab.choose.answers import Answers
from fairlead.lab.choose.recommend import recommend
from fairlead.lab.choose.recommendation import Recommendation
from fairlead.routing import Features, decide, options_for, parse_policy, takes_on

DAY = date(2026, 11, 23)
CATALOG = load()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


def made(day: date = DAY, name: str = "", **answers: object) -> Recommendation:
    return recommend(Answers(**answers), CATALOG, day, name)  # type: ignore[arg-type]


def goes(found: Recommendation, **features: object) -> str:
    """Where the written policy sends a request."""
    policy = parse_policy(found.policy_text, "x.toml", CATALOG, takes_on(CATALOG, DAY))
    options = options_for(policy, CATALOG, DAY, lambda _: True)
    return decide(Features(**features), policy, options).ranked[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "model", "decided"),
    [
        ({"task": "document", "largest_prompt": 300_000}, FLASH, "large document?"),
        ({"task": "chat", "media": ("video",)}, FLASH, "audio or video?"),
        ({"task": "coding"}, HAIKU, "coding the primary task?"),
        ({"task": "chat", "latency": "interactive"}, HAIKU, "very low latency needed?"),
        ({"task": "chat", "budget": "tight"}, FLASH, "very tight budget?"),
        ({"task": "math"}, FLASH, "mathematics or science"),
        ({"task": "science"}, FLASH, "mathematics or science"),
        ({"task": "document"}, FLASH, "stars for document analysis?"),
        ({"task": "creative"}, HAIKU, "stars for content creation?"),
        ({"task": "agent"}, HAIKU, "stars for multi-agent systems?"),
        ({"task": "automation"}, HAIKU, "stars for desktop automation?"),
        ({"task": "chat"}, HAIKU, "stars for smart customer service?"),
    ],
)
def test_the_articles_choices(answers: dict[str, object], model: str, decided: str) -> None:
    found = made(DAY, "", **answers)
    assert found.model == model
    assert decided in found.path[-1].question
    assert found.path[-1].answer
    assert found.source == "article-2025-10"


def test_a_task_that_nobody_rates_takes_what_is_left_by_the_tree() -> None:
    found = made(task="translation")
    assert found.model == HAIKU
    assert not any(step.answer for step in found.path)


def test_the_month_is_the_cost_engines_to_the_cent() -> None:
    chat = made(task="chat", requests_per_day=10_000, input_tokens=1000, output_tokens=500)
    totals = {each.model: each.total for each in chat.monthly.models}
    assert (totals[FLASH], totals[HAIKU]) == (Decimal(465), Decimal(1050))
    batched = made(
        task="chat",
        requests_per_day=10_000,
        input_tokens=1000,
        output_tokens=500,
        latency="batch",
        batch_share=Decimal(1),
    )
    assert batched.monthly.combination == "batched"
    assert batched.monthly.models[-1].batched
    assert any("cheaper a month" in note for note in chat.notes)


def test_a_workload_that_is_not_stated_has_no_cost() -> None:
    found = made(task="chat")
    assert found.monthly.models == ()
    assert found.monthly.reason == "requests a day and tokens are not stated"


def test_a_tight_budget_takes_the_lower_bill_not_the_articles_word() -> None:
    catalog = load(families={"haiku": ["claude-haiku-5-5"]})
    answers = Answers(
        task="chat", budget="tight", requests_per_day=1000, input_tokens=1000, output_tokens=500
    )
    found = recommend(answers, catalog, DAY)
    assert (found.model, found.source) == ("claude-haiku-5-5", "fairlead")
    assert f"the article takes {FLASH}" in found.reason


def test_what_only_some_requests_bring_becomes_a_rule() -> None:
    found = made(
        task="chat", input_tokens=1000, largest_prompt=300_000, sometimes=("audio", "image")
    )
    assert found.model == HAIKU
    assert {each.model for each in found.exceptional} == {FLASH}
    assert len(found.exceptional) == 2
    assert goes(found, prompt_tokens=1000) == HAIKU
    assert goes(found, prompt_tokens=250_000, prompt_tokens_high=250_000) == FLASH
    assert goes(found, modalities=("text", "audio")) == FLASH
    assert goes(found, modalities=("text", "image")) == HAIKU


def test_what_no_source_discloses_is_said() -> None:
    found = made(task="science", latency="interactive")
    silent = found.evidence.undisclosed
    assert f"output speed of {HAIKU}" in silent
    assert f"first token of {FLASH}" in silent
    assert any("first token" in note for note in found.notes)
    assert "article-2025-10" in found.evidence.sources


def test_a_successor_inherits_no_stars() -> None:
    found = made(day=date(2026, 12, 2), task="document")
    assert found.model == "gemini-3.5-flash-lite"
    assert "which has no stars" in found.reason
    assert f"{'document analysis'} of {found.model}" in found.evidence.undisclosed


def test_every_combination_of_answers_writes_a_sound_policy() -> None:
    seen = set()
    tasks = ("chat", "coding", "document", "video", "math", "other")
    for task, latency, budget, some, largest in itertools.product(
        tasks, ("interactive", "batch"), ("tight", "normal"), ((), ("video",)), (None, 500_000)
    ):
        found = made(
            task=task, latency=latency, budget=budget, sometimes=some, largest_prompt=largest,
            input_tokens=1000,
        )  # fmt: skip
        assert goes(found, prompt_tokens=1000) == found.model
        seen.add(found.model)
    assert seen == {FLASH, HAIKU}


def test_what_no_model_can_take_is_refused_or_told() -> None:
    with pytest.raises(Failure, match="no model can take this request"):
        made(task="chat", input_tokens=5_000_000)
    told = made(task="chat", input_tokens=100, largest_prompt=5_000_000)
    assert any(
        note.startswith("prompts of up to 5,000,000 tokens: no model") for note in told.notes
    )


def test_names_of_policies() -> None:
    assert made(task="chat").policy_name == "choose-chat"
    assert 'name = "support"' in made(task="chat", name="support").policy_text
    for bad in ('a"b', "Über", "a" * 61, "always:x", *shipped_policies()):
        with pytest.raises(Failure):
            made(task="chat", name=bad)
