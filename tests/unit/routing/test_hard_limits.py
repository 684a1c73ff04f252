"""No policy breaks a hard limit: the slow check of `benchmarks.hard_limits`, in small."""

import random
from itertools import islice

import pytest
from benchmarks.hard_limits import Bench, generated, recorded

from fairlead.catalog import load
from fairlead.routing import Chooser, Features, options


def test_no_generated_request_breaks_one() -> None:
    draw, bench = random.Random(7), Bench(load())
    for _ in range(150):
        bench.run(generated(draw), draw)
    assert bench.decisions > 150 * len(bench.policies)
    assert 0 < bench.refused < bench.decisions / 2
    assert not bench.broken


def test_no_recorded_request_breaks_one() -> None:
    draw, bench = random.Random(8), Bench(load())
    for features in islice(recorded(), 0, None, 11):
        bench.run(features, draw)
    if not bench.decisions:
        pytest.skip("../shared is absent: no recordings")
    assert bench.decisions > 1_000
    assert not bench.broken


def test_a_limit_that_nobody_asks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "limits_of", lambda _: lambda _: True)
    draw, bench = random.Random(9), Bench(load())
    for _ in range(20):
        bench.run(Features(modalities=("text", "audio")), draw)
    assert bench.broken


def test_a_door_that_nobody_asks_about_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options.Option, "among", lambda _, ways, __: ways)
    draw, bench = random.Random(10), Bench(load())
    large = Features(modalities=("text", "image"), images=1, image_bytes=6_000_000)
    for _ in range(4):
        bench.run(large, draw)
    assert bench.broken


def test_a_copy_to_whom_it_must_not_go_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chooser, "copied_to", lambda self, *_: self.options[0])
    draw, bench = random.Random(11), Bench(load())
    for _ in range(20):
        bench.run(Features(modalities=("text", "audio")), draw)
    assert any("copy" in told for told in bench.broken)
