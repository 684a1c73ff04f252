import pytest

from fairlead.canon import Failure
from fairlead.wire.splice import splice


def test_nothing_to_change_gives_the_very_bytes() -> None:
    body = b'{ "model" : "a",\n"x":1.0e3 }'
    assert splice(body, {"model": b'"a"'}) is body
    assert splice(body, {}, ("fairlead",)) is body


def test_other_values_stay_verbatim() -> None:
    body = b'{"model":"a","x":{"b": 1.0e3,  "a":"\\u00e9"},"fairlead":{"task":"math"}}'
    changed = splice(body, {"model": b'"b"'}, ("fairlead",))
    assert changed == b'{"model":"b","x":{"b": 1.0e3,  "a":"\\u00e9"}}'


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"", b"[" * 100_000])
def test_what_is_no_object_is_refused(body) -> None:
    with pytest.raises(Failure):
        splice(body, {"model": b'"a"'})
