"""Values that satisfy a JSON schema: the arguments of simulated tool calls and structured outputs."""

from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
"""A decoded JSON value; a schema is one as well."""
DEEPEST: Final = 12
_BY_FORMAT: Final = {
    "date-time": "2026-11-01T12:00:00Z",
    "date": "2026-11-01",
    "time": "12:00:00Z",
    "email": "sim@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
}
_BY_NAME: Final = {
    "command": "echo hello from the simulated agent",
    "cmd": "echo hello from the simulated agent",
    "path": "README.md",
    "file_path": "README.md",
    "filename": "README.md",
    "pattern": "*",
    "url": "https://example.com/",
    "query": "simulated query",
    "location": "Paris, France",
    "city": "Paris",
    "language": "en",
    "name": "Ada",
}


def example(schema: Json, *, name: str = "", root: Json = None, depth: int = 0) -> Json:
    """Return a value that `schema` accepts: required properties (all of them when none is), smallest arrays.

    Knows type, enum, const, default, examples, properties, items, $ref into the document, anyOf/oneOf/allOf, and the
    usual bounds; `pattern` is not solved.
    """
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {} if depth == 0 else "sim"
    schema = _resolved(schema, root)
    given = [schema[key] for key in ("const", "default") if key in schema]
    given += [schema[key][0] for key in ("enum", "examples") if isinstance(schema.get(key), list) and schema[key]]
    if given:
        return given[0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((entry for entry in kind if entry != "null"), "null")
    if kind == "object" or (kind is None and ("properties" in schema or depth == 0)):
        return _object(schema, root, depth)
    if kind == "array":
        item = schema.get("items", {})
        return [example(item, name=name, root=root, depth=depth + 1) for _ in range(max(1, schema.get("minItems", 1)))]
    return _scalar(kind, schema, name)


def _scalar(kind: object, schema: dict[str, Any], name: str) -> Json:
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return True
    return None if kind == "null" else _string(schema, name)


def _resolved(schema: dict[str, Any], root: Json) -> dict[str, Any]:
    for _ in range(DEEPEST):
        target: Json
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            target = root
            for part in reference[2:].split("/"):
                target = target.get(part, {}) if isinstance(target, dict) else {}
            schema = target if isinstance(target, dict) else {}
        elif schema.get("anyOf") or schema.get("oneOf"):
            options = schema.get("anyOf") or schema["oneOf"]
            schema = next((entry for entry in options if entry.get("type") != "null"), options[0])
        elif schema.get("allOf"):
            merged = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                solved = _resolved(part, root)
                merged["properties"] = merged.get("properties", {}) | solved.get("properties", {})
                merged["required"] = [*merged.get("required", []), *solved.get("required", [])]
                merged = {**solved, **merged}
            return merged
        else:
            break
    return schema


def _object(schema: dict[str, Any], root: Json, depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    wanted = schema.get("required") or list(properties)
    return {
        key: example(properties.get(key, {"type": "string"}), name=key, root=root, depth=depth + 1) for key in wanted
    }


def _number(schema: dict[str, Any], *, whole: bool) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: float = 1
    if low is not None and value <= low:
        value = low + (1 if schema.get("exclusiveMinimum") == low else 0)
    if high is not None and value >= high:
        value = high - (1 if schema.get("exclusiveMaximum") == high else 0)
    if step := schema.get("multipleOf"):
        value = -(-value // step) * step
    return int(value) if whole else value


def _string(schema: dict[str, Any], name: str) -> str:
    text = _BY_FORMAT.get(schema.get("format", "")) or _BY_NAME.get(name) or "sim"
    if len(text) < (shortest := schema.get("minLength", 0)):
        text += "x" * (shortest - len(text))
    return text[: schema.get("maxLength", len(text))]
