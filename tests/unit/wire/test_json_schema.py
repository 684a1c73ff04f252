"""Translation of schemas: what is said, what is named as lost, and that nothing gets narrower."""

import json

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.wire.gemini.schema import JSON_SCHEMA, OPENAPI, from_openapi
from fairlead.wire.json_schema import MAX_NODES, SchemaError, keywords, tame, translate

STRING = {"type": "string"}
SCALARS = [{"type": kind, "nullable": True} for kind in ("STRING", "NUMBER", "BOOLEAN", "OBJECT")]
ANYTHING = {"anyOf": [*SCALARS, {"type": "ARRAY", "items": {"anyOf": SCALARS}, "nullable": True}]}
CASES = {
    "names are upper case": ({"type": "integer"}, {"type": "INTEGER"}, []),
    "annotations": (
        {"$schema": "x", "$id": "y", "title": "T", "type": "string", "description": "d"},
        {"title": "T", "type": "STRING", "description": "d"},
        [],
    ),
    "const": ({"const": "a"}, {"type": "STRING", "enum": ["a"]}, []),
    "const of a number": ({"const": 3}, {"type": "INTEGER", "description": "one of: 3"}, ["enum"]),
    "enum of strings": (
        {"type": "string", "enum": ["a", "b"]},
        {"type": "STRING", "enum": ["a", "b"]},
        [],
    ),
    "enum with null": (
        {"type": ["string", "null"], "enum": ["a", None]},
        {"type": "STRING", "enum": ["a"], "nullable": True},
        [],
    ),
    "enum of numbers": (
        {"type": "integer", "enum": [1, 2], "description": "d"},
        {"type": "INTEGER", "description": "d (one of: 1, 2)"},
        ["enum"],
    ),
    "nullable by type": ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}, []),
    "nullable by anyOf": (
        {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d", "default": None},
        {"type": "STRING", "nullable": True, "description": "d", "default": None},
        [],
    ),
    "several types": (
        {"type": ["string", "integer"], "minimum": 1, "description": "d"},
        {
            "anyOf": [
                {"type": "STRING", "description": "d"},
                {"type": "INTEGER", "minimum": 1, "description": "d"},
            ]
        },
        [],
    ),
    "several types and null": (
        {"type": ["string", "integer", "null"]},
        {
            "anyOf": [
                {"type": "STRING", "nullable": True},
                {"type": "INTEGER", "nullable": True},
            ]
        },
        [],
    ),
    "oneOf": (
        {"oneOf": [STRING, {"type": "boolean"}]},
        {"anyOf": [{"type": "STRING"}, {"type": "BOOLEAN"}]},
        ["oneOf"],
    ),
    "anyOf stands alone": (
        {"anyOf": [STRING, {"type": "boolean"}], "default": "x", "title": "T"},
        {"anyOf": [{"type": "STRING"}, {"type": "BOOLEAN"}]},
        ["default"],
    ),
    "allOf": (
        {
            "allOf": [
                {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
                {
                    "properties": {"b": {"type": "integer"}, "a": {"maxLength": 3}},
                    "required": ["b"],
                },
            ]
        },
        {
            "type": "OBJECT",
            "properties": {"a": {"type": "STRING", "maxLength": 3}, "b": {"type": "INTEGER"}},
            "required": ["a", "b"],
        },
        [],
    ),
    "allOf in disagreement": (
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "STRING"},
        ["allOf"],
    ),
    "exclusive bounds of integers": (
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        {"type": "INTEGER", "minimum": 1, "maximum": 9},
        [],
    ),
    "exclusive bounds of numbers": (
        {"type": "number", "exclusiveMinimum": 0, "minimum": -1},
        {"type": "NUMBER", "minimum": 0},
        ["exclusiveMinimum"],
    ),
    "bounds of draft 4": (
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        {"type": "NUMBER", "minimum": 0},
        ["exclusiveMinimum"],
    ),
    "formats": (
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "format": "date-time"},
                "b": {"type": "string", "format": "email"},
                "c": {"type": "integer", "format": "int64"},
            },
        },
        {
            "type": "OBJECT",
            "properties": {
                "a": {"type": "STRING", "format": "date-time"},
                "b": {"type": "STRING", "description": "format: email"},
                "c": {"type": "INTEGER", "format": "int64"},
            },
        },
        ["format"],
    ),
    "a tuple": (
        {"type": "array", "prefixItems": [STRING, {"type": "integer"}], "maxItems": 2},
        {
            "type": "ARRAY",
            "items": {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]},
            "maxItems": 2,
        },
        ["prefixItems"],
    ),
    "an open tuple": (
        {"type": "array", "prefixItems": [STRING]},
        {"type": "ARRAY", "items": ANYTHING},
        ["prefixItems", "items"],
    ),
    "an array of anything": (
        {"type": "array"},
        {"type": "ARRAY", "items": {"anyOf": SCALARS}},
        ["items"],
    ),
    "no equivalent": (
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": STRING, "uniqueItems": True}},
            "additionalProperties": False,
            "patternProperties": {"^x": STRING},
        },
        {
            "type": "OBJECT",
            "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}},
        },
        ["uniqueItems", "additionalProperties", "patternProperties"],
    ),
    "required of nothing": (
        {"type": "object", "properties": {"a": STRING}, "required": ["a", "b"]},
        {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]},
        ["required"],
    ),
    "a reference": (
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/A", "description": "mine"}},
            "$defs": {"A": {"type": "string", "description": "theirs"}},
        },
        {"type": "OBJECT", "properties": {"a": {"type": "STRING", "description": "mine"}}},
        [],
    ),
    "a reference to nowhere": (
        {"type": "object", "properties": {"a": {"$ref": "https://example.com/s.json"}}},
        {"type": "OBJECT", "properties": {"a": ANYTHING}},
        ["$ref", "items"],
    ),
    "a reference to itself alone": (
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
        ANYTHING,
        ["$ref", "items"],
    ),
    "a reference to itself, or null": (
        {
            "anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}],
            "$defs": {"A": {"$ref": "#/$defs/A"}},
        },
        ANYTHING,
        ["$ref", "items"],
    ),
    "null in one branch that is a union": (
        {"anyOf": [{"type": ["string", "integer"]}, {"type": "boolean"}, {"type": "null"}]},
        {
            "anyOf": [
                {
                    "anyOf": [
                        {"type": "STRING", "nullable": True},
                        {"type": "INTEGER", "nullable": True},
                    ]
                },
                {"type": "BOOLEAN", "nullable": True},
            ]
        },
        [],
    ),
    "true and false": (
        {"type": "object", "properties": {"a": True, "b": {"type": "string"}}},
        {"type": "OBJECT", "properties": {"a": ANYTHING, "b": {"type": "STRING"}}},
        ["items"],
    ),
    "what nothing satisfies": (False, ANYTHING, ["false", "items"]),
    "no type, and a description": (
        {"description": "d"},
        {"anyOf": [{**branch, "description": "d"} for branch in ANYTHING["anyOf"]]},
        ["items"],
    ),
    "no type, and one keyword of a string's": (
        {"minLength": 2},
        {
            "anyOf": [
                {**branch, "minLength": 2} if branch["type"] == "STRING" else branch
                for branch in ANYTHING["anyOf"]
            ]
        },
        ["items"],
    ),
    "only not": ({"not": {"type": "string"}}, ANYTHING, ["items", "not"]),
    "only properties": (
        {"properties": {"a": STRING}},
        {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
        [],
    ),
    "an enum of several types": (
        {"enum": ["a", True, None]},
        {
            "anyOf": [
                {"type": "STRING", "enum": ["a"], "nullable": True},
                {"type": "BOOLEAN", "nullable": True},
            ]
        },
        [],
    ),
    "null by reference": (
        {
            "anyOf": [STRING, {"$ref": "#/$defs/N"}, {"anyOf": [{"const": None}]}],
            "$defs": {"N": {"$ref": "#/$defs/M"}, "M": {"type": "null"}},
        },
        {"type": "STRING", "nullable": True},
        [],
    ),
    "an enum of null alone": ({"enum": [None]}, {"type": "NULL"}, []),
    "no branches": ({"type": "string", "anyOf": []}, {"type": "STRING"}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_in_the_words_of_openapi(name):
    schema, said, lost = CASES[name]
    done = translate(schema, OPENAPI)
    assert done.schema == said
    assert [item.keyword for item in done.lost] == lost


TREE = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["value"],
        }
    },
}


