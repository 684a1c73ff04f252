"""What was said of answers, put together; and where figures come from outside of the ledger."""

import gzip
import json

import pytest

from fairlead.canon import Failure
from fairlead.catalog import load, shipped_policies
from fairlead.lab.quality.evidence import PAIRED, Answer, gather
from fairlead.lab.quality.figures import figures
from fairlead.lab.quality.sources import lots_of, published, read_lab
from fairlead.lab.quality.written import written
from fairlead.ledger.verdict import Verdict
from fairlead.ledger.verdicts import Judged
from fairlead.routing import parse_policy
from fairlead.routing.quality import parse_quality

CATALOG = load()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
NOW, DAY = 1_790_000_000.0, 86_400.0


def one(*verdicts: Verdict, **facts) -> Answer:
    answer = Judged("r", NOW - facts.pop("age", 0) * DAY, FLASH, "p", "h", "chat", **facts)
    (found,) = gather([answer], verdicts, NOW, 30.0, frozenset({"h"}))
    return found


def word(source: str, score: float | None, task: str | None = None, at: float = 1) -> Verdict:
    return Verdict("r", at, source, score, task)


def test_users_and_graders_count_alike_and_signals_apart() -> None:
    found = one(word("user", 1.0), word("grader:x", 0.5), word("signal:schema", 0.0))
    assert (found.rating, found.signal, found.task) == (0.75, "schema", "chat")
    assert one().rating is None
    assert one(word("user", None, "math")).rating is None
    assert one(word("user", 1.0, "math", 1), word("grader:x", 1.0, "agent", 2)).task == "agent"


def test_the_worst_signal_counts_and_an_unknown_one_does_not() -> None:
    assert one(word("signal:retry", 0.5), word("signal:schema", 0.0)).signal == "schema"
    assert one(word("signal:tomorrow", 0.0)).signal == ""
    assert one(left=True).signal == "left"
    assert one(word("signal:cascade:tools", 0.0), word("signal:retry", 0.5)).signal == "calls"
    assert one(word("signal:cascade:tools", 1.0)).signal == "", "it has passed"
    assert one(left=True, empty=True).signal == "empty"


def test_what_a_cascade_passed_before_it_failed_is_not_of_the_answer_that_followed() -> None:
    at = NOW - 5
    answers = [Judged("r", at, HAIKU, "p", "h", "chat"), Judged("r.1", at, FLASH, "p", "h", "chat")]
    passed = Verdict("r", at, "grader:one", 1.0)
    failed = Verdict("r.1", at, "grader:two", 0.0)
    later = Verdict("r", NOW, "user", 0.5)
    found = gather(answers, [passed, failed, later], NOW, 30.0)
    assert [(each.model, each.rating) for each in found] == [(HAIKU, 0.5), (FLASH, 0.0)]
    delivered = gather(answers[:1], [passed], NOW, 30.0)
    assert delivered[0].rating == 1.0, "nothing failed: it is of the answer that was delivered"


def test_a_shadows_copy_and_its_request_are_a_pair() -> None:
    own = Judged("r", NOW, HAIKU, "p", "x", "chat")
    copy = Judged("r.shadow", NOW, FLASH, "p", "x", "chat", copy=True)
    other = Judged("s", NOW, HAIKU, "p", "x", "chat")
    retries = [Verdict(each, NOW, "signal:retry", 0.5) for each in ("r", "s")]
    found = gather([own, copy, other], retries, NOW, 30.0)
    assert [each.drawn for each in found] == [PAIRED, PAIRED, ""]
    assert [each.signal for each in found] == ["", "", "retry"], "no client saw the copy"


def test_an_answer_counts_half_after_a_half_life() -> None:
    assert one().weight == 1
    assert one(age=30).weight == pytest.approx(0.5)
    assert one(age=90).weight == pytest.approx(0.125)
    assert one(age=-5).weight == 1, "a clock that was put back"


def test_lots_are_policies_that_draw_and_do_nothing_else() -> None:
    assert one().drawn == "h"
    shipped = {p.name: p for p in (parse_policy(t, n) for n, t in shipped_policies().items())}
    assert lots_of(shipped) == {shipped["weighted"].hash}


def test_published_figures_are_of_benchmarks_that_both_have() -> None:
    found = published(CATALOG)
    assert found["coding"] == {FLASH: 0.54, HAIKU: 0.733}
    assert found["math"] == {FLASH: 0.78, HAIKU: 0.73}
    assert "automation" not in found, "only one model's vendor says anything"


def lines(*rows: object) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def test_results_of_the_laboratory(tmp_path) -> None:
    row = {"prompt": "Solve x^2 = 4.", "scores": {FLASH: 1, HAIKU: 0.5}, "costs": {}}
    file = tmp_path / "r.jsonl.gz"
    file.write_bytes(gzip.compress(lines(row, row | {"task": "chat"})))
    found = read_lab(file, CATALOG)
    assert [(each.model, each.task, each.score) for each in found[2:]] == [
        (FLASH, "chat", 1.0), (HAIKU, "chat", 0.5),
    ]  # fmt: skip
    assert found[0].task == "math"


WRONG = [
    (b"{", "r.jsonl:1: "),
    (lines({"prompt": "x"}), "scores"),
    (lines({"prompt": "x", "scores": {"flash": 1}}), "no such model 'flash'"),
    (lines({"prompt": "x", "scores": {FLASH: 1.5}}), "lies in 0 to 1"),
    (lines({"prompt": "x", "scores": {FLASH: 1}, "task": "maths"}), "task"),
]


@pytest.mark.parametrize(("data", "said"), WRONG)
def test_results_at_fault_are_told_with_their_line(tmp_path, data, said) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(data)
    with pytest.raises(Failure) as raised:
        read_lab(file, CATALOG)
    assert said in raised.value.problem.message
    with pytest.raises(Failure, match=r"nonesuch cannot be read: No such file or directory$"):
        read_lab(tmp_path / "nonesuch", CATALOG)


def test_what_is_written_is_what_policies_read() -> None:
    made = figures([], [], published(CATALOG))
    table = parse_quality(written(made, CATALOG.models, "head\nof two lines"), "q", CATALOG.models)
    assert len(table) == len(made) == 4
    assert table.of(HAIKU, "coding").score > table.of(FLASH, "coding").score
    assert len(parse_quality(written((), CATALOG.models, "head"), "q", CATALOG.models)) == 0
