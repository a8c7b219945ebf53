"""One description of the inventory that both validates it and is published as a JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace


class Text(Struct, frozen=True):
    doc: str = ""
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    examples: tuple[str, ...] = ()


class Number(Struct, frozen=True):
    doc: str = ""
    minimum: int = 0
    only: int | None = None


class Fraction(Struct, frozen=True):
    """A fraction of a whole."""

    doc: str = ""


class Flag(Struct, frozen=True):
    doc: str = ""


class Anything(Struct, frozen=True):
    """Plain data that templates read."""

    doc: str = ""


class ListOf(Struct, frozen=True):
    item: Shape
    doc: str = ""
    least: int = 0
    alone: bool = False  # whether a single item needs no list


class MapOf(Struct, frozen=True):
    """Names that the user chooses, each with a value of one shape; `names` is a regex for them."""

    value: Shape
    doc: str = ""
    names: str | None = None
    nullable: bool = False


class Record(Struct, frozen=True):
    """A fixed set of keys."""

    fields: Mapping[str, Shape]
    doc: str = ""
    required: tuple[str, ...] = ()
    empty: bool = True  # may be left empty (null)


class Named(Struct, frozen=True):
    """A record that may also be written as a single word."""

    text: Text | Flag
    record: Record
    doc: str = ""


Shape = Text | Number | Fraction | Flag | Anything | ListOf | MapOf | Record | Named


# The border to JSON: a schema is a document for other programs.


def json_schema(shape: Shape) -> dict[str, Any]:
    """Return the shape as JSON Schema 2020-12."""
    out: dict[str, Any] = dict(_schema(shape))
    if shape.doc:
        out["description"] = shape.doc
    return out


def _schema(shape: Shape) -> Iterator[tuple[str, Any]]:
    match shape:
        case Text():
            yield from _text(shape)
        case Number():
            yield "type", "integer"
            yield from [("const", shape.only)] if shape.only is not None else [("minimum", shape.minimum)]
        case Fraction():
            yield "type", "number"
            yield "exclusiveMinimum", 0
            yield "maximum", 1
        case Flag():
            yield "type", "boolean"
        case Anything():
            return
        case Named():
            yield "anyOf", [json_schema(shape.text), json_schema(shape.record)]
        case ListOf(alone=True):
            yield "anyOf", [json_schema(shape.item), json_schema(replace(shape, alone=False, doc=""))]
        case ListOf():
            yield "type", "array"
            yield "items", json_schema(shape.item)
            if shape.least:
                yield "minItems", shape.least
        case MapOf():
            yield from _map(shape)
        case Record():
            yield from _record(shape)
        case never:
            assert_never(never)


def _text(shape: Text) -> Iterator[tuple[str, Any]]:
    yield "type", "string"
    yield "minLength", 1
    if shape.choices:
        yield "enum", list(shape.choices)
    if shape.pattern:
        yield "pattern", f"^(?:{shape.pattern})$"
    if shape.examples:
        yield "examples", list(shape.examples)


def _map(shape: MapOf) -> Iterator[tuple[str, Any]]:
    value = json_schema(shape.value)
    yield "type", ["object", "null"]
    yield "additionalProperties", {"anyOf": [value, {"type": "null"}]} if shape.nullable else value
    if shape.names:
        yield "propertyNames", {"pattern": f"^(?:{shape.names})$"}


def _record(shape: Record) -> Iterator[tuple[str, Any]]:
    yield "type", ["object", "null"] if shape.empty and not shape.required else "object"
    yield "additionalProperties", False
    yield "properties", {key: json_schema(value) for key, value in shape.fields.items()}
    if shape.required:
        yield "required", list(shape.required)
