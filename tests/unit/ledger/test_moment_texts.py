import pytest

from fairlead.canon import Failure
from fairlead.ledger.moment import moment, period

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW - 30),
        ("30m", NOW - 1800),
        ("24h", NOW - 86_400),
        ("7d", NOW - 7 * 86_400),
        (" 2w ", NOW - 14 * 86_400),
        ("1970-01-02", 86_400),
        ("1970-01-01T01:00", 3600),
        ("1970-01-01T01:00:00Z", 3600),
        ("1970-01-01T01:00:00+01:00", 0),
        ("19700102", 86_400),
    ],
)
def test_points_in_time(text: str, expected: float) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "7", "7y", "d", "-7d", "yesterday", "2026-13-01", "9" * 12 + "d", "7dd"]
)
def test_anything_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(Failure) as caught:
        moment(text, NOW, "until")
    assert caught.value.problem.param == "until"
    assert "7d" in (caught.value.problem.hint or "")


def test_a_period_has_its_ends_in_order() -> None:
    assert period("1d", None, NOW) == (NOW - 86_400, None)
    assert period(None, "1h", NOW) == (None, NOW - 3_600)
    assert period("2h", "1h", NOW) == (NOW - 7_200, NOW - 3_600)
    for until in ("2h", "3h", "2001-01-01"):
        with pytest.raises(Failure) as raised:
            period("2h", until, NOW)
        assert raised.value.problem.param == "until"
