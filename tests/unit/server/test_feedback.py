"""`POST /v1/feedback`: what is taken, whose, and how a mistake is told. Nothing is sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.server.side_house import DAY, SideHouse

from fairlead.canon import Failure
from fairlead.ledger.health import LedgerError
from fairlead.ledger.verdict import Verdict
from fairlead.ledger.verdicts import Request
from fairlead.server.feedback import MOST_BYTES, Feedback
from fairlead.server.rating import MOST_WORDS, read_said, verdict_of
from fairlead.server.settings import QualitySettings

ANSWERED = Request(DAY - 60, None, "generate", "ok", "gemini-2.5-flash")
GOOD = {"request_id": "fl-1", "rating": "up"}


def house(found: dict[str, Request] | None = None, *, keys=False, **settings) -> SideHouse:
    made = SideHouse(keys=keys)
    known = {"fl-1": ANSWERED} if found is None else found
    made.plane._feedback = Feedback(made.ledger, known.get, QualitySettings(**settings))
    return made


def changed(**facts) -> dict[str, Request]:
    return {"fl-1": Request(**{name: getattr(ANSWERED, name) for name in ANSWERED.__struct_fields__}
                            | facts)}  # fmt: skip


TAKEN = [
    ({"rating": "up"}, ("user", 1.0, None)),
    ({"rating": "down"}, ("user", 0.0, None)),
    ({"rating": False}, ("user", 0.0, None)),
    ({"rating": 1}, ("user", 1.0, None)),
    ({"rating": 0.25, "grader": "unit tests"}, ("grader:unit tests", 0.25, None)),
    ({"rating": "pass", "grader": "x"}, ("grader:x", 1.0, None)),
    ({"task": "math"}, ("user", None, "math")),
    ({"rating": "fail", "task": "agent"}, ("user", 0.0, "agent")),
]


@pytest.mark.parametrize(("said", "kept"), TAKEN)
async def test_what_is_taken(said, kept) -> None:
    there = house()
    reply = await there.ask("POST", "/v1/feedback", {"request_id": "fl-1"} | said)
    assert (reply.status, reply.sent) == (200, [])
    source, score, task = kept
    assert there.ledger.verdicts("fl-1") == [Verdict("fl-1", DAY, source, score, task)]
    assert reply.json() == {
        "request_id": "fl-1", "source": source, "score": score, "task": task, "comment": None,
        "object": "feedback",
    }  # fmt: skip


async def test_the_same_again_adds_nothing() -> None:
    there = house()
    for _ in range(3):
        assert (await there.ask("POST", "/feedback", GOOD)).status == 200
    assert len(there.ledger.verdicts("fl-1")) == 1
    await there.ask("POST", "/v1/feedback", GOOD | {"rating": "down"})
    assert [one.score for one in there.ledger.verdicts("fl-1")] == [1.0, 0.0]


@pytest.mark.parametrize(("keep", "told"), [(False, "not kept"), (True, "kept")])
async def test_comments_are_kept_where_the_configuration_says_so(keep, told) -> None:
    there = house(comments=keep)
    reply = await there.ask("POST", "/v1/feedback", GOOD | {"comment": "too long"})
    assert reply.json()["comment"] == told
    assert there.ledger.verdicts("fl-1")[0].comment == ("too long" if keep else None)


REFUSED = [
    (b"{", 400, "truncated"),
    (b"[1]", 400, "object"),
    ({}, 400, "request_id"),
    ({"request_id": "fl-1"}, 400, "says nothing"),
    ({"request_id": 7, "rating": 1}, 400, "request_id"),
    ({"request_id": "", "rating": 1}, 400, "1 to 64"),
    ({"request_id": "x" * 65, "rating": 1}, 400, "1 to 64"),
    (GOOD | {"rating": "great"}, 400, "'great' is no rating"),
    (GOOD | {"rating": 5}, 400, "outside of 0 to 1"),
    (GOOD | {"rating": -0.1}, 400, "outside of 0 to 1"),
    (GOOD | {"rating": [1]}, 400, "rating"),
    (GOOD | {"task": "poetry"}, 400, "task"),
    (GOOD | {"grader": "a\nb"}, 400, "grader"),
    (GOOD | {"comment": "x" * 2001}, 400, "at most 2000"),
    (GOOD | {"ratng": 1}, 400, "ratng"),
    (GOOD | {"comment": "x" * MOST_BYTES}, 413, "larger"),
    ({"request_id": "fl-2", "rating": 1}, 404, "no request 'fl-2' of this key"),
]


@pytest.mark.parametrize(("body", "status", "said"), REFUSED)
async def test_a_mistake_is_told(body, status, said) -> None:
    there = house()
    reply = await there.ask("POST", "/v1/feedback", body)
    assert reply.status == status
    assert said in reply.body.decode()
    assert not there.ledger.verdicts("fl-1")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"op": "embeddings"}, "embeddings request"),
        ({"outcome": "upstream_error"}, "ended as 'upstream_error'"),
        ({"model": None}, "no model's answer"),
        ({"at": DAY - 31 * 86_400}, "too late"),
        ({"words": MOST_WORDS}, "verdicts already"),
    ],
)
async def test_a_request_that_nothing_may_be_said_of(facts, said) -> None:
    reply = await house(changed(**facts)).ask("POST", "/v1/feedback", GOOD)
    assert reply.status == 409
    assert said in reply.body.decode()


async def test_only_the_key_that_asked_may_speak() -> None:
    there = house(changed(key_id="ann"), keys=True)
    assert (await there.ask("POST", "/v1/feedback", GOOD)).status == 401
    foreign = await there.ask("POST", "/v1/feedback", GOOD, key="ben")
    unknown = await there.ask("POST", "/v1/feedback", GOOD | {"request_id": "fl-9"}, key="ben")
    assert (foreign.status, unknown.status) == (404, 404)
    assert (
        foreign.body.replace(b"fl-1", b"fl-9").partition(b"request_id")[0]
        == (unknown.body.partition(b"request_id")[0])
    )
    assert not there.ledger.verdicts("fl-1")
    assert (await there.ask("POST", "/v1/feedback", GOOD, key="ann")).status == 200


async def test_a_page_elsewhere_may_not() -> None:
    reply = await house().ask("POST", "/v1/feedback", GOOD, origin="https://evil.example")
    assert reply.status == 403


async def test_the_error_speaks_the_clients_dialect() -> None:
    headers = {"anthropic-version": "2023-06-01"}
    reply = await house().ask("POST", "/v1/feedback", {"rating": 1}, **headers)
    assert json.loads(reply.body)["type"] == "error"


async def test_a_ledger_that_cannot_be_read_is_told() -> None:
    there = house()

    def locked(_: str) -> None:
        raise LedgerError("locked", "wait")

    there.plane._feedback = Feedback(there.ledger, locked)
    reply = await there.ask("POST", "/v1/feedback", GOOD)
    assert reply.status == 503
    assert "cannot be read now" in reply.body.decode()


WORDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(["request_id", "rating", "grader", "task", "comment", "x"])


@given(
    st.binary(max_size=60) | st.dictionaries(FIELDS, WORDS).map(lambda d: json.dumps(d).encode())
)
def test_whatever_is_sent_is_taken_or_refused(body) -> None:
    try:
        said = read_said(body)
    except Failure as failure:
        refused = failure.problem
    else:
        refused = None
    if refused is not None:
        assert refused.status == 400
        return
    verdict = verdict_of(said, 1.0, comments=True)
    assert verdict.score is None or 0 <= verdict.score <= 1
    assert verdict.score is not None or verdict.task is not None
