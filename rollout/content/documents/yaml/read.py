"""YAML read to nodes that know their places, from the parser's events; what is foreign is never made a value of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct, field

from rollout.content.documents.comments_below import below_in_blocks
from rollout.content.documents.document import (
    Alias,
    Array,
    ContainerStyle,
    Document,
    Node,
    Object,
    Odd,
    Part,
    Scalar,
    ScalarStyle,
    Span,
    Unmergeable,
    fault,
)
from rollout.content.documents.lines import line_end, line_start
from rollout.content.documents.yaml.ends import end_of_text
from rollout.content.documents.yaml.values import key_text, meaning_of, odd_tag
from rollout.content.yaml import stand_ins as yaml_stand_ins
from rollout.content.yaml import tabs as yaml_tabs
from rollout.content.yaml import words as yaml_words
from rollout.content.yaml.parser import parser

_COMMENT = re.compile(r"(?:(?<=[ \t\r\n])|\A)#[^\r\n]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_PROPERTY = re.compile(r"[&!][^ \t\r\n]*(?:[ \t\r\n]+|#[^\n]*)*")
_COLON = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*:")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 60
_MAX_ALIASED = 10_000  # nodes that aliases may add to what a document means; the others mean their names


def read(text: str) -> Document:
    """Return the only document in a YAML text; one that holds nothing, or comments alone, has no members."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        reader, root = _parsed(text)
    except MarkedYAMLError as error:
        line, what = yaml_words.told(error, text)
        raise Unmergeable(what, line=line) from error
    except YAMLError as error:
        at = getattr(error, "position", 0)
        raise fault(text, at, f"not valid YAML: {str(error).splitlines()[0]}") from error
    comments = tuple(_comments(text, reader.scalars))
    if root is None or (isinstance(root, Scalar) and root.start == root.end):
        return Document(text, Object(len(text), len(text), (), "block"), comments)
    if not isinstance(root, Object):
        raise fault(text, root.start, "holds no mapping; merge needs one")
    return Document(text, root, comments, below_in_blocks(text, root, comments), tuple(reader.names))


def _parsed(text: str) -> tuple[_YamlReader, Node | None]:
    """Read with the fast parser; what it refuses the exact one reads, which knows what a colon means in YAML 1.2."""
    from ruamel.yaml.error import YAMLError

    taken = yaml_stand_ins.taken(text)
    spelled = text if taken else yaml_stand_ins.with_first_letters(yaml_stand_ins.without_old_breaks(text))
    as_written = str if taken else yaml_stand_ins.back

    def parsed(spelling: str, *, pure: bool) -> tuple[_YamlReader, Node | None]:
        reader = _YamlReader(text, as_written)
        return reader, reader.read(parser(pure=pure).parse(spelling))

    try:
        return yaml_tabs.tried(spelled, partial(parsed, pure=False))
    except YAMLError:
        return yaml_tabs.tried(spelled, partial(parsed, pure=True))


def _comments(text: str, scalars: Iterable[Span]) -> Iterator[Span]:
    at = 0
    for start, end in scalars:
        yield from (found.span() for found in _COMMENT.finditer(text, at, start))
        if text[start : start + 1] in {"|", ">"}:
            header = text.find("\n", start, end)
            yield from (found.span() for found in _COMMENT.finditer(text, start, end if header < 0 else header))
        at = max(at, end)
    yield from (found.span() for found in _COMMENT.finditer(text, at))


class _OpenNode(Struct):
    """A collection that is being read; `cursor` is where what was read of it ends."""

    start: int
    cursor: int
    style: ContainerStyle
    mapping: bool
    odd: Odd | None
    anchor: str | None
    parts: list[Part] = field(default_factory=list)
    key: tuple[int, str, int] | None = None  # where it stands, what it is, where its value may begin
    size: int = 1


class _NodeCame(Struct, frozen=True):
    node: Node
    size: int


