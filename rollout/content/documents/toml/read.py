"""TOML read to nodes that know their places; `tomllib` says what is TOML and what it means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from rollout.content.documents.document import (
    Array,
    ContainerStyle,
    Document,
    Node,
    Object,
    Part,
    Scalar,
    Span,
    Unmergeable,
    fault,
)
from rollout.content.documents.toml.values import agrees, meaning_of

_MAX_DEPTH = 100
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"#[^\r\n]*")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*'")

_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2}(?!"))|\'\'\'.*?\'\'\'(?:\'{0,2}(?!\'))|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL
)

_WORD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][^\s,\]}#]*|[^\s,\]}#]+")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read(text: str) -> Document:
    """Return the document in a TOML text."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        number = int(line[1]) if line else text.count("\n") + 1
        raise Unmergeable(f"not valid TOML: {str(error).split(' (at ')[0]}", line=number) from error
    except RecursionError as error:
        raise fault(text, 0, "nested too deeply") from error
    if _is_deep(said):  # a dotted key nests as deep as it likes, and tomllib has no bound for it
        raise fault(text, 0, "nested too deeply")
    reader = _TomlReader(text)
    root = reader.read()
    if not agrees(text, root, said):
        raise fault(text, 0, "holds something that cannot be told apart for a merge; change it by hand")
    return Document(text, root, tuple(reader.comments))


def _is_deep(said: object) -> bool:
    level = [said]
    for _ in range(_MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
    return bool(level)


def _inside(said: object) -> Iterable[object]:
    return said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()


class _Table(Struct):
    """A table that is being read; `end` is where its own lines end, without those of its sub-tables."""

    style: ContainerStyle
    start: int
    end: int
    entries: dict[str, _Entry] = field(default_factory=dict)

    def add(self, entry: _Entry) -> None:
        self.entries[entry.key] = entry


class _Entry(Struct):
    key: str
    start: int
    body: int
    value: Node | _Table | list[_Table]


class _TomlReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.comments: list[Span] = []
        self.root = _Table("table", 0, 0)

    def read(self) -> Object:
        here, at = self.root, self.skip(0)
        while at < len(self.text):
            if self.text[at] == "[":
                here, at = self._header(at)
            else:
                at = self._pair(here, at, within=here)
            at = self.skip(at)
        return _object(self.root)

    def skip(self, at: int) -> int:
        while True:
            blank = _BLANK.match(self.text, at)
            at = blank.end() if blank else at
            comment = _COMMENT.match(self.text, at)
            if comment is None:
                return at
            self.comments.append(comment.span())
            at = comment.end()

    def _spaces(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _keys(self, at: int) -> tuple[list[str], int]:
        """Read a dotted key; return its keys, and where it ends."""
        keys = []
        while True:
            found = _KEY.match(self.text, self._spaces(at))
            if found is None:
                raise fault(self.text, at, "a key is missing")
            keys.append(_key(found[0]))
            at = self._spaces(found.end())
            if self.text[at : at + 1] != ".":
                return keys, at
            at += 1

    def _header(self, at: int) -> tuple[_Table, int]:
        many = self.text.startswith("[[", at)
        keys, end = self._keys(at + 1 + many)
        end += 1 + many
        table = self.root
        for key in keys[:-1]:
            table = self._below(table, key, at, "super")
        made = _Table("table", at, end)
        entry = table.entries.get(keys[-1])
        if many and entry is not None and isinstance(entry.value, list):
            entry.value.append(made)
        elif many:
            table.add(_Entry(keys[-1], at, end, [made]))
        elif entry is not None and isinstance(entry.value, _Table):
            entry.value.style, entry.value.start, entry.value.end = "table", at, end
            return entry.value, end
        else:
            table.add(_Entry(keys[-1], at, end, made))
        return made, end

    def _below(self, table: _Table, key: str, at: int, style: ContainerStyle) -> _Table:
        entry = table.entries.get(key)
        if entry is None:
            entry = _Entry(key, at, at, _Table(style, at, at))
            table.add(entry)
        if isinstance(entry.value, list):
            return entry.value[-1]
        if not isinstance(entry.value, _Table):
            raise fault(self.text, at, f"{key}: is not a table")
        return entry.value

    def _pair(self, table: _Table, at: int, within: _Table) -> int:
        keys, end = self._keys(at)
        for key in keys[:-1]:
            table = self._below(table, key, at, "dotted")
        body = end + 1
        value = self.value(self._spaces(body))
        table.add(_Entry(keys[-1], at, body, value))
        table.end = within.end = value.end
        return value.end

    def value(self, at: int) -> Node:
        opening = self.text[at]
        if opening == "[":
            return self._array(at)
        if opening == "{":
            return self._inline(at)
        found = _STRING.match(self.text, at) if opening in "\"'" else _WORD.match(self.text, at)
        if found is None:
            raise fault(self.text, at, "a value is missing")
        return Scalar(at, found.end(), meaning_of(found[0]))

    def _array(self, at: int) -> Array:
        parts: list[Part] = []
        here = self.skip(at + 1)
        while self.text[here] != "]":
            value = self.value(here)
            parts.append(Part(here, value))
            here = self.skip(value.end)
            if self.text[here] == ",":
                here = self.skip(here + 1)
        return Array(at, here + 1, tuple(parts), "array")

    def _inline(self, at: int) -> Object:
        table = _Table("inline", at, at)
        here = self.skip(at + 1)
        while self.text[here] != "}":
            here = self.skip(self._pair(table, here, within=table))
            if self.text[here] == ",":
                here = self.skip(here + 1)
        table.end = here + 1
        return _object(table)


def _key(text: str) -> str:
    return str(next(iter(tomllib.loads(f"{text} = 0")))) if text[0] in "\"'" else text


def _object(table: _Table) -> Object:
    parts = tuple(_part(entry) for entry in table.entries.values())
    return Object(table.start, table.end, parts, table.style)


def _part(entry: _Entry) -> Part:
    value: Any = entry.value
    if isinstance(value, _Table):
        node: Node = _object(value)
        return Part(node.start, node, entry.key, entry.body)
    if isinstance(value, list):
        tables = tuple(Part(table.start, _object(table)) for table in value)
        return Part(entry.start, Array(entry.start, tables[-1].value.end, tables, "tables"), entry.key, entry.body)
    return Part(entry.start, value, entry.key, entry.body)
