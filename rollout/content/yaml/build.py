"""Build nodes from the events of a YAML parser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from msgspec import Struct, field

from rollout.content.yaml.nodes import Fault, Leaf, Mapping, Node, Sequence
from rollout.content.yaml.parser import parser
from rollout.content.yaml.scalars import NUL, meaning
from rollout.content.yaml.words import QUOTE

_MAX_DEPTH = 60
_MAX_ALIASED = 100_000  # nodes that aliases may add: a billion laughs stops here
_MAX_FAULTS = 200
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def built(text: str, as_written: Callable[[str], str], *, pure: bool) -> tuple[Node | None, list[Fault]]:
    """Return what one of the library's parsers, the C parser or the pure Python one, makes of a text."""
    yaml = parser(pure=pure)
    yaml.Resolver = _resolver()
    builder = _Builder(yaml.resolver, as_written)
    try:
        return builder.read(yaml.parse(text)), builder.faults
    except _Hopeless as error:
        return None, [Fault(error.line, error.message)]


@cache
def _resolver() -> type[Any]:
    """Return the resolver without the library's search, at every scalar, for a version that the C parser lacks."""
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver(VersionedResolver):
        processing_version = (1, 2)

    return Resolver


class _Hopeless(Exception):
    """A fault that makes the whole document unusable."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message


class _Key(Struct, frozen=True):
    """A key whose value comes next: its text, or None if it cannot be a key; `merges` if it is `<<`."""

    text: str | None
    line: int
    merges: bool = False


class _Open(Struct):
    """A collection being read: its pairs or items so far, each with the number of nodes it counts for."""

    line: int
    anchor: str | None
    mapping: Mapping | None
    items: list[Node] = field(default_factory=list)
    inherited: list[Mapping] = field(default_factory=list)
    key: _Key | None = None
    size: int = 1


class _Came(Struct, frozen=True):
    """A complete node, the number of nodes in it, and the source text if it is a scalar."""

    node: Node
    size: int
    text: str | None = None


class _Builder:
    """Builds nodes from the parser's events, without recursion: how deep a document nests is its writer's choice."""

    # The parser's events and its resolver are the library's, which has no types: here is the border.

    def __init__(self, resolver: Any, as_written: Callable[[str], str]) -> None:
        """`as_written` returns the text of a scalar as the file has it."""
        from ruamel.yaml.nodes import ScalarNode

        self.faults: list[Fault] = []
        self._as_written = as_written
        self._resolver = resolver
        self._scalar_kind = ScalarNode
        self._kinds: dict[tuple[str, tuple[bool, bool]], str] = {}
        self._anchors: dict[str, _Came] = {}
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._aliased = 0

    def read(self, events: Iterable[Any]) -> Node | None:
        """Return the root of the only document, or None; raise _Hopeless if the text cannot be read at all."""
        from ruamel.yaml import events as kinds

        came = {
            kinds.ScalarEvent: self._scalar_came,
            kinds.MappingStartEvent: lambda event: self._begin(event, Mapping({}, {}, event.start_mark.line + 1)),
            kinds.SequenceStartEvent: lambda event: self._begin(event, None),
            kinds.MappingEndEvent: self._end,
            kinds.SequenceEndEvent: self._end,
            kinds.AliasEvent: self._alias,
            kinds.DocumentStartEvent: self._document,
        }
        for event in events:
            if type(event) in came:
                came[type(event)](event)
        return self._root

    def _document(self, event: Any) -> None:
        if self._root is not None:
            raise _Hopeless(event.start_mark.line + 1, "not valid YAML: a second document begins")

    def _scalar_came(self, event: Any) -> None:
        text, line = self._as_written(str(event.value)), event.start_mark.line + 1
        top = self._open[-1] if self._open else None
        if top is not None and top.mapping is not None and top.key is None and event.anchor is None:
            if "\0" in text:
                self._fault(line, NUL)
            top.key = _Key(text, line, text == "<<" and event.tag is None and event.implicit[0])
            return
        value, faults = meaning(text, self._kind(event, text))
        for fault in faults:
            self._fault(line, fault)
        self._came(_Came(Leaf(value, line), 1, text), event.anchor)

    def _kind(self, event: Any, text: str) -> str:
        if event.tag not in {None, "!"}:
            return str(event.tag)
        key = (text, event.implicit)
        if key not in self._kinds:
            self._kinds[key] = str(self._resolver.resolve(self._scalar_kind, *key))
        return self._kinds[key]

    def _begin(self, event: Any, mapping: Mapping | None) -> None:
        line = event.start_mark.line + 1
        if len(self._open) >= _MAX_DEPTH:
            raise _Hopeless(line, "nested too deeply")
        if event.tag not in {None, "!", *_COLLECTIONS}:
            self._fault(line, f"the tag {event.tag!r} is not allowed; if it is text, {QUOTE}")
        self._open.append(_Open(line, event.anchor, mapping))

    def _end(self, _event: Any) -> None:
        done = self._open.pop()
        if done.mapping is None:
            self._came(_Came(Sequence(tuple(done.items), done.line), done.size), done.anchor)
            return
        _inherit(done.mapping, done.inherited)
        self._came(_Came(done.mapping, done.size), done.anchor)

    def _alias(self, event: Any) -> None:
        name, line = event.anchor, event.start_mark.line + 1
        if any(collection.anchor == name for collection in self._open):
            raise _Hopeless(line, "an alias that contains itself")
        if name not in self._anchors:
            raise _Hopeless(
                line, f"not valid YAML: there is no anchor {name!r} before this alias; if it is text, {QUOTE}"
            )
        found = self._anchors[name]
        self._aliased += found.size
        if self._aliased > _MAX_ALIASED:
            raise _Hopeless(line, "aliases that grow beyond any use")
        self._came(found)

    def _came(self, came: _Came, anchor: str | None = None) -> None:
        """Put a node where it belongs: at the top, behind the items before it, or under the key before it."""
        node = came.node
        if anchor is not None:
            if anchor in self._anchors:
                raise _Hopeless(node.line, f"not valid YAML: the anchor {anchor!r} is there already")
            self._anchors[anchor] = came
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.size += came.size
        if top.mapping is None:
            top.items.append(node)
        elif top.key is None:
            top.key = _Key(came.text, node.line)
            if came.text is None:
                text = f"; if what begins with {{{{ is text, {QUOTE}" if isinstance(node, Mapping) else ""
                self._fault(node.line, f"a key must be text{text}")
        else:
            key, top.key = top.key, None
            if key.merges:
                top.inherited += self._merged(node, key.line)
            elif key.text is not None:
                self._pair(top.mapping, key.text, key.line, node)

    def _pair(self, mapping: Mapping, key: str, line: int, node: Node) -> None:
        if key in mapping.entries:
            self._fault(line, f"duplicate key {key!r} (first on line {mapping.key_lines[key]})", alone=False)
        else:
            mapping.entries[key] = node
            mapping.key_lines[key] = line

    def _merged(self, value: Node, line: int) -> Iterator[Mapping]:
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, Mapping):
                yield item
            else:
                self._fault(line, "'<<' takes a mapping")

    def _fault(self, line: int, message: str, *, alone: bool = True) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(Fault(line, message, alone=alone))


def _inherit(mapping: Mapping, others: Iterable[Mapping]) -> None:
    """Give a mapping the entries that `<<` brings; what it says itself, or an earlier one brought, stays."""
    for other in others:
        for key, value in other.entries.items():
            if key not in mapping.entries:
                mapping.entries[key] = value
                mapping.key_lines[key] = other.key_lines[key]
