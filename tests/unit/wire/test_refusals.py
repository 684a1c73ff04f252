"""What is read alike of every vendor's refusal."""

import pytest

from fairlead.wire.refusals import not_json, seconds_to_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "9999999"}, 9_999_999.0),
        ({"retry-after": "10000000"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_the_time_to_wait_is_seconds_or_nothing(headers, seconds) -> None:
    assert seconds_to_wait(headers) == seconds


def test_a_body_that_is_no_json_is_told_by_its_start() -> None:
    told = "the vendor answered 502 with something that is not its JSON: <h1>Bad gateway</h1>"
    assert not_json(502, b"<h1>Bad\n  gateway</h1>\n") == told
    assert not_json(502, b" \n") == "the vendor answered 502"
    assert not_json(None, b"") == "the vendor sent an error"
    assert len(not_json(500, b"\xff" * 100_000)) < 400
