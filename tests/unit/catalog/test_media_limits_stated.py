"""Limits on media are facts: carried through, with who says so, and per door."""

from fairlead.catalog import load
from fairlead.catalog.keys import KEYS
from fairlead.catalog.model import Limits

CATALOG = load()
HAIKU = "claude-haiku-4-5-20251001"


def test_every_limit_is_a_fact_and_the_other_way_round() -> None:
    known = {key.removeprefix("limits.") for key in KEYS if key.startswith("limits.")}
    assert known == set(Limits.__struct_fields__)


def test_an_image_for_claude() -> None:
    assert CATALOG.models[HAIKU].limits.image_base64_bytes == 10 * 2**20
    for door in ("vertex", "bedrock"):
        assert CATALOG.behind(HAIKU, door).limits.image_base64_bytes == 5 * 2**20
    (fact,) = [
        fact
        for fact in CATALOG.facts_of(CATALOG.models[HAIKU])
        if fact.key == "limits.image_base64_bytes" and fact.upstream is None
    ]
    assert (fact.source, fact.agreed_by) == ("anthropic-vision-docs", ("kolega-code-354",))
    assert [claim.source.id for claim in fact.disputed_by] == ["claude-code-19631"]


def test_limits_follow_the_window_and_the_vendor() -> None:
    found = {
        model.id: (
            model.limits.images_max,
            model.limits.request_pages,
            model.limits.document_pages,
            model.limits.request_bytes,
        )
        for model in CATALOG.models.values()
    }
    gemini = (3_600, None, 1_000, 100 * 2**20)
    assert found == {
        HAIKU: (100, 100, None, 32 * 2**20),
        "claude-haiku-5-5": (600, 600, None, 32 * 2**20),
        "gemini-2.5-flash": gemini,
        "gemini-3.5-flash-lite": gemini,
        "gemini-3.8-flash": gemini,
    }
