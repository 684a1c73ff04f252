import json

import pytest
from tests.unit.wire.anthropic.cases import SCHEMA, dump

from fairlead.wire.anthropic.schema import object_schema, strict_schema


def closed(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        closed(),
        closed(a={"type": ["string", "null"]}, b={"anyOf": [{"type": "string"}, closed()]}),
        closed(a={"enum": ["x", 1, None]}, b={"const": 1}, c={"type": "string", "format": "date"}),
        closed(a={"type": "array", "items": {"type": "string"}, "minItems": 1}),
        {**closed(a={"$ref": "#/$defs/A"}), "$defs": {"A": closed()}},
        closed(a={"type": "string", "pattern": "^a+$", "default": "a", "title": "A"}),
    ],
)
def test_what_the_grammar_takes_stays_verbatim(schema):
    raw = dump(schema) + b" "
    found = strict_schema(raw)
    assert (found.schema, found.dropped) == (raw, ())


@pytest.mark.parametrize(
    ("schema", "sent", "dropped"),
    [
        (
            {"type": "string", "minLength": 2, "description": "d"},
            {"type": "string", "description": "d\n\n{minLength: 2}"},
            ["minLength"],
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "{minItems: 3, uniqueItems: True}",
            },
            ["minItems", "uniqueItems"],
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            ["oneOf"],
        ),
        (
            {"type": "object", "properties": {"a": {"type": "null"}}},
            closed(a={"type": "null"}),
            ["additionalProperties"],
        ),
        (
            {"type": "string", "format": "regex"},
            {"type": "string", "description": "{format: regex}"},
            ["format"],
        ),
        (
            {**closed(a={"$ref": "#/$defs/A", "description": "x"}), "$defs": {"A": closed()}},
            {**closed(a={"$ref": "#/$defs/A"}), "$defs": {"A": closed()}},
            ["$ref+description"],
        ),
    ],
)
def test_what_it_does_not_take_is_told_and_named(schema, sent, dropped):
    found = strict_schema(dump(schema))
    assert found.schema is not None
    assert json.loads(found.schema) == sent
    assert list(found.dropped) == dropped


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"$ref": "#"},
        {"$ref": "https://a.b/c.json"},
        {"$ref": "#/$defs/none"},
        {**closed(a={"$ref": "#/$defs/A"}), "$defs": {"A": closed(b={"$ref": "#/$defs/A"})}},
        {
            **closed(a={"$ref": "#/$defs/A"}),
            "$defs": {"A": closed(b={"$ref": "#/$defs/B"}), "B": closed(a={"$ref": "#/$defs/A"})},
        },
        {"allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": closed()}},
        {"type": "array", "items": {"type": "object", "properties": {"a": True}}},
        True,
        [],
    ],
)
def test_what_would_change_the_shape_cannot_be_said(schema):
    found = strict_schema(dump(schema))
    assert found.schema is None
    assert found.why


def test_rubbish_and_depth_are_bounded():
    assert strict_schema(b"{").schema is None
    deep = b'{"type":"array","items":' * 500 + b"{}" + b"}" * 500
    assert strict_schema(deep).schema is None
    assert object_schema(b"[" * 100_000).schema is None


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({}, {"type": "object"}),
        ({"properties": {"a": {}}}, {"properties": {"a": {}}, "type": "object"}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "required": ["x"]}}},
            {
                "type": "object",
                "required": ["x"],
                "$defs": {"A": {"type": "object", "required": ["x"]}},
            },
        ),
        (
            {
                "type": "object",
                "properties": {"k": {}},
                "anyOf": [
                    {"properties": {"a": {}}, "required": ["a", "k"]},
                    {"properties": {"b": {}}, "required": ["k"]},
                ],
            },
            {
                "type": "object",
                "properties": {"a": {}, "b": {}, "k": {}},
                "required": ["k"],
            },
        ),
    ],
)
def test_a_tools_schema_gets_an_object_at_its_top(schema, sent):
    found = object_schema(dump(schema))
    assert found.schema is not None
    assert json.loads(found.schema) == sent


def test_a_usual_tool_schema_stays_verbatim_whatever_is_in_it():
    raw = b'{ "type":"object", "properties":{"a":{"oneOf":[]}}, "x":1 }'
    assert object_schema(raw).schema is raw


@pytest.mark.parametrize("raw", [b"1", b'{"type":"string"}', b'{"type":"array"}', b"nope"])
def test_a_tools_schema_that_is_no_object(raw):
    found = object_schema(raw)
    assert found.schema is None
    assert found.why