def test_recursion_is_unrolled_and_then_cut():
    done = translate(TREE, OPENAPI)
    first = done.schema["properties"]["children"]["items"]
    assert first["required"] == ["value"]
    assert first["properties"]["children"]["items"] == {"type": "OBJECT"}
    (lost,) = done.lost
    assert (lost.keyword, lost.pointer) == (
        "$ref",
        "properties.children.items.properties.children.items",
    )


def test_references_that_multiply_are_bounded():
    names = [f"T{i}" for i in range(12)]
    web = {
        name: {"type": "object", "properties": {n: {"$ref": f"#/$defs/{n}"} for n in names}}
        for name in names
    }
    done = translate({"$ref": "#/$defs/T0", "$defs": web}, OPENAPI)
    assert count(done.schema) < 20 * MAX_NODES
    assert [lost.keyword for lost in done.lost] == ["$ref"]


def count(schema) -> int:
    return 1 + sum(count(below) for below in schema.get("properties", {}).values())


def test_depth_is_bounded():
    schema: dict = {"type": "string"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaError, match="deeper"):
        translate(schema, OPENAPI)
    with pytest.raises(SchemaError, match="deeper"):
        keywords(schema)


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "properties.a.type"),
        ({"type": "object", "properties": {"a": 3}}, "properties.a"),
        ({"type": "object", "properties": []}, "properties"),
        ([], ""),
    ],
)
def test_what_is_no_schema_is_said_with_its_place(schema, pointer):
    with pytest.raises(SchemaError) as caught:
        translate(schema, OPENAPI)
    assert caught.value.pointer == pointer


