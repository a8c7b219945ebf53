"""YAML as plain data that remembers its lines: parsed safely, duplicate keys and alias bombs refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

_MAX_BYTES = 32 * 1024 * 1024
_MAX_DEPTH = 60
_DEEP = 4000  # what may open a level, before the depth is measured: the C parser overflows its stack at about 20,000
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_MAX_ALIASED = 100_000  # nodes that aliases may add: a billion laughs stops here


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a line (1 is the first) of a file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Scalar:
    value: bool | int | float | str | None
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, Node]
    key_lines: dict[str, int]
    line: int


Node = Scalar | Sequence | Mapping


def parse(text: str) -> tuple[Node | None, list[Fault]]:
    """Return the document and everything that is wrong with it; None for an empty one."""
    if len(text) > _MAX_BYTES:
        return None, [Fault(1, "is larger than 32 MiB")]
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe")
    yaml.Resolver = _resolver()
    try:
        if sum(text.count(mark) for mark in ("[", "{", "- ", "? ", "\n ")) > _DEEP:
            _bounded(YAML(typ="safe").parse(text))
        root = yaml.compose(text)
    except _TooDeep as error:
        return None, [Fault(error.line, "nested too deeply")]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Fault(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem or error.context}")]
    except (YAMLError, ValueError, RecursionError) as error:
        return None, [Fault(1, f"not valid YAML: {str(error).splitlines()[0] if str(error) else 'nested too deeply'}")]
    if root is None:
        return None, []
    reader = _Reader()
    return reader.read(root, 0), reader.faults


@cache
def _resolver() -> type[Any]:
    """Return the library's resolver without its search, for each scalar anew, for a version that the C parser lacks."""
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver(VersionedResolver):
        processing_version = (1, 2)

    return Resolver


class _TooDeep(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _bounded(events: Iterator[Any]) -> None:
    """Walk through a document's events, which takes no stack; raise _TooDeep where it nests too deeply."""
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _TooDeep(event.start_mark.line + 1)


class _Reader:
    def __init__(self) -> None:
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        self.faults: list[Fault] = []
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._aliased = 0
        self._scalars, self._mappings = ScalarNode, MappingNode
        self._inside_alias = 0

    def read(self, node: Any, depth: int) -> Node:
        line = node.start_mark.line + 1
        if depth > _MAX_DEPTH or id(node) in self._open:
            self._fault(line, "nested too deeply" if depth > _MAX_DEPTH else "an alias that contains itself")
            return Scalar(None, line)
        alias = id(node) in self._seen
        self._seen.add(id(node))
        self._inside_alias += alias
        self._aliased += bool(self._inside_alias)
        if self._aliased > _MAX_ALIASED:
            self._fault(line, "aliases that grow beyond any use")
            self._inside_alias -= alias
            return Scalar(None, line)
        self._open.add(id(node))
        try:
            return self._read(node, line, depth)
        finally:
            self._open.discard(id(node))
            self._inside_alias -= alias

    def _read(self, node: Any, line: int, depth: int) -> Node:
        if isinstance(node, self._scalars):
            return Scalar(self._scalar(node, line), line)
        if str(node.tag) not in _COLLECTIONS:
            self._fault(line, f"the tag {str(node.tag)!r} is not allowed")
        if isinstance(node, self._mappings):
            return self._mapping(node, line, depth)
        return Sequence(tuple(self.read(item, depth + 1) for item in node.value), line)

    def _mapping(self, node: Any, line: int, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        inherited: list[Mapping] = []
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            key = self._key(key_node, key_line)
            if key is None:
                continue
            if key == "<<" and key_node.style is None:
                inherited += self._merged(self.read(value_node, depth + 1), key_line)
                continue
            if key in entries:
                self._fault(key_line, f"duplicate key {key!r} (first on line {lines[key]})")
                continue
            entries[key] = self.read(value_node, depth + 1)
            lines[key] = key_line
        for other in inherited:
            for key, value in other.entries.items():
                if key not in entries:
                    entries[key] = value
                    lines[key] = other.key_lines[key]
        return Mapping(entries, lines, line)

    def _merged(self, value: Node, line: int) -> Iterator[Mapping]:
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, Mapping):
                yield item
            else:
                self._fault(line, "'<<' takes a mapping")

    def _key(self, node: Any, line: int) -> str | None:
        if not isinstance(node, self._scalars):
            self._fault(line, "a key must be text")
            return None
        return str(node.value)

    def _scalar(self, node: Any, line: int) -> bool | int | float | str | None:
        text = str(node.value)
        kind = str(node.tag).rpartition(":")[2]
        if "\0" in text:
            self._fault(line, "has a NUL character")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in {"true", "yes", "on"}
        try:
            if kind == "int":
                return _integer(text)
            if kind == "float":
                return self._float(text, line)
        except ValueError:
            self._fault(line, f"not a number: {text[:40]!r}")
        if kind not in {"str", "int", "float", "timestamp", "value", "merge"}:
            self._fault(line, f"the tag {node.tag!r} is not allowed")
        return text

    def _float(self, text: str, line: int) -> float:
        value = float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").lower().lstrip("."))
        if text.startswith("."):
            value = float("0" + text) if text[1:2].isdigit() else value
        if math.isinf(value) or math.isnan(value):
            self._fault(line, "infinite and not-a-number values are not allowed")
        return value

    def _fault(self, line: int, message: str) -> None:
        if len(self.faults) < 200:
            self.faults.append(Fault(line, message))


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > 400:
        raise ValueError(text)
    if digits.lstrip("+-").lower().startswith(("0x", "0o", "0b")):
        return int(digits, 0)
    return int(digits, 10)


def plain(node: Node) -> Any:
    """Return the node as plain Python data."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, value in node.entries.items()}
