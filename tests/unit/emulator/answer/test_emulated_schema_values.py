"""Arguments that the emulator makes are valid under the tool's schema."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator.answer.schema_value import value_for

TREE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            },
            "required": ["value", "children", "next"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/Node",
}
SCHEMAS: dict[str, Any] = {
    "empty": {"type": "object"},
    "no type": {"properties": {"a": {"minimum": 3}}, "required": ["a"]},
    "required beyond properties": {"type": "object", "required": ["x"]},
    "enum": {"type": "object", "properties": {"u": {"enum": ["c", "f"]}}, "required": ["u"]},
    "const": {"type": "object", "properties": {"k": {"const": {"a": [1]}}}, "required": ["k"]},
    "null": {"type": "object", "properties": {"k": {"type": "null"}}, "required": ["k"]},
    "types": {"type": "object", "properties": {"k": {"type": ["null", "integer"]}}},
    "bounds": {
        "type": "object",
        "properties": {
            "i": {"type": "integer", "minimum": 7, "maximum": 9},
            "n": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "e": {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6},
            "m": {"type": "number", "multipleOf": 0.25, "minimum": 10, "maximum": 10.3},
            "five": {"type": "integer", "multipleOf": 5, "minimum": 11},
            "low": {"type": "number", "maximum": -5},
            "tight": {"type": "number", "minimum": 0.5, "maximum": 0.5},
        },
        "required": ["i", "n", "e", "m", "five", "low", "tight"],
    },
    "lengths": {
        "type": "object",
        "properties": {
            "long": {"type": "string", "minLength": 50},
            "short": {"type": "string", "maxLength": 3},
            "nothing": {"type": "string", "maxLength": 0},
        },
        "required": ["long", "short", "nothing"],
    },
    "formats": {
        "type": "object",
        "properties": {
            name: {"type": "string", "format": name}
            for name in (
                "date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6",
                "uri", "uri-reference", "uuid", "json-pointer", "regex",
            )
        },
    },
    "patterns": {
        "type": "object",
        "properties": {
            "iso": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
            "code": {"type": "string", "pattern": "^(EUR|USD)[0-9]{3,5}$"},
            "sku": {"type": "string", "pattern": r"^[A-Z]{2,3}-[^\W_]+(\.\w+)?$"},
            "hex": {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
            "long": {"type": "string", "pattern": "^[a-z]+$", "minLength": 12, "maxLength": 14},
            "anywhere": {"type": "string", "pattern": "fair"},
        },
        "required": ["iso", "code", "sku", "hex", "long", "anywhere"],
    },
    "arrays": {
        "type": "object",
        "properties": {
            "three": {"type": "array", "items": {"type": "integer"}, "minItems": 3},
            "none": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
            "unique": {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
            "strings": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 4},
            "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}], "items": False},
            "has": {"type": "array", "contains": {"const": 5}, "minContains": 2},
            "free": {"type": "array"},
        },
        "required": ["three", "none", "unique", "strings", "tuple", "has", "free"],
    },
    "any of": {
        "type": "object",
        "properties": {
            "v": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]},
            "w": {"type": "string", "anyOf": [{"minLength": 20}, {"maxLength": 2}]},
        },
        "required": ["v", "w"],
    },
    "one of": {
        "type": "object",
        "properties": {
            "shape": {
                "oneOf": [
                    {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
                    {
                        "type": "object",
                        "properties": {"kind": {"const": "b"}, "n": {"type": "integer"}},
                        "required": ["kind", "n"],
                    },
                ]
            },
            "overlap": {"oneOf": [{"type": "integer"}, {"type": "number", "maximum": 0.5}]},
        },
        "required": ["shape", "overlap"],
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 50}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    },
    "not": {"type": "object", "properties": {"n": {"type": "integer", "not": {"const": 1}}}, "required": ["n"]},
    "if then": {
        "type": "object",
        "properties": {"a": {"type": "boolean"}, "b": {"type": "string"}},
        "required": ["a"],
        "if": {"properties": {"a": {"const": True}}},
        "then": {"required": ["b"]},
    },
    "counts": {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    "most": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
        "required": ["b"],
        "maxProperties": 1,
    },
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    "names": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]{3}$"},
        "minProperties": 2,
    },
    "tree": TREE,
    "endless list": {
        "$defs": {"L": {"type": "object", "properties": {"next": {"$ref": "#/$defs/L"}}}},
        "$ref": "#/$defs/L",
    },
    "ref with siblings": {
        "$defs": {"S": {"type": "string", "minLength": 2}},
        "type": "object",
        "properties": {"s": {"$ref": "#/$defs/S", "description": "with words", "maxLength": 4}},
        "required": ["s"],
    },
    "pointer": {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 90}, "b": {"$ref": "#/properties/a"}},
        "required": ["b"],
    },
    "closed": {
        "type": "object",
        "properties": {"a": {"type": "boolean"}},
        "required": ["a"],
        "additionalProperties": False,
    },
}  # fmt: skip

names = st.sampled_from(sorted(SCHEMAS))


@settings(max_examples=200, deadline=None)
@given(name=names, number=st.integers(0, 2**48 - 1), hint=st.sampled_from(["", "Paris", "Å x" * 9]))
def test_values_are_valid(name: str, number: int, hint: str):
    value = value_for(SCHEMAS[name], number, hint)
    validator = jsonschema_rs.validator_for(SCHEMAS[name], validate_formats=True)
    assert validator.is_valid(value), (name, value)


scalars = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 8), "maxLength": st.integers(8, 20)},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(-9, 3), "maximum": st.integers(3, 9)},
    ),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"enum": [1, "a", None]}, {"const": 0}]
    ),
    st.sampled_from([{"type": "string", "format": "date-time"}, {"$ref": "#/$defs/any"}]),
)


def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["a", "b", "city", "n"])
    objects = st.builds(
        lambda p, closed: {
            "type": "object",
            "properties": p,
            "required": sorted(p)[::2],
            **({"additionalProperties": False} if closed else {}),
        },
        st.dictionaries(keys, inner, max_size=3),
        st.booleans(),
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={"minItems": st.integers(0, 2), "maxItems": st.integers(2, 3)},
    )
    return (
        objects
        | arrays
        | st.builds(lambda b: {"anyOf": b}, st.lists(inner, min_size=1, max_size=3))
    )


@settings(max_examples=150, deadline=None)
@given(
    properties=st.dictionaries(
        st.sampled_from("abcd"), st.recursive(scalars, deeper, max_leaves=8)
    ),
    number=st.integers(0, 2**48 - 1),
)
def test_made_up_schemas_get_valid_values(properties: dict[str, Any], number: int):
    schema = {
        "$defs": {"any": {"type": "object", "properties": {"again": {"$ref": "#/$defs/any"}}}},
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }
    value = value_for(schema, number)
    assert jsonschema_rs.is_valid(schema, value, validate_formats=True), (schema, value)


def test_the_hint_becomes_the_first_free_string():
    schema = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["c", "f"]},
            "city": {"type": "string"},
            "note": {"type": "string"},
        },
        "required": ["city"],
    }
    made = value_for(schema, 4, "Paris")
    assert made["city"] == "Paris"
    assert "Paris" not in made["note"]


def test_types_of_the_openapi_dialect():
    schema = {
        "type": "OBJECT",
        "properties": {
            "n": {"type": "INTEGER"},
            "l": {"type": "ARRAY", "items": {"type": "STRING"}, "minItems": "2"},
        },
        "required": ["n", "l"],
    }
    made = value_for(schema, 1)
    assert isinstance(made["n"], int)
    assert len(made["l"]) == 2


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"$ref": "https://example.com/elsewhere"},
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "unheard-of"}}, "required": ["a"]},
        {"enum": []},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": "(?<=a)b(", "minLength": "x"},
        {"properties": 7, "required": 7, "items": 7, "anyOf": 7},
    ],
)
def test_impossible_schemas_end_without_an_error(schema: Any):
    json.dumps(value_for(schema, 3))


def test_the_same_number_gives_the_same_value():
    assert value_for(TREE, 77, "x") == value_for(TREE, 77, "x")