def test_json_schema_keeps_references_and_names_the_rest():
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/definitions/A"},
            "b": {"const": "x"},
            "c": {"type": ["string", "null"], "pattern": "^a"},
        },
        "definitions": {"A": {"type": "integer", "exclusiveMinimum": 4}},
    }
    done = translate(schema, JSON_SCHEMA)
    assert done.schema == {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A"},
            "b": {"enum": ["x"]},
            "c": {"type": ["string", "null"]},
        },
        "$defs": {"A": {"type": "integer", "minimum": 5}},
    }
    assert [lost.keyword for lost in done.lost] == ["pattern"]


LIST = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/List"}, {"type": "null"}]},
    },
    "required": ["value", "next"],
}
IN_JSON_SCHEMA = {
    "an enum with null": (
        {"type": ["integer", "null"], "enum": [1, 2, None], "description": "d"},
        {"description": "d", "anyOf": [{"type": "integer", "enum": [1, 2]}, {"type": "null"}]},
        [],
    ),
    "an enum of booleans": (
        {"type": "boolean", "enum": [True]},
        {"type": "boolean", "description": "one of: true"},
        ["enum"],
    ),
    "OpenAPI's nullable": (
        {"type": "string", "nullable": True},
        {"type": ["string", "null"]},
        [],
    ),
    "recursion in a required property": (
        {"$ref": "#/$defs/List", "$defs": {"List": LIST}},
        {"$ref": "#/$defs/List", "$defs": {"List": {**LIST, "required": ["value"]}}},
        ["required"],
    ),
    "the root in itself": (
        {"type": "object", "properties": {"sub": {"type": "array", "items": {"$ref": "#"}}}},
        {
            "type": "object",
            "properties": {"sub": {"type": "array", "items": {"$ref": "#/$defs/the_root"}}},
            "$defs": {
                "the_root": {
                    "type": "object",
                    "properties": {"sub": {"type": "array", "items": {"$ref": "#/$defs/the_root"}}},
                }
            },
        },
        [],
    ),
    "words beside a recursive reference": (
        {
            "$ref": "#/$defs/A",
            "$defs": {
                "A": {
                    "type": "object",
                    "properties": {"a": {"$ref": "#/$defs/A", "description": "d"}},
                }
            },
        },
        {
            "$ref": "#/$defs/A",
            "$defs": {
                "A": {
                    "type": "object",
                    "properties": {
                        "a": {
                            "type": "object",
                            "properties": {"a": {"$ref": "#/$defs/A"}},
                            "description": "d",
                        }
                    },
                }
            },
        },
        ["$ref"],
    ),
    "a reference to another document": (
        {"type": "object", "properties": {"a": {"$ref": "https://example.com/s.json"}}},
        {"type": "object", "properties": {"a": {}}},
        ["$ref"],
    ),
    "keywords beside anyOf": (
        {"type": "object", "anyOf": [STRING, {"const": 3}], "properties": {}},
        {"type": "object", "properties": {}, "anyOf": [STRING, {"enum": [3]}]},
        [],
    ),
}


@pytest.mark.parametrize("name", IN_JSON_SCHEMA)
def test_in_the_words_of_json_schema(name):
    schema, said, lost = IN_JSON_SCHEMA[name]
    done = translate(schema, JSON_SCHEMA)
    assert done.schema == said
    assert [item.keyword for item in done.lost] == lost


@pytest.mark.parametrize(
    ("schema", "is_tame"),
    [
        ({"type": "object"}, True),
        (TREE, True),
        ({"$ref": "#/$defs/List", "$defs": {"List": LIST}}, False),
        ({"$ref": "#/$defs/None"}, False),
        ({"items": {"$ref": "#"}}, False),
        ({"items": {"$ref": "https://example.com/s.json"}}, False),
    ],
)
def test_references_that_gemini_resolves(schema, is_tame):
    assert tame(schema) is is_tame


