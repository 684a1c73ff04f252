"""The table `[cascade]`: what it means, what is refused and where, and what fits a request."""

from pathlib import Path

import pytest

from fairlead.canon import FunctionTool, OutputFormat, Request
from fairlead.routing import PolicyError, parse_policy
from fairlead.routing.cascade import AGREE, Cascade, checks_for
from fairlead.routing.cascade_file import _KEYS

DOCS = Path(__file__).parents[3] / "docs" / "cascade.md"
HEAD = """name = "tried"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"

[cascade]
"""
SOUND = 'ask = "flash"\nthen = "haiku"\naccepted_cost_ratio = 0.7\n'
GRADERS = {"mine": ()}


def test_what_is_left_out_has_its_usual_value() -> None:
    policy = parse_policy(HEAD + SOUND, graders=GRADERS)
    assert policy.cascade == Cascade("flash", "haiku", accepted_cost_ratio=0.7)
    assert policy.cascade is not None
    assert policy.cascade.checks == ("complete", "schema", "tools")
    bare = parse_policy(HEAD.replace("[cascade]", ""))
    assert bare.cascade is None
    assert bare.hash != policy.hash


def test_all_of_it_is_read() -> None:
    text = (
        SOUND + 'checks = []\nagree = 3\ngraders = ["mine"]\nstreams = true\nmax_held_bytes = 2048'
    )
    policy = parse_policy(HEAD + text, graders=GRADERS)
    assert policy.cascade == Cascade(
        "flash", "haiku", (), 3, ("mine",), streams=True, max_held_bytes=2048,
        accepted_cost_ratio=0.7,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('ask = "flash"\nthen = "haiku"', 6, "is not accepted: `fairlead policy cascade FILE`"),
        ('then = "haiku"', 6, "'ask' is missing"),
        ('ask = "flash"\nthen = "flash"', 8, "'flash' is asked first already"),
        ('ask = "opus"\nthen = "haiku"', 7, "'opus' is not among the candidates"),
        (SOUND + 'checks = ["spelling"]', 10, "there is no check 'spelling'; there are: code"),
        (SOUND + "checks = []", 10, "nothing is checked"),
        (SOUND + 'graders = ["other"]', 10, "there is no grader of the configuration 'other'"),
        (SOUND + "agree = 6", 10, "must be a whole number from 1 to 5"),
        (SOUND + "agree = true", 10, "must not be true or false"),
        (SOUND + 'streams = "yes"', 10, "must be true or false"),
        (SOUND + "max_held_bytes = 1", 10, "must be a whole number from 1024"),
        (SOUND.replace("0.7", "-1"), 9, "must be 0 or more"),
        (SOUND + "temperature = 1", 10, "unknown key"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(HEAD + text, "tried.toml", graders=GRADERS)
    assert str(raised.value).startswith(f"tried.toml:{line}: cascade")
    assert said in str(raised.value)


def test_a_cascade_that_would_never_begin_is_refused() -> None:
    text = (HEAD + SOUND).replace('otherwise = "haiku"', 'otherwise = "flash"')
    with pytest.raises(
        PolicyError, match=r"tried.toml:8: cascade.then: no rule and no `otherwise`"
    ):
        parse_policy(text, "tried.toml")


def test_a_draft_need_not_be_accepted_and_options_say_where_it_belongs() -> None:
    text = HEAD + 'ask = "flash"\nthen = "haiku"'
    assert parse_policy(text, draft=True).cascade is not None
    with pytest.raises(PolicyError, match="a table of its own"):
        parse_policy(text.replace("[cascade]", '[options]\ncascade = "x"\n[cascade]'), draft=True)


def test_what_can_be_checked_depends_on_the_request() -> None:
    plain = Request(model="auto", turns=())
    schema = Request(model="auto", turns=(), output=OutputFormat("json"))
    tools = Request(model="auto", turns=(), tools=(FunctionTool("f"),))
    streamed = Request(model="auto", turns=(), stream=True)
    proving = Cascade("flash", "haiku", ("schema", "tools", "code"), 2)
    assert checks_for(proving, plain, "chat") == (AGREE,)
    assert checks_for(proving, plain, "coding") == ("code", AGREE)
    assert checks_for(proving, schema, "chat") == ("schema", AGREE)
    assert checks_for(proving, tools, "chat") == ("tools",)
    assert checks_for(Cascade("flash", "haiku", ("schema",)), plain, "chat") == ()
    usual = Cascade("flash", "haiku", graders=("mine",))
    assert checks_for(usual, plain, "chat") == ("complete", "mine")
    assert checks_for(usual, streamed, "chat") == ()
    assert checks_for(Cascade("flash", "haiku", streams=True), streamed, "chat") == ("complete",)


def test_every_key_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name in (*_KEYS, "streams"):
        assert f"`cascade.{name}`" in text, name