class _YamlReader:
    """Builds nodes without recursion: how deep a document nests is its writer's choice."""

    def __init__(self, text: str, as_written: Callable[[str], str]) -> None:
        """`as_written` returns the text of a scalar as the file has it."""
        self.text = text
        self._as_written = as_written
        self.scalars: list[Span] = []
        self._open: list[_OpenNode] = []
        self.names: list[str] = []
        self._anchors: dict[str, _NodeCame] = {}
        self._root: Node | None = None
        self._aliased = 0

    def read(self, events: Iterable[Any]) -> Node | None:
        from ruamel.yaml import events as kinds

        seen = False
        for event in events:
            kind = type(event)
            if kind is kinds.ScalarEvent:
                self._scalar(event)
            elif kind is kinds.MappingStartEvent or kind is kinds.SequenceStartEvent:
                self._begin(event, mapping=kind is kinds.MappingStartEvent)
            elif kind is kinds.MappingEndEvent or kind is kinds.SequenceEndEvent:
                self._end(event)
            elif kind is kinds.AliasEvent:
                self._alias(event)
            elif kind is kinds.DocumentStartEvent:
                if seen:
                    raise fault(self.text, event.start_mark.index, "a second document begins; merge needs one")
                seen = True
        return self._root

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        style: ScalarStyle = event.style or ""
        tag, said = event.tag, self._as_written(str(event.value))
        if style in {"|", ">"}:
            start, end = self._block_scalar(start, end, said)
        elif start == end:
            start = end = self._empty(start)
        else:
            self.scalars.append((start, end))
        odd = odd_tag(tag) or (Odd("a lone surrogate") if _SURROGATE.search(said) else None)
        meaning = meaning_of(said, tag, plain=event.implicit[0])
        self._came(Scalar(start, end, meaning, style, odd), 1, event.anchor)

    def _empty(self, start: int) -> int:
        """Return where a value stands that is not written: the parsers differ between its colon and what follows."""
        top = self._open[-1] if self._open else None
        if top is None or top.key is None:
            return start
        at = top.key[2]
        while top.style == "flow" and self.text[at : at + 1] in {" ", "\t"}:
            at += 1
        return at

    def _block_scalar(self, start: int, end: int, said: str) -> Span:
        header = re.compile(r"[|>]").search(self.text, start, end)
        assert header is not None
        self.scalars.append((header.start(), end))
        first_line = self.text[header.start() : end].split("\n", 1)[0].split("#", 1)[0]
        if "+" in first_line:
            return start, line_end(self.text, line_start(self.text, end - 1))
        return start, end_of_text(self.text, (header.start(), end), said)

    def _begin(self, event: Any, *, mapping: bool) -> None:
        start = event.start_mark.index
        if len(self._open) >= _MAX_DEPTH:
            raise fault(self.text, start, "nested too deeply")
        style: ContainerStyle = "flow" if event.flow_style else "block"
        odd = odd_tag(event.tag)
        if event.flow_style and self.text[event.end_mark.index - 1 : event.end_mark.index] not in {"{", "["}:
            odd = Odd("a pair without braces")
        cursor = event.end_mark.index if event.flow_style else self._behind_properties(start, event)
        self._open.append(_OpenNode(start, cursor, style, mapping, odd, event.anchor))

    def _behind_properties(self, start: int, event: Any) -> int:
        """Return where a block collection's own text may begin: behind its anchor and its tag."""
        count = (event.anchor is not None) + (event.tag is not None)
        for _ in range(count):
            found = _PROPERTY.match(self.text, start)
            start = found.end() if found else start
        return start

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        end = event.end_mark.index if done.style == "flow" else max(done.cursor, done.start)
        make = Object if done.mapping else Array
        self._came(make(done.start, end, tuple(done.parts), done.style, done.odd), done.size, done.anchor)

    def _alias(self, event: Any) -> None:
        start, name = event.start_mark.index, event.anchor
        if name not in self._anchors:
            inside = any(collection.anchor == name for collection in self._open)
            raise fault(self.text, start, f"the alias *{name} " + ("contains itself" if inside else "has no anchor"))
        found = self._anchors[name]
        target = found.node.node if isinstance(found.node, Alias) else found.node
        vast = self._aliased + found.size > _MAX_ALIASED  # a billion laughs stops here
        size = 1 if vast else found.size
        self._aliased += size
        self._came(Alias(start, event.end_mark.index, target, odd=Odd(f"an alias, *{name}"), vast=vast), size, None)

    def _came(self, node: Node, size: int, anchor: str | None) -> None:
        """Put a node where it belongs: at the top, behind the entries before it, or under the key before it."""
        if anchor is not None:
            self._anchors[anchor] = _NodeCame(node, size)
            self.names.append(anchor)
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.size += size
        if not top.mapping:
            start = self._dash(top, node) if top.style == "block" else node.start
            top.parts.append(Part(start, node, body=start + 1 if top.style == "block" else start))
        elif top.key is None:
            top.key = self._key(node, top)
            return
        else:
            (start, key, body), top.key = top.key, None
            top.parts.append(Part(start, node, key, body))
        top.cursor = max(node.end, top.cursor)

    def _dash(self, top: _OpenNode, node: Node) -> int:
        gap = _GAP.match(self.text, top.cursor)
        at = gap.end() if gap else top.cursor
        return at if self.text[at : at + 1] == "-" else node.start

    def _key(self, node: Node, top: _OpenNode) -> tuple[int, str, int]:
        colon = _COLON.match(self.text, node.end)
        body = colon.end() if colon else node.end
        top.cursor = body
        return node.start, key_text(node, self.text), body
