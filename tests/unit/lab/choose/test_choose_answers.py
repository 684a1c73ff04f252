"""Answers: every form is read from plain data and from text, and a wrong one is told."""

from contextlib import suppress
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.lab.choose.answers import Answers, answers_from, parse_answers
from fairlead.lab.choose.questions import QUESTIONS
from fairlead.routing.decision import Budget, Latency, Task


def refused(given: dict[str, object], where: dict[str, str] | None = None) -> tuple[str, str]:
    with pytest.raises(Failure) as raised:
        answers_from(given, where or {})
    problem = raised.value.problem
    return problem.param or "", problem.message


def test_questions_and_answers_have_the_same_keys_and_words() -> None:
    assert tuple(QUESTIONS) == Answers.__struct_fields__
    assert tuple(sorted(QUESTIONS["task"].words)) == tuple(sorted(get_args(Task)))
    assert tuple(QUESTIONS["latency"].words) == get_args(Latency)
    assert tuple(QUESTIONS["budget"].words) == get_args(Budget)
    assert all(each.why and each.ask.endswith("?") for each in QUESTIONS.values())
    assert all(each.needed or each.without for each in QUESTIONS.values())


def test_text_and_plain_data_are_read_alike() -> None:
    text = answers_from(
        {
            "task": "Chat",
            "media": "image, audio",
            "largest_prompt": "300,000",
            "requests_per_day": "10_000",
            "input_tokens": "1000",
            "output_tokens": "500",
            "cached_share": "50%",
            "mainland_china": "yes",
        },
        {},
    )
    plain = answers_from(
        {
            "task": "chat",
            "media": ["image", "audio"],
            "largest_prompt": 300_000,
            "requests_per_day": 10_000,
            "input_tokens": 1000,
            "output_tokens": 500,
            "cached_share": 0.5,
            "mainland_china": True,
        },
        {},
    )
    assert text == plain
    assert text.cached_share == Decimal("0.5")
    assert text.batch_share == 0


def test_what_waits_a_day_may_go_in_batches_unless_told_otherwise() -> None:
    assert answers_from({"task": "chat", "latency": "batch"}, {}).batch_share == 1
    told = {"task": "chat", "latency": "batch", "batch_share": "0.2"}
    assert answers_from(told, {}).batch_share == Decimal("0.2")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"task": "codnig"}, "'codnig' is no answer"),
        ({"task": 3}, "3 is no answer"),
        ({"media": "smell"}, "'smell' is no answer"),
        ({"media": 3}, "must be a list of words"),
        ({"media": [["image"]]}, "is no answer"),
        ({"largest_prompt": "many"}, "must be a whole number"),
        ({"largest_prompt": -1}, "must be a whole number"),
        ({"largest_prompt": True}, "must be a whole number"),
        ({"largest_prompt": 1.5}, "must be a whole number"),
        ({"largest_prompt": "9" * 5000}, "must be a whole number"),
        ({"cached_share": "1.5"}, "must be a share from 0 to 1"),
        ({"cached_share": "NaN"}, "must be a share from 0 to 1"),
        ({"cached_share": True}, "must be a share from 0 to 1"),
        ({"mainland_china": "perhaps"}, "must be yes or no"),
        ({"largest_prompt": 10, "input_tokens": 20}, "is smaller than input_tokens"),
        ({"requests_per_day": 10}, "needs input_tokens and output_tokens too"),
    ],
)
def test_a_wrong_answer_is_told_at_its_place(answer: dict[str, object], said: str) -> None:
    key = next(iter(answer))
    param, message = refused({"task": "chat"} | answer, {key: f"--{key}"})
    assert param == f"--{key}"
    assert said in message
    assert len(message) < 200


def test_the_task_must_be_told() -> None:
    assert refused({}) == ("--task", "is missing: What is it mainly for?")


def test_files_are_toml_or_json_and_know_no_other_questions() -> None:
    assert parse_answers('task = "chat"\ncached_share = 0.1', "a.toml") == {
        "task": "chat",
        "cached_share": Decimal("0.1"),
    }
    assert parse_answers('{"task": "chat"}', "a.json") == {"task": "chat"}
    for text in ("task = ", '{"task": ', "[" * 10_000):
        with pytest.raises(Failure, match="neither TOML nor JSON"):
            parse_answers(text, "a.toml")
    with pytest.raises(Failure) as raised:
        parse_answers('tusk = "chat"', "a.toml")
    assert raised.value.problem.param == "a.toml: tusk"


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(sorted(QUESTIONS)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_whatever_is_answered_is_read_or_refused(given: dict[str, object]) -> None:
    answers = None
    with suppress(Failure):
        answers = answers_from(given, {})
    assert answers is None or answers.task in QUESTIONS["task"].words
