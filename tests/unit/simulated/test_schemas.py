"""Arguments that satisfy a tool's schema."""

from typing import Any

import pytest

from antechamber.adapters.providers.simulated.schemas import example


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {}),
        ({}, {}),
        ({"type": "object", "properties": {}}, {}),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
        ({"properties": {"path": {"type": "string"}}}, {"path": "README.md"}),
        ({"type": "object", "required": ["x"]}, {"x": "sim"}),
        ({"const": 5}, 5),
        ({"enum": ["b", "a"]}, "b"),
        ({"default": False}, False),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "null"}, None),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2}, [1, 1]),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "integer", "minimum": 10, "multipleOf": 4}, 12),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
        ({"type": "string", "minLength": 5}, "simxx"),
        ({"type": "string", "maxLength": 2}, "si"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "boolean"}}}, True),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}, {"required": ["b"]}]},
            {"a": 1, "b": "sim"},
        ),
    ],
)
def test_an_example_satisfies_its_schema(schema: object, value: object) -> None:
    assert example(schema) == value


def test_a_schema_that_contains_itself_ends() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert "next" in example(node)
