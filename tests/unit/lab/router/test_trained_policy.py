"""From results to a policy that decides: trained by the command, read by the policy, or left off."""

import json

import pytest
from tests.unit.lab.router.test_training import results_file
from tests.unit.server.test_scorer_files import DAY, FLASH, HAIKU, compiled
from typer.testing import CliRunner

from fairlead.canon import Request, Text, Turn
from fairlead.cli.route import app
from fairlead.routing import Features, Moment
from fairlead.routing.scored import scored


def trained(tmp_path, *, learnable: bool) -> bytes:
    """The command's file: Haiku is right where a zebra is, Flash elsewhere, at a like cost."""
    results = results_file(tmp_path, learnable=learnable)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    names = {"a": FLASH, "b": HAIKU}
    for row in rows:
        for kind in ("scores", "costs"):
            row[kind] = {names[name]: figure for name, figure in row[kind].items()}
    results.write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "trained.scorer"
    words = ["train", "--results", str(results), "--out", str(out), "--seeds", "1", "--quick"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return out.read_bytes()


@pytest.mark.parametrize("learnable", [True, False])
def test_what_was_trained_decides_where_it_does_no_harm(tmp_path, learnable) -> None:
    snapshot = compiled(tmp_path, trained(tmp_path, learnable=learnable))
    policy = snapshot.policies["own"]
    assert bool(policy.scorer) == learnable
    assert bool(policy.notes) != learnable
    chooser = snapshot.chooser(policy, DAY)
    features = Features(prompt_tokens=9, prompt_tokens_high=9)

    def went(text: str):
        turns = (Turn("user", (Text(text),)),)
        request = Request(model="auto", turns=turns)
        moment = scored(Moment(), policy, snapshot.scorers, request)
        return chooser.decide(features, moment)

    plain = "apple river stone cloud table green window paper music sun river cloud"
    horse, zebra = went(plain), went(plain.replace("table", "zebra"))
    assert horse.ranked[0] == FLASH
    assert zebra.ranked[0] == (HAIKU if learnable else FLASH)
    assert (zebra.moment is not None and zebra.moment.scorer != "") == learnable
    if not learnable:
        assert "not better than always" in policy.notes[0]
        assert snapshot.scorers == {}
