"""A policy as a picture: every question and every model is in it, and the XML is sound."""

import re
from xml.etree import ElementTree as ET

import pytest

from fairlead.catalog import shipped_policies
from fairlead.routing import linked, parse_policies, parse_policy
from fairlead.routing.graph import mermaid, svg
from fairlead.routing.policy import Policy

POLICIES = parse_policies({}, shipped_policies())
AWKWARD = parse_policy(
    """
name = "a<b>&\\"c\\""
version = "1"
candidates = ["flash", "haiku"]
otherwise = ["flash", "haiku"]
[[rules]]
question = "is it \\"<long>\\" & loud, and is this question longer than any box is wide?"
when = { prompt_tokens = { over = 1_000 }, stream = { is = true } }
use = ["haiku", "flash"]
"""
)


@pytest.mark.parametrize("policy", [*POLICIES.values(), AWKWARD], ids=lambda p: p.name)
def test_a_picture_is_whole(policy: Policy) -> None:
    text = mermaid(policy)
    drawn = svg(policy)
    root = ET.fromstring(drawn)
    said = " ".join("".join(each.itertext()) for each in root.iter())
    for arm in policy.canary.arms if policy.canary else (policy,):
        for rule in arm.rules:
            assert rule.question[:40] in said
            assert rule.question.replace('"', "#quot;") in text
            assert all(name in said for name in rule.use)
        assert all(name in text for name in arm.otherwise)
    boxes = [e for e in root.iter() if e.tag.endswith("rect")]
    width, height = (int(root.attrib[side]) for side in ("width", "height"))
    for box in boxes:
        right = int(box.attrib.get("x", 0)) + int(box.attrib["width"])
        foot = int(box.attrib.get("y", 0)) + int(box.attrib["height"])
        assert right <= width
        assert foot <= height


def test_mermaid_has_an_edge_for_each_answer() -> None:
    text = mermaid(POLICIES["article-tree"])
    assert text.startswith("flowchart TD\n")
    assert len(re.findall(r"-->\|yes\|", text)) == 6
    assert len(re.findall(r"-->\|no\|", text)) == 6
    canary = mermaid(POLICIES["canary"])
    assert '-->|"5 % of sessions"|' in canary


def test_a_canary_whose_policies_are_not_known_names_them() -> None:
    alone = parse_policy(shipped_policies()["canary"])
    assert "balanced" in svg(alone)
    assert linked(alone, POLICIES).hash == POLICIES["canary"].hash


def test_a_cascade_stands_where_it_begins() -> None:
    text = """
name = "tried"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"
otherwise_reason = "the rest"
[cascade]
ask = "flash"
then = "haiku"
accepted_cost_ratio = 1
[[rules]]
question = "long?"
when.prompt_tokens.over = 9
use = "flash"
"""
    drawn = mermaid(parse_policy(text))
    assert "haiku<br>flash before haiku; the rest" in drawn
    assert drawn.count("before haiku") == 1


def test_a_policy_without_a_description_has_no_empty_line() -> None:
    assert '<br>"' not in mermaid(AWKWARD).partition("q0")[0]
