"""Every path of the article's tree and methods, and what becomes of it under hard limits."""

import tomllib
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.routing.recorded import SHARED

from fairlead.canon import Failure
from fairlead.catalog import Model, load, shipped_policies
from fairlead.catalog.model import Limits
from fairlead.routing import (
    Decision,
    Features,
    Option,
    Predicted,
    decide,
    named,
    options_for,
    parse_policy,
)

TODAY = date(2026, 11, 22)
CATALOG = load()
POLICIES = {name: parse_policy(text, name) for name, text in shipped_policies().items()}
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
LONG = {"prompt_tokens": 212_331, "prompt_tokens_high": 286_711}


def choose(policy: str, features: Features, *, configured: tuple[str, ...] = ()) -> Decision:
    vendors = configured or ("google", "anthropic")
    options = options_for(POLICIES[policy], CATALOG, TODAY, lambda model: model.vendor in vendors)
    return decide(features, POLICIES[policy], options)


TREE = [
    (Features(**LONG), FLASH, 1, "article-tree: large document (212,331 tokens > 200,000)"),
    (Features(**LONG, task="coding"), FLASH, 1, "article-tree: large document (212,331"),
    (Features(modalities=("text", "audio")), FLASH, 2, "article-tree: audio or video"),
    (Features(modalities=("text", "video"), task="coding"), FLASH, 2, "article-tree: audio or"),
    (
        Features(task="coding", task_evidence="says refactor"),
        HAIKU,
        3,
        "article-tree: coding (says refactor)",
    ),
    (Features(task="coding", budget="tight"), HAIKU, 3, "article-tree: coding"),
    (Features(latency="interactive"), HAIKU, 4, "article-tree: very low latency needed"),
    (Features(latency="interactive", budget="tight"), HAIKU, 4, "article-tree: very low latency"),
    (Features(budget="tight"), FLASH, 5, "article-tree: very tight budget"),
    (Features(budget="tight", task="math"), FLASH, 5, "article-tree: very tight budget"),
    (Features(task="math"), FLASH, 6, "article-tree: mathematics or science"),
    (Features(task="science"), FLASH, 6, "article-tree: mathematics or science"),
    (Features(task="creative"), HAIKU, 6, "article-tree: none of the questions decided"),
    (Features(latency="batch"), HAIKU, 6, "article-tree: none of the questions decided"),
]


@pytest.mark.parametrize(("features", "model", "asked", "reason"), TREE)
def test_each_path_of_the_tree(features: Features, model: str, asked: int, reason: str) -> None:
    decision = choose("article-tree", features)
    assert decision.ranked[0] == model
    assert len(decision.path) == asked
    assert [step.answer for step in decision.path[:-1]] == [False] * (asked - 1)
    assert decision.reason.startswith(reason)
    assert decision.candidates[0].why == "the policy's choice"


def test_the_tree_is_the_articles() -> None:
    path = SHARED / "facts" / "article-2025-10.toml"
    if not path.exists():
        pytest.skip("../shared is absent: the article's tree cannot be compared")
    article = tomllib.loads(path.read_text(encoding="utf-8"))
    tree = POLICIES["article-tree"]
    nodes = article["tree"]
    assert [rule.question for rule in tree.rules] == [node["question"] for node in nodes]
    meant = [CATALOG.resolve(rule.use[0], TODAY).id for rule in tree.rules]
    assert meant == [node["yes"] for node in nodes]
    (otherwise,) = [node["otherwise"] for node in nodes if "otherwise" in node]
    assert CATALOG.resolve(tree.otherwise[0], TODAY).id == otherwise


TASKS = {
    "coding": HAIKU,
    "automation": HAIKU,
    "chat": HAIKU,
    "document": FLASH,
    "video": FLASH,
    "audio": FLASH,
    "math": FLASH,
    "science": FLASH,
    "other": FLASH,
}


@pytest.mark.parametrize(("task", "model"), TASKS.items())
def test_the_method_by_task(task: str, model: str) -> None:
    assert choose("article-task", Features(task=task)).ranked[0] == model


@pytest.mark.parametrize(
    ("tokens", "model"), [(200_000, HAIKU), (199_999, HAIKU), (200_001, FLASH), (0, HAIKU)]
)
def test_the_method_by_length(tokens: int, model: str) -> None:
    features = Features(prompt_tokens=tokens, prompt_tokens_high=0)
    assert choose("article-length", features).ranked[0] == model


def test_the_rest_is_ranked_behind_with_its_reason() -> None:
    decision = choose("article-tree", Features(task="math"))
    assert decision.ranked == (FLASH, HAIKU)
    assert decision.candidates[1].why == f"fallback: {FLASH} is preferred"
    assert decision.candidates[1].ruled_out is None


def test_a_hint_does_not_break_a_limit() -> None:
    decision = choose("article-tree", Features(task="coding", candidates=3, needs=("n",)))
    assert decision.ranked == (FLASH,)
    haiku = decision.candidates[0]
    assert (haiku.model, haiku.ruled_out) == (HAIKU, "lacks n")
    assert haiku.why == "the policy's choice, but lacks n"
    assert decision.reason == f"article-tree: {FLASH}, as {HAIKU} lacks n"


def test_a_doubtful_size_goes_where_it_surely_fits() -> None:
    features = Features(prompt_tokens=160_000, prompt_tokens_high=216_000)
    decision = choose("article-tree", features)
    assert decision.ranked == (FLASH,)
    assert "160,000" in decision.candidates[0].why
    assert "216,000" in decision.candidates[0].why
    assert "200,000" in decision.candidates[0].why