def test_the_search_for_recursion_is_bounded():
    names = [f"T{i}" for i in range(60)]
    below = {n: {"$ref": f"#/$defs/{n}"} for n in names}
    web = {n: {"type": "object", "properties": below, "required": names} for n in names}
    schema = {"$ref": "#/$defs/T0", "$defs": web}
    assert not tame(schema)
    said = translate(schema, JSON_SCHEMA).schema["$defs"]
    assert not any("required" in definition for definition in said.values())


def schemas(depth: int = 3):
    """Schemas of what clients' libraries make, each with a type or a union."""
    bound = st.integers(-5, 5)
    leaves = st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(["string", "boolean", "null"])}),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["integer", "number", ["integer", "null"], ["string", "number"]]
                )
            },
            optional={
                "minimum": bound,
                "exclusiveMinimum": bound,
                "exclusiveMaximum": bound,
                "multipleOf": st.integers(1, 3),
            },
        ),
        st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "b"]), min_size=1)}),
        st.fixed_dictionaries({"const": st.sampled_from(["a", 1, True])}),
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={"maxLength": st.integers(0, 3), "format": st.sampled_from(["email", "date"])},
        ),
    )
    if not depth:
        return leaves
    below = st.deferred(lambda: schemas(depth - 1))
    return st.one_of(
        leaves,
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("xyz"), below, max_size=2),
            },
            optional={
                "required": st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
                "additionalProperties": st.booleans(),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": below}, optional={"minItems": st.integers(0, 2)}
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "prefixItems": st.lists(below, min_size=1, max_size=2)},
            optional={"maxItems": st.integers(1, 2), "items": st.one_of(st.just(False), below)},
        ),
        st.fixed_dictionaries({"anyOf": st.lists(below, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(below, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(below, min_size=1, max_size=2)}),
        st.just({"$ref": "#/$defs/D"}),
    )


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-6, 6), st.sampled_from(["a", "b", "", "abcd", 0.5])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=6,
)


def holds_lists_of_lists(value) -> bool:
    """What an array of anything is taken not to hold, in OpenAPI."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        (isinstance(value, list) and isinstance(v, list)) or holds_lists_of_lists(v) for v in below
    )


@given(schemas(), schemas(1), st.lists(VALUES, min_size=1, max_size=12), st.booleans())
@example({"allOf": [{"type": "null"}, {"const": "a"}]}, {}, [None], True)
def test_nothing_gets_narrower(schema, definition, values, openapi):
    original = {**schema, "$defs": {"D": definition}}
    done = translate(original, OPENAPI if openapi else JSON_SCHEMA)
    said = json.dumps(done.schema).encode()
    plain = json.loads(from_openapi(said, "")) if openapi else done.schema
    validator = jsonschema_rs.Draft202012Validator(plain)
    before = jsonschema_rs.Draft202012Validator(original)
    for value in values:
        if before.is_valid(value) and not (holds_lists_of_lists(value) and done.lost):
            assert validator.is_valid(value)
        elif not done.lost:
            assert not validator.is_valid(value)


@given(schemas(), schemas(1))
def test_what_is_said_once_is_said_the_same_again(schema, definition):
    once = translate({**schema, "$defs": {"D": definition}}, OPENAPI)
    back = json.loads(from_openapi(json.dumps(once.schema).encode(), ""))
    assert translate(back, OPENAPI).schema == once.schema


@given(schemas(), schemas(1))
def test_every_schema_of_openapi_has_a_type(schema, definition):
    def check(node):
        assert ("type" in node) != ("anyOf" in node)
        assert node.get("type") != "ARRAY" or "items" in node
        for below in [*node.get("properties", {}).values(), *node.get("anyOf", [])]:
            check(below)
        if "items" in node:
            check(node["items"])

    check(translate({**schema, "$defs": {"D": definition}}, OPENAPI).schema)


ALLOWED = OPENAPI.keep | {"type"}


@given(schemas(), schemas(1))
def test_no_keyword_of_another_dialect_is_left(schema, definition):
    done = translate({**schema, "$defs": {"D": definition}}, OPENAPI)
    assert keywords(done.schema) <= ALLOWED


def test_arrays_without_items_are_the_one_guess():
    done = translate({"type": "array"}, OPENAPI)
    assert [(lost.keyword, lost.pointer) for lost in done.lost] == [("items", "")]
