"""Training on made-up results, where what can be learned is known."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from fairlead.canon import Failure
from fairlead.cli.route import app
from fairlead.cli.train import _busy
from fairlead.lab.router.logistic import Design, Scale, fit, read_prompts
from fairlead.lab.router.measures import apgr, calibration
from fairlead.lab.router.report import file_of, report
from fairlead.lab.router.results import read_results, without_templates
from fairlead.lab.router.study import NEVER, Plan, predict
from fairlead.lab.router.told import markdown
from fairlead.routing.scorer import MOST, read_scorer

_FILLER = ("apple", "river", "stone", "cloud", "table", "green", "window", "paper", "music", "sun")


def results_file(folder: Path, *, learnable: bool, costs: bool = True, size: int = 300) -> Path:
    """A is right on 70 %; b is right exactly on prompts with `zebra` where it can be learned."""
    draw = np.random.default_rng(7)
    path = folder / "results.jsonl"
    with path.open("w") as file:
        for number in range(size):
            hard = draw.random() < 0.3
            words = [_FILLER[n] for n in draw.integers(0, len(_FILLER), 12)]
            if hard == (learnable or draw.random() < 0.5):
                words[4] = "zebra"
            row = {
                "prompt": " ".join(words),
                "scores": {"a": float(not hard), "b": float(hard)},
                "group": f"g{number % 6}",
            }
            if costs:
                row["costs"] = {"a": 0.002, "b": 0.001}
            file.write(json.dumps(row) + "\n")
    return path


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    results = read_results(results_file(tmp_path_factory.mktemp("r"), learnable=True))
    return results, *report(results, Plan(seeds=1, folds=3), resamples=2000)


def test_what_can_be_learned_is_learned_and_switched_on(learned):
    results, made, trained = learned
    assert made.enabled
    assert made.base == "a"
    assert made.verdict.startswith("better than always a")
    assert made.rows[0].gain.low > 0.2
    assert made.ranking.ahead.low > 0
    assert made.groups_left_out is not None
    assert made.groups_left_out.scorer.value > 0.6
    assert made.shuffled_labels is not None
    assert abs(made.shuffled_labels.scorer.value - 0.5) < 0.25
    scorer = read_scorer(file_of(made, trained), "x")
    right = [(scorer.choice(x) == "b") == ("zebra" in x) for x in results.prompts]
    assert sum(right) > 0.95 * len(right)


def test_the_file_scores_as_training_did(learned):
    results, made, trained = learned
    data = file_of(made, trained)
    assert len(data) < 600_000 < MOST
    scorer = read_scorer(data, "x")
    told = predict(trained, read_prompts(results.prompts[:40]))
    served = np.array([scorer.scores(prompt) for prompt in results.prompts[:40]])
    assert np.abs(told - served).max() < 1e-9, "rounded to the file's steps before it is measured"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_terminal_sees_that_it_is_at_work(terminal, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with _busy(5000):
        pass
    told = capsys.readouterr()
    assert ("Training on 5,000 prompts" in told.err, told.out) == (terminal, "")
    assert terminal or not told.err


def test_training_is_deterministic(learned):
    results, made, trained = learned
    again = report(results, Plan(seeds=1, folds=3), full=False)
    assert file_of(*again) == file_of(made, trained)


def test_nothing_to_learn_does_no_harm(tmp_path):
    results = read_results(results_file(tmp_path, learnable=False))
    made, trained = report(results, Plan(seeds=1, folds=3), full=False)
    assert not made.enabled
    assert made.verdict.startswith("not better than always a")
    assert read_scorer(file_of(made, trained), "x").choice("zebra zebra") == "a"


def test_unknown_costs_leave_it_off(tmp_path):
    results = read_results(results_file(tmp_path, learnable=True, costs=False))
    made, _ = report(results, Plan(seeds=1, folds=3), full=False)
    assert not made.enabled
    assert "costs are unknown" in made.verdict
    assert made.rows[0].cost_ratio is None


def test_a_dearer_model_is_not_taken_at_equal_cost(tmp_path):
    path = results_file(tmp_path, learnable=True)
    path.write_text(path.read_text().replace('"b": 0.001', '"b": 0.009'))
    made, trained = report(read_results(path), Plan(seeds=1, folds=3), full=False)
    assert not made.enabled
    assert trained.threshold == NEVER


def test_markdown_holds_verdict_and_rows(learned):
    text = markdown(learned[1])
    assert learned[1].verdict in text
    for name in ("always a", "length only", "random half", "oracle", "labels shuffled"):
        assert f"| {name}" in text


def test_logistic_regression_reaches_its_optimum():
    prompts = read_prompts([f"w{n % 7} w{n % 5} x" for n in range(120)])
    target = np.array([float(n % 7 < 3) for n in range(120)])
    design = Design(prompts, Scale.of(prompts))
    weights = design.own(fit(design, target, 1.0))
    chance = 1 / (1 + np.exp(-design.times(weights)))
    penalty = np.append(np.ones(len(weights) - 1), 1e-3)
    slope = penalty * weights + design.across(chance - target)
    assert np.linalg.norm(slope) < 0.02 * np.linalg.norm(design.across(0.5 - target))
    assert ((chance > 0.5) == target).all()


def test_apgr_of_known_rankings():
    gain = np.array([1.0, 1.0, 0.0, 0.0])
    assert apgr([np.arange(4)], gain) == pytest.approx(0.75)
    assert apgr([np.arange(4)[::-1]], gain) == pytest.approx(0.25)
    twice = np.array([0, 2, 1, 1], dtype=np.int16)
    assert apgr([np.arange(4)], gain, twice) == pytest.approx(0.75)


def test_calibration_goes_up():
    bins = calibration(np.linspace(0, 1, 50), np.linspace(0, 1, 50) > 0.5, 5)
    assert [each.prompts for each in bins] == [10] * 5
    assert all(a.predicted < b.predicted and a.seen <= b.seen for a, b in pairwise(bins))


def write(path: Path, row: dict, count: int = 100) -> Path:
    path.write_text((json.dumps(row) + "\n") * count)
    return path


def test_the_shared_forms_are_read(tmp_path):
    one = write(tmp_path / "a.jsonl", {"prompt": "p", "weak": 0, "strong": 1, "domain": "d"})
    results = read_results(one)
    assert (results.models, results.base, results.costs) == (("strong", "weak"), 0, None)
    pair = {"prompt": "p", "gemini": {"score": 1, "cost": 0.1}, "haiku": {"score": 0, "cost": 0.2}}
    results = read_results(write(tmp_path / "b.jsonl", pair))
    assert results.models == ("gemini", "haiku")
    assert results.costs is not None
    assert results.costs[0].tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"scores": {"a": 1, "b": 0}}, "prompt is missing"),
        ({"prompt": "p"}, "scores is missing"),
        ({"prompt": 3, "scores": {"a": 1, "b": 0}}, "prompt is no text"),
        ({"prompt": "p", "scores": {"a": 1.5, "b": 0}}, "1.5, it lies in 0 to 1"),
        ({"prompt": "p", "scores": {"a": "1", "b": 0}}, "Expected `float`"),
        ({"prompt": "p", "scores": [1, 0]}, "items"),
        ({"prompt": "p", "scores": {"a": 1, "b": 0}, "costs": {"a": -1}}, "cost of a is -1"),
        ({"prompt": "p", "scores": {"a": 1, "b": 0, "c": 0}}, "3 models"),
        ({"prompt": "p", "scores": {"a": 1}}, "1 models"),
    ],
)
def test_bad_results_are_told_with_their_place(tmp_path, row, said):
    path = write(tmp_path / "x.jsonl", row)
    with pytest.raises(Failure) as caught:
        read_results(path)
    assert said in caught.value.problem.message
    assert str(path) in caught.value.problem.message


def test_too_few_and_unreadable_results_are_refused(tmp_path):
    row = {"prompt": "p", "scores": {"a": 1, "b": 0}}
    with pytest.raises(Failure, match="fewer than 100"):
        read_results(write(tmp_path / "few.jsonl", row, 99))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(b"\x1f\x8b\x08\x00")
    for path in (cut, tmp_path / "none.jsonl"):
        with pytest.raises(Failure, match="cannot be read"):
            read_results(path)


def test_templates_are_stripped(tmp_path):
    path = tmp_path / "t.jsonl"
    rows = (
        {"prompt": f"Please solve.\nQuestion: what is {n}?", "scores": {"a": 1, "b": 0}}
        for n in range(100)
    )
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert without_templates(read_results(path)).prompts[5] == "what is 5?"


def test_the_command_trains_and_tells(tmp_path):
    out, told = tmp_path / "s.scorer", tmp_path / "r.md"
    file = results_file(tmp_path, learnable=True, size=150)
    asked = ["train", "--results", str(file), "--quick", "--seeds", "1"]
    done = CliRunner().invoke(app, [*asked, "--out", str(out), "--markdown", str(told)])
    assert done.exit_code == 0, done.output
    assert "S scorer, L length only" in done.output
    assert read_scorer(out.read_bytes(), str(out)).head.models == ("a", "b")
    assert told.read_text().startswith("# A scorer for a and b")
    done = CliRunner().invoke(app, [*asked, "--json"])
    assert msgspec.json.decode(done.stdout)["base"] == "a"
