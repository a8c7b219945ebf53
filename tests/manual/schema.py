"""A document held against a JSON Schema, in the part of that language which our schemas use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip
_KNOWN = {
    "$schema", "title", "type", "description", "enum", "const", "anyOf", "items", "properties",
    "required", "additionalProperties",
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], at: str = "") -> Iterator[str]:
    """Yield what does not fit, and each field that the schema does not name: here it has to tell of all."""
    assert schema.keys() <= _KNOWN, schema.keys() - _KNOWN
    if "anyOf" in schema:
        yield from _any(value, schema["anyOf"], at)
    if "const" in schema and value != schema["const"]:
        yield f"{at}: is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of them"
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{at}: {value!r} is no {kinds}"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), f"{at}[{number}]")
    elif isinstance(value, dict) and kinds:
        yield from _fields(value, schema, at)


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _any(value: Any, schemas: list[dict[str, Any]], at: str) -> Iterator[str]:
    found = [list(faults(value, schema, at)) for schema in schemas]
    if all(found):
        yield min(found, key=len)[0]


def _fields(value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    named = schema.get("properties", {})
    yield from (f"{at}.{name}: is missing" for name in schema.get("required", []) if name not in value)
    for name, inner in value.items():
        if name in named:
            yield from faults(inner, named[name], f"{at}.{name}")
        elif "additionalProperties" in schema:
            yield from faults(inner, schema["additionalProperties"], f"{at}.{name}")
        else:
            yield f"{at}.{name}: the schema does not name it"
