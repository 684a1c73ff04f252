"""Sessions that clients name, and those that are told by their beginning."""

import pytest

from fairlead.canon import Request, Text, Turn
from fairlead.routing.session import HEADERS, session_of, stated

ASKED = Request(model="auto", turns=(Turn("user", (Text("hello"),)),))
OTHER = Request(model="auto", turns=(Turn("user", (Text("good day"),)),))


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_names_the_session(name: bytes) -> None:
    assert stated([(b"accept", b"*/*"), (name, b"abc")], None) == b"abc"


def test_the_surest_header_goes_first() -> None:
    assert stated([(b"session_id", b"b"), (b"x-claude-code-session-id", b"a")], None) == b"a"


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("user_1f_account_2_session_9c", b"9c"),
        ("user_1f", None),
        ("a_session_", None),
        (None, None),
    ],
)
def test_a_user_may_name_the_session(user: str | None, said: bytes | None) -> None:
    assert stated([(b"session-id", b"")], user) == said


def test_a_name_goes_before_the_beginning() -> None:
    assert session_of(ASKED, "k", b"a") == session_of(OTHER, "k", b"a")
    assert session_of(ASKED, "k", b"a") != session_of(ASKED, "k", b"b")
    assert session_of(ASKED, "k", b"a") != session_of(ASKED, "other", b"a")


def test_without_a_name_the_beginning_tells() -> None:
    longer = Request(model="auto", turns=(*ASKED.turns, Turn("assistant", (Text("hi"),))))
    assert session_of(ASKED, "k") == session_of(longer, "k")
    assert session_of(ASKED, "k") != session_of(OTHER, "k")
    assert session_of(ASKED, "k") != session_of(ASKED, "k", b"a")