def test_a_doubtful_size_is_tried_where_nothing_else_is_left() -> None:
    features = Features(prompt_tokens=160_000, prompt_tokens_high=216_000)
    decision = choose("article-tree", features, configured=("anthropic",))
    assert decision.ranked == (HAIKU,)
    assert any("may exceed" in warning for warning in decision.warnings)


def failure(policy: str, features: Features, *configured: str) -> Failure:
    with pytest.raises(Failure) as raised:
        choose(policy, features, configured=configured)
    return raised.value


def test_too_long_for_all_is_a_context_error() -> None:
    huge = Features(prompt_tokens=3_000_000, prompt_tokens_high=4_000_000)
    problem = failure("article-tree", huge).problem
    assert (problem.kind, problem.param) == ("context_length_exceeded", "messages")
    assert problem.status == 400
    for part in (FLASH, HAIKU, "1,048,576", "200,000", "3,000,000"):
        assert part in problem.message
    alone = failure("article-tree", Features(**{**LONG, "prompt_tokens": 400_000}), "anthropic")
    assert alone.problem.kind == "context_length_exceeded"
    assert f"{FLASH} belongs to google, which has no key here" in alone.problem.message


def test_no_candidate_left_says_which_limit_ruled_out_which_model() -> None:
    problem = failure("article-tree", Features(max_tokens=100_000)).problem
    assert (problem.kind, problem.param, problem.status) == ("unsupported", "max_tokens", 400)
    assert f"{HAIKU} max_tokens 100,000 exceeds its output limit of 64,000" in problem.message
    assert f"{FLASH} max_tokens 100,000 exceeds its output limit of 65,536" in problem.message
    mixed = Features(modalities=("text", "audio"), max_tokens=65_600)
    assert "takes no audio input" in failure("article-tree", mixed).problem.message


def test_nothing_configured_says_so() -> None:
    problem = failure("article-tree", Features(), "nobody").problem
    assert "has no key here" in problem.message
    assert problem.hint is not None
    assert "GEMINI_API_KEY" in problem.hint


def test_a_family_follows_its_members() -> None:
    later = options_for(POLICIES["article-tree"], CATALOG, date(2026, 12, 1), lambda _: True)
    decision = decide(Features(task="math"), POLICIES["article-tree"], later)
    assert decision.ranked[0] == "gemini-3.5-flash-lite"
    assert "ended" in decision.warnings[0]


def test_an_ending_model_is_warned_of_only_where_it_serves() -> None:
    assert "2026-12-01" in choose("article-tree", Features(task="math")).warnings[0]
    assert choose("article-tree", Features(task="coding")).warnings == ()


def test_costs_are_predicted_for_every_candidate() -> None:
    options = options_for(POLICIES["article-tree"], CATALOG, TODAY, lambda _: True)
    costs = {FLASH: Decimal("0.01"), HAIKU: None}
    decision = decide(
        Features(),
        POLICIES["article-tree"],
        options,
        lambda model, *_: Predicted(cost_usd=costs[model.id]),
    )
    assert {c.model: c.cost_usd for c in decision.candidates} == costs


def test_a_named_model_keeps_its_limits() -> None:
    haiku = CATALOG.models[HAIKU]
    decision = named(haiku, Features(task="math"))
    assert (decision.ranked, decision.reason) == ((HAIKU,), f"named: {HAIKU}")
    with pytest.raises(Failure, match="takes no video input"):
        named(haiku, Features(modalities=("text", "video")))
    with pytest.raises(Failure, match="which has no key here"):
        named(haiku, Features(), available=False)
    doubt = named(haiku, Features(prompt_tokens=210_000, prompt_tokens_high=283_000))
    assert any("may exceed" in warning for warning in doubt.warnings)


def test_what_is_not_disclosed_rules_nothing_out() -> None:
    unknown = Model.unknown("claude-next", "anthropic")
    wild = Features(
        prompt_tokens=9_000_000,
        prompt_tokens_high=9_000_000,
        max_tokens=10**9,
        modalities=("text", "video"),
        needs=("n", "json_schema"),
        candidates=9,
    )
    assert named(unknown, wild).ranked == ("claude-next",)


def test_the_reason_fits_a_header() -> None:
    text = shipped_policies()["article-tree"].replace(
        'reason = "coding"', 'reason = "编程\\r\\nx-evil: 1 ' + "long " * 50 + '"'
    )
    policy = parse_policy(text)
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    reason = decide(Features(task="coding"), policy, options).reason
    assert len(reason) <= 120
    assert all(" " <= c <= "~" for c in reason)


def test_a_model_that_two_names_mean_stands_once() -> None:
    text = shipped_policies()["article-length"].replace(
        '["flash", "haiku"]', '["flash", "gemini-2.5-flash", "haiku"]'
    )
    policy = parse_policy(text)
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    assert [option.model.id for option in options] == [FLASH, HAIKU]
    assert options[0].names == ("flash", "gemini-2.5-flash")


def test_a_decision_survives_storage() -> None:
    options = options_for(POLICIES["article-tree"], CATALOG, TODAY, lambda _: True)
    for features, *_ in TREE:
        decision = decide(
            features,
            POLICIES["article-tree"],
            options,
            lambda *_: Predicted(9, 7, Decimal("0.000123")),
        )
        stored = msgspec.json.encode(decision)
        assert msgspec.json.decode(stored, type=Decision) == decision
        again = decide(
            decision.features,
            POLICIES["article-tree"],
            options,
            lambda *_: Predicted(9, 7, Decimal("0.000123")),
        )
        assert again == decision


def test_an_option_that_the_policy_wants_but_nobody_offers() -> None:
    only = (Option(replace(CATALOG.models[HAIKU], limits=Limits()), ("haiku",)),)
    decision = decide(Features(task="math"), POLICIES["article-tree"], only)
    assert decision.ranked == (HAIKU,)
