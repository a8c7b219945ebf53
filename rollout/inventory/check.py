"""Check the inventory's nodes against their shapes, and collect every fault with its line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct, field

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault, Leaf, Node, Sequence
from rollout.errors import Mistake, Place, UsageError, near
from rollout.inventory.shapes import Anything, Flag, Fraction, ListOf, MapOf, Named, Number, Record, Shape, Text


class InventoryError(UsageError):
    """One or more faults of an inventory, a line each."""


def error(shown: str, faults: Iterable[Fault]) -> InventoryError:
    found = dict.fromkeys(faults)
    alone = {fault.line for fault in found if fault.alone}
    ordered = sorted((one for one in found if one.alone or one.line not in alone), key=lambda fault: fault.line)
    return InventoryError(*(Mistake(one.message, _place(shown, one)) for one in ordered))


def _place(shown: str, fault: Fault) -> Place:
    return Place(fault.option) if fault.option else Place(shown, fault.line)


class Check(Struct):
    """Walks a document along a shape and collects every fault, each with its line and place."""

    faults: list[Fault] = field(default_factory=list)

    def walk(self, node: Node, shape: Shape, place: str) -> None:
        match shape:
            case Text():
                self._text(node, shape, place)
            case Number():
                self._number(node, shape, place)
            case Fraction():
                value = node.value if isinstance(node, Leaf) else None
                if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                    self._wants(node, place, "a number above 0 and up to 1")
            case Flag():
                if not (isinstance(node, Leaf) and isinstance(node.value, bool)):
                    self._wants(node, place, "true or false")
            case Anything():
                pass
            case ListOf():
                self._list(node, shape, place)
            case MapOf():
                self._map(node, shape, place)
            case Record():
                self._record(node, shape, place)
            case Named():
                self.walk(node, shape.record if isinstance(node, yaml_nodes.Mapping) else shape.text, place)
            case never:
                assert_never(never)

    def _text(self, node: Node, shape: Text, place: str) -> None:
        import re

        value = node.value if isinstance(node, Leaf) else None
        if not isinstance(value, str) or value == "":
            hint = " (put it in quotes)" if isinstance(value, int | float) else ""
            self._wants(node, place, f"text{hint}")
        elif shape.choices and value not in shape.choices:
            self._wants(node, place, "one of " + ", ".join(shape.choices))
        elif shape.pattern and not re.fullmatch(shape.pattern, value):
            self.faults.append(Fault(node.line, f"{place}: {value!r} is not allowed here: {shape.doc}"))

    def _number(self, node: Node, shape: Number, place: str) -> None:
        value = node.value if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self._wants(node, place, "a whole number")
        elif shape.only is not None and value != shape.only:
            self.faults.append(Fault(node.line, f"{place}: {value} is not known here; this rollout reads {shape.only}"))
        elif value < shape.minimum:
            self._wants(node, place, f"a number from {shape.minimum} up")

    def _list(self, node: Node, shape: ListOf, place: str) -> None:
        if shape.alone and isinstance(node, Leaf):
            self.walk(node, shape.item, place)
            return
        if not isinstance(node, Sequence):
            self._wants(node, place, "a list")
            return
        if len(node.items) < shape.least:
            self._is_short(node, shape.least, place)
        for index, item in enumerate(node.items):
            self.walk(item, shape.item, f"{place}[{index}]")

    def _is_short(self, node: Sequence, least: int, place: str) -> None:
        wanted = "one entry" if least == 1 else f"{least} entries"
        has = f"has {len(node.items)}" if node.items else "is empty"
        self.faults.append(Fault(node.line, f"{place}: takes at least {wanted}; the list {has}"))

    def _map(self, node: Node, shape: MapOf, place: str) -> None:
        import re

        if isinstance(node, Leaf) and node.value is None:
            return
        if not isinstance(node, yaml_nodes.Mapping):
            self._wants(node, place, "a mapping")
            return
        for key, value in node.entries.items():
            here = f"{place}.{key}" if place else key
            if shape.names and not re.fullmatch(shape.names, key):
                if self._has_no_blank(key, node.key_lines[key], place):
                    continue
                self.faults.append(Fault(node.key_lines[key], f"{here}: {key!r} is not a name: {shape.doc}"))
            if shape.nullable and isinstance(value, Leaf) and value.value is None:
                continue
            self.walk(value, shape.value, here)

    def _record(self, node: Node, shape: Record, place: str) -> None:
        if isinstance(node, Leaf) and node.value is None and shape.empty and not shape.required:
            return
        if not isinstance(node, yaml_nodes.Mapping):
            self._wants(node, place, "a mapping")
            return
        for key, value in node.entries.items():
            here = f"{place}.{key}" if place else key
            if key in shape.fields:
                self.walk(value, shape.fields[key], here)
                continue
            if self._has_no_blank(key, node.key_lines[key], place):
                continue
            meant = near(key, shape.fields, "allowed: " + ", ".join(shape.fields))
            self.faults.append(Fault(node.key_lines[key], f"{here}: unknown key {key!r}{meant}"))
        for key in shape.required:
            if key not in node.entries:
                self.faults.append(Fault(node.line, f"{place or 'the inventory'}: {key!r} is missing"))

    def _has_no_blank(self, text: str, line: int, place: str) -> bool:
        """Tell of a text that would be a key and its value if a blank stood behind the colon."""
        import re

        found = re.match(r"([A-Za-z_][\w.-]*):(?!//)(\S.*)", text)
        if found is not None:
            what = f"{text!r} has no blank behind the colon; write {f'{found[1]}: {found[2]}'!r}"
            self.faults.append(Fault(line, f"{place or 'the inventory'}: {what}", alone=True))
        return found is not None

    def _wants(self, node: Node, place: str, what: str) -> None:
        told = node.value if isinstance(node, Leaf) and what == "a mapping" else None
        if isinstance(told, str) and self._has_no_blank(told, node.line, place):
            return
        self.faults.append(Fault(node.line, f"{place or 'the inventory'}: takes {what}, not {_named(node)}"))


def _named(node: Node) -> str:
    match node:
        case Leaf():
            return "nothing" if node.value is None else repr(node.value)[:60]
        case Sequence():
            return "a list"
        case yaml_nodes.Mapping():
            return "a mapping"
        case never:
            assert_never(never)
