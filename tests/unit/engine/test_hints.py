import pytest

from fairlead.canon import Failure
from fairlead.engine.hints import read
from fairlead.routing.decision import Hints


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([], b"{}", Hints()),
        ([(b"x-fairlead-task", b"coding")], b"{}", Hints(task="coding")),
        ([(b"x-fairlead-allow-loss", b"true")], b"{}", Hints(allow_loss=True)),
        ([], b'{"fairlead":{"latency":"batch"}}', Hints(latency="batch")),
        (
            [(b"x-fairlead-latency", b"normal"), (b"x-fairlead-budget", b"tight")],
            b'{"fairlead":{"latency":"batch"}}',
            Hints(latency="batch", budget="tight"),
        ),
        ([], b'{"messages":[{"content":"\\"fairlead\\""}]}', Hints()),
        ([(b"content-type", b"x")], b'not json "fairlead"', Hints()),
    ],
)
def test_reads(headers, body, expected) -> None:
    assert read(headers, body) == expected


@pytest.mark.parametrize(
    ("headers", "body", "param", "words"),
    [
        ([(b"x-fairlead-tusk", b"a")], b"{}", "header x-fairlead-tusk", ["task", "latency"]),
        ([(b"x-fairlead-latency", b"now")], b"{}", "header x-fairlead-latency", ["interactive"]),
        ([], b'{"fairlead":{"tusk":1}}', "fairlead.tusk", ["task", "coding", "policy"]),
        ([], b'{"fairlead":{"task":"cooking"}}', "fairlead.task", ["coding", "math"]),
        ([], b'{"fairlead":{"task":[1]}}', "fairlead.task", ["coding"]),
        ([], b'{"fairlead":3}', "fairlead", ["object"]),
        ([], b'{"fairlead":null}', "fairlead", ["object"]),
    ],
)
def test_a_hint_that_is_not_known_is_refused_with_the_known_ones(
    headers, body, param, words
) -> None:
    with pytest.raises(Failure) as caught:
        read(headers, body)
    assert caught.value.problem.param == param
    assert caught.value.problem.status == 400
    for word in words:
        assert word in caught.value.problem.message


def test_an_escape_in_the_name_hides_nothing() -> None:
    assert read([], b'{"fair\\u006cead":{"task":"math"}}') == Hints(task="math")
