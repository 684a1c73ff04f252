"""What can be told of an answer by itself, and that telling it breaks on nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from fairlead.canon import (
    Candidate,
    Finish,
    FunctionTool,
    OutputFormat,
    Part,
    Refusal,
    Request,
    Response,
    Text,
    ToolCall,
    ToolChoice,
)
from fairlead.routing.answer_checks import CHECKS, _blocks, judge, possible, same_answer
from fairlead.routing.schema_check import schema_of

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = FunctionTool("weather", parameters=json.encode(SCHEMA))


def _request(output: OutputFormat | None = None, choice: ToolChoice | None = None) -> Request:
    return Request(model="auto", turns=(), output=output, tools=(TOOL,), tool_choice=choice)


def _answer(*parts: Part, reason: str = "stop") -> Response:
    return Response(candidates=(Candidate(0, parts, Finish(reason)),))  # type: ignore[arg-type]


def _said(name: str, answer: Response, request: Request | None = None) -> bool | None:
    (verdict,) = judge([name], request or _request(), answer)
    return verdict.passed


WANTED = OutputFormat("json_schema", schema=json.encode(SCHEMA))
DEMANDED = ToolChoice("required")
CASES = [
    ("complete", _answer(Text("Rome.")), None, True),
    ("complete", _answer(Text(" \n")), None, False),
    ("complete", _answer(), None, False),
    ("complete", _answer(Text("Rome"), reason="length"), None, False),
    ("complete", _answer(Refusal("no")), None, False),
    ("complete", _answer(Text("no"), reason="content_filter"), None, False),
    ("complete", _answer(ToolCall("1", "weather", "{}"), reason="tool_calls"), None, True),
    ("complete", Response(), None, False),
    ("schema", _answer(Text("Rome.")), None, None),
    ("schema", _answer(Text('{"city": "Rome"}')), _request(WANTED), True),
    ("schema", _answer(Text('{"city": 3}')), _request(WANTED), False),
    ("schema", _answer(Text('```json\n{"city": "Rome"}\n```')), _request(WANTED), False),
    ("schema", _answer(Text("[1]")), _request(OutputFormat("json")), False),
    ("schema", _answer(ToolCall("1", "weather", "{}")), _request(WANTED), None),
    ("tools", _answer(Text("Rome.")), None, None),
    ("tools", _answer(Text("Rome.")), _request(choice=DEMANDED), False),
    ("tools", _answer(ToolCall("1", "weather", '{"city": "Rome"}')), None, True),
    ("tools", _answer(ToolCall("1", "weather", '{"town": "Rome"}')), None, False),
    ("tools", _answer(ToolCall("1", "weather", '{"city": "Ro')), None, False),
    ("tools", _answer(ToolCall("1", "weather", "[]")), None, False),
    ("tools", _answer(ToolCall("1", "whether", "{}")), None, False),
    ("code", _answer(Text("No code.")), None, None),
    ("code", _answer(Text("```python\nx = 1\n```")), None, True),
    ("code", _answer(Text("```python\nx = (1\n```")), None, False),
    ("code", _answer(Text("```py\n    x = 1\n    y = 2\n```")), None, True),
    ("code", _answer(Text("```python\n>>> x = 1\n```")), None, None),
    ("code", _answer(Text('```python\nx = "\\d"\n```')), None, True),
    ("code", _answer(Text("```rust\nfn main( {\n```")), None, None),
    ("code", _answer(Text('```json\n{"a": 1,}\n```')), None, False),
    ("code", _answer(Text("```toml\na = \n```")), None, False),
    ("code", _answer(Text("```python\nx = 1\n```\n```json\n{\n```")), None, False),
]


@pytest.mark.parametrize(("name", "answer", "request_", "passed"), CASES)
def test_verdicts(
    name: str, answer: Response, request_: Request | None, passed: bool | None
) -> None:
    assert _said(name, answer, request_) is passed


def test_reasons_tell_places_and_not_what_the_answer_says() -> None:
    secret = "hunter2"
    answer = _answer(
        Text(f'{{"city": "{secret}", "{secret}": 1}}'),
        ToolCall("1", secret, f'{{"{secret}'),
    )
    for name in CHECKS:
        (verdict,) = judge([name], _request(WANTED), answer)
        assert secret not in verdict.why
    alone = _answer(Text(f'{{"city": "{secret}", "{secret}": 1}}'))
    (verdict,) = judge(["schema"], _request(WANTED), alone)
    assert verdict.passed is False
    assert secret not in verdict.why


@pytest.mark.parametrize(
    "source",
    ["1+" * 15_000 + "1", "(" * 30_000, "-" * 30_000 + "1", "\0"],
)
def test_code_that_breaks_parsers_breaks_nothing(source: str) -> None:
    assert _said("code", _answer(Text(f"```python\n{source}\n```"))) in {None, False}


@given(st.lists(st.sampled_from(["```", "```\t", "````", "~~~", "```py", "``` json x", "x", ""])))
@settings(max_examples=100)
def test_blocks_are_those_that_one_expression_would_find(lines: list[str]) -> None:
    text = "\n".join(lines)
    whole = re.compile(
        r"^(?P<mark>```+(?!`)|~~~+(?!~))[ \t]*(?P<language>[\w+#.-]*)[^\n]*\n(?P<body>.*?)^(?P=mark)[ \t]*$",
        re.MULTILINE | re.DOTALL,
    )
    expected = [(each["language"], each["body"]) for each in whole.finditer(text)]
    assert list(_blocks(text)) == expected


def test_blocks_that_never_end_are_looked_at_once() -> None:
    """Looked for one by one, their ends would take a quarter of an hour here."""
    text = "```a\nx\n" * 60_000
    assert _said("code", _answer(Text(text))) is None
    assert list(_blocks(text)) == []


def _doubling(levels: int) -> bytes:
    """Each definition asks twice for the next: 2 ** levels visits."""
    definitions: dict[str, object] = {
        f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(levels)
    }
    definitions[f"a{levels}"] = {"type": "integer"}
    return json.encode({"$defs": definitions, "$ref": "#/$defs/a0"})


def test_schemas_that_take_for_ever_are_not_begun() -> None:
    assert schema_of(_doubling(60)) is None
    small = schema_of(_doubling(3))
    assert small is not None
    assert small.fault(1) == ""
    assert small.fault("one")
    itself = schema_of(json.encode({"allOf": [{"items": {"$ref": "#"}}] * 2}))
    assert itself is not None
    deep: object = []
    for _ in range(150):
        deep = [deep]
    assert itself.fault(deep) is None
    assert itself.fault([[1]]) == ""


def test_a_tree_of_a_schema_is_checked() -> None:
    tree = schema_of(
        json.encode(
            {
                "type": "object",
                "properties": {"below": {"type": "array", "items": {"$ref": "#"}}},
                "additionalProperties": False,
            }
        )
    )
    assert tree is not None
    assert tree.fault({"below": [{"below": []}, {}]}) == ""
    assert tree.fault({"below": [{"above": []}]})


@pytest.mark.parametrize(
    "schema",
    [
        b'{"$ref": "http://169.254.169.254/x"}',
        b'{"$ref": "file:///etc/passwd"}',
        b'{"type": "strin"}',
        b'{"pattern": "(?=a)b"}',
        b"[1]",
        b"{",
        b'{"enum": [' + b"1," * 40_000 + b"1]}",
    ],
)
def test_what_is_no_schema_here_gives_no_verdict(schema: bytes) -> None:
    assert schema_of(schema) is None
    wanted = _request(OutputFormat("json_schema", schema=schema))
    assert _said("schema", _answer(Text("{}")), wanted) is None


def test_where_checks_can_prove_something() -> None:
    bare = Request(model="auto", turns=())
    assert possible("complete", bare)
    assert not possible("schema", bare)
    assert possible("schema", _request(WANTED))
    assert not possible("tools", bare)
    assert possible("tools", _request())
    assert possible("code", bare, "coding")
    assert not possible("code", bare, "chat")


def test_answers_that_say_the_same() -> None:
    one, other = _answer(Text('{"a": 1, "b": 2}')), _answer(Text('{"b":2,"a":1}'))
    assert same_answer([one, other]) is True
    assert same_answer([_answer(Text("Rome.")), _answer(Text("rome"))]) is True
    assert same_answer([_answer(Text("Rome")), _answer(Text("Paris"))]) is False
    assert same_answer([one, _answer(ToolCall("1", "weather", "{}"))]) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
PARTS = st.lists(
    st.builds(Text, st.text() | JSON.map(lambda v: json.encode(v).decode()))
    | st.builds(Text, st.text().map(lambda text: f"```python\n{text}\n```"))
    | st.builds(ToolCall, st.just("1"), st.sampled_from(["weather", "x"]), st.text())
    | st.builds(Refusal, st.text()),
    max_size=3,
).map(tuple)


@settings(max_examples=100)
@given(parts=PARTS, schema=JSON, names=st.permutations(list(CHECKS)))
def test_checks_take_whatever_comes(
    parts: tuple[Part, ...], schema: object, names: list[str]
) -> None:
    text = json.encode(schema)
    request = Request(
        model="auto",
        turns=(),
        output=OutputFormat("json_schema", schema=text),
        tools=(FunctionTool("weather", parameters=text),),
    )
    answer = Response(candidates=(Candidate(0, parts, Finish("stop")),))
    verdicts = judge(names, request, answer)
    assert [verdict.check for verdict in verdicts] == names
    assert all(verdict.why == "" or verdict.passed is False for verdict in verdicts)
    same_answer([answer, answer])


@settings(max_examples=100)
@given(value=JSON)
def test_what_equals_the_schemas_constant_passes_and_nothing_else_does(value: object) -> None:
    schema = schema_of(json.encode({"const": value}))
    assert schema is not None
    assert schema.fault(value) == ""
    assert schema.fault([value]) != ""
