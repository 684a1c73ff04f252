"""Lines of a batch's results, in whatever pieces they come."""

import pytest

from fairlead.engine.batch_results import Lines


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_any_pieces_give_the_same_lines(size) -> None:
    lines, whole = Lines(most=4), b"ab\n\ntoo long\nabcd\nlast"
    found = [
        line for at in range(0, len(whole), size) for line in lines.feed(whole[at : at + size])
    ]
    found += lines.close()
    assert (found, lines.left_out) == ([b"ab", b"abcd", b"last"], 1)


def test_a_long_line_is_not_held() -> None:
    lines = Lines(most=10)
    for _ in range(1000):
        assert list(lines.feed(b"x" * 1000)) == []
    assert list(lines.feed(b"\nok\n")) == [b"ok"]
    assert lines.left_out == 1
