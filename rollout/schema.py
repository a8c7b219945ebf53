"""One description of the inventory that both validates it and is published as a JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout import yamlnodes
from rollout.yamlnodes import Fault, Node, Scalar, Sequence


class Text(Struct, frozen=True):
    doc: str = ""
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    examples: tuple[str, ...] = ()


class Number(Struct, frozen=True):
    doc: str = ""
    minimum: int = 0
    only: int | None = None


class Flag(Struct, frozen=True):
    doc: str = ""


class Anything(Struct, frozen=True):
    """Plain data that templates read."""

    doc: str = ""


class ListOf(Struct, frozen=True):
    item: Shape
    doc: str = ""
    least: int = 0
    alone: bool = False  # whether one item may stand without a list


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


Shape = Text | Number | Flag | Anything | ListOf | MapOf | Record


class Check(Struct):
    """Walks a document along a shape and collects every fault, each with its line and place."""

    faults: list[Fault] = field(default_factory=list)

    def walk(self, node: Node, shape: Shape, place: str) -> None:
        match shape:
            case Text():
                self._text(node, shape, place)
            case Number():
                self._number(node, shape, place)
            case Flag():
                if not (isinstance(node, Scalar) and isinstance(node.value, bool)):
                    self._wants(node, place, "true or false")
            case Anything():
                pass
            case ListOf():
                self._list(node, shape, place)
            case MapOf():
                self._map(node, shape, place)
            case Record():
                self._record(node, shape, place)

    def _text(self, node: Node, shape: Text, place: str) -> None:
        import re

        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or value == "":
            hint = " (put it in quotes)" if isinstance(value, int | float) else ""
            self._wants(node, place, f"text{hint}")
        elif shape.choices and value not in shape.choices:
            self._wants(node, place, "one of " + ", ".join(shape.choices))
        elif shape.pattern and not re.fullmatch(shape.pattern, value):
            self.faults.append(Fault(node.line, f"{place}: {value!r} is not allowed here: {shape.doc}"))

    def _number(self, node: Node, shape: Number, place: str) -> None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self._wants(node, place, "a whole number")
        elif shape.only is not None and value != shape.only:
            self.faults.append(Fault(node.line, f"{place}: {value} is not known here; this rollout reads {shape.only}"))
        elif value < shape.minimum:
            self._wants(node, place, f"a number from {shape.minimum} up")

    def _list(self, node: Node, shape: ListOf, place: str) -> None:
        if shape.alone and isinstance(node, Scalar):
            self.walk(node, shape.item, place)
            return
        if not isinstance(node, Sequence):
            self._wants(node, place, "a list")
            return
        if len(node.items) < shape.least:
            self._wants(node, place, "at least one entry")
        for index, item in enumerate(node.items):
            self.walk(item, shape.item, f"{place}[{index}]")

    def _map(self, node: Node, shape: MapOf, place: str) -> None:
        import re

        if isinstance(node, Scalar) and node.value is None:
            return
        if not isinstance(node, yamlnodes.Mapping):
            self._wants(node, place, "a mapping")
            return
        for key, value in node.entries.items():
            here = f"{place}.{key}" if place else key
            if shape.names and not re.fullmatch(shape.names, key):
                self.faults.append(Fault(node.key_lines[key], f"{here}: {key!r} is not a name: {shape.doc}"))
            if shape.nullable and isinstance(value, Scalar) and value.value is None:
                continue
            self.walk(value, shape.value, here)

    def _record(self, node: Node, shape: Record, place: str) -> None:
        if isinstance(node, Scalar) and node.value is None and shape.empty and not shape.required:
            return
        if not isinstance(node, yamlnodes.Mapping):
            self._wants(node, place, "a mapping")
            return
        for key, value in node.entries.items():
            here = f"{place}.{key}" if place else key
            if key in shape.fields:
                self.walk(value, shape.fields[key], here)
                continue
            from difflib import get_close_matches

            near = get_close_matches(key, shape.fields, 1)
            way_out = f"did you mean {near[0]!r}?" if near else "allowed: " + ", ".join(shape.fields)
            self.faults.append(Fault(node.key_lines[key], f"{here}: unknown key {key!r}; {way_out}"))
        for key in shape.required:
            if key not in node.entries:
                self.faults.append(Fault(node.line, f"{place or 'the inventory'}: {key!r} is missing"))

    def _wants(self, node: Node, place: str, what: str) -> None:
        self.faults.append(Fault(node.line, f"{place or 'the inventory'}: takes {what}, not {_named(node)}"))


def _named(node: Node) -> str:
    match node:
        case Scalar():
            return "nothing" if node.value is None else repr(node.value)[:60]
        case Sequence():
            return "a list"
        case yamlnodes.Mapping():
            return "a mapping"


def json_schema(shape: Shape) -> dict[str, Any]:
    """Return the shape in the words of JSON Schema 2020-12."""
    out: dict[str, Any] = dict(_schema(shape))
    if shape.doc:
        out["description"] = shape.doc
    return out


def _schema(shape: Shape) -> Iterator[tuple[str, Any]]:
    match shape:
        case Text():
            yield "type", "string"
            yield "minLength", 1
            if shape.choices:
                yield "enum", list(shape.choices)
            if shape.pattern:
                yield "pattern", f"^(?:{shape.pattern})$"
            if shape.examples:
                yield "examples", list(shape.examples)
        case Number():
            yield "type", "integer"
            yield from [("const", shape.only)] if shape.only is not None else [("minimum", shape.minimum)]
        case Flag():
            yield "type", "boolean"
        case Anything():
            return
        case ListOf(alone=True):
            yield "anyOf", [json_schema(shape.item), json_schema(replace(shape, alone=False, doc=""))]
        case ListOf():
            yield "type", "array"
            yield "items", json_schema(shape.item)
            if shape.least:
                yield "minItems", shape.least
        case MapOf():
            value = json_schema(shape.value)
            yield "type", ["object", "null"]
            yield "additionalProperties", {"anyOf": [value, {"type": "null"}]} if shape.nullable else value
            if shape.names:
                yield "propertyNames", {"pattern": f"^(?:{shape.names})$"}
        case Record():
            yield "type", ["object", "null"] if shape.empty and not shape.required else "object"
            yield "additionalProperties", False
            yield "properties", {key: json_schema(value) for key, value in shape.fields.items()}
            if shape.required:
                yield "required", list(shape.required)
