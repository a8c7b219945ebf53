"""The nodes of a YAML document, each with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from msgspec import Struct

from rollout.content.spelled import Decimal, Whole


class Fault(Struct, frozen=True):
    """A mistake at a line (counted from 1) of a file, or in an option of the command line."""

    line: int
    message: str
    option: str = ""
    alone: bool = False  # what else is found on its line is not told: it may come from this


Value = bool | int | float | str | None


class Leaf(Struct, frozen=True):
    value: Value
    line: int


class Sequence(Struct, frozen=True):
    items: tuple[Node, ...]
    line: int


class Mapping(Struct, frozen=True):
    entries: dict[str, Node]
    key_lines: dict[str, int]
    line: int


Node = Leaf | Sequence | Mapping


# A node's value is plain data of any form: the inventory's variables go to templates as they are.


def plain(node: Node) -> Any:
    """Return the node as plain Python data."""
    return _data(node, lambda value: value.plain() if isinstance(value, Whole | Decimal) else value)


def written(node: Node) -> Any:
    """Return the node as data in which numbers print as they were written."""
    return _data(node, lambda value: value)


def _data(node: Node, scalar: Callable[[Value], Any]) -> Any:
    match node:
        case Leaf():
            return scalar(node.value)
        case Sequence():
            return [_data(item, scalar) for item in node.items]
        case Mapping():
            return {key: _data(value, scalar) for key, value in node.entries.items()}
        case never:
            assert_never(never)
