"""The nodes of a YAML document, each with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from msgspec import Struct, field

from rollout.content import spelled
from rollout.content.spelled import Decimal, Whole

_MAX_BYTES = 32 * 1024 * 1024

_MAX_DEPTH = 60

_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}

_MAX_ALIASED = 100_000  # nodes that aliases may add: a billion laughs stops here
# The C parser is twenty times as fast, but reads YAML 1.1, which sees more in a colon than YAML 1.2 does. One between
# other characters is text unless it follows a quote or a bracket: where the C parser refuses it, it gets a stand-in.
# What ended a line in YAML 1.1 and is text in YAML 1.2 gets one, too.
_TEXT_COLON = re.compile(r"""(?<=[^\s"'\[\]{},]):(?=[^\s\[\]{},])""")

_STAND_INS = {":": "\ue000", "\x85": "\ue001", "\u2028": "\ue002", "\u2029": "\ue003"}

_OLD_BREAKS = str.maketrans({own: other for own, other in _STAND_INS.items() if own != ":"})

_BACK = str.maketrans({other: own for own, other in _STAND_INS.items()})

_COLON_IN_ANCHOR = re.compile(r"(?:^|[\s\[\]{},])[&*][\w-]*:\S")  # what it takes for the anchor and a text after it


class Fault(Struct, frozen=True):
    """Something wrong at a line (1 is the first) of a file."""

    line: int
    message: str


class Scalar(Struct, frozen=True):
    value: bool | int | float | str | None
    line: int


class Sequence(Struct, frozen=True):
    items: tuple[Node, ...]
    line: int


class Mapping(Struct, frozen=True):
    entries: dict[str, Node]
    key_lines: dict[str, int]
    line: int


Node = Scalar | Sequence | Mapping


def parse(text: str) -> tuple[Node | None, list[Fault]]:
    """Return the document and everything that is wrong with it; None for an empty one.

    The C parser is asked first; what it refuses the exact parser reads, which has the last word.
    """
    if len(text) > _MAX_BYTES:
        return None, [Fault(1, "is larger than 32 MiB")]
    from ruamel.yaml.error import YAMLError

    if not _taken(text) and not _COLON_IN_ANCHOR.search(text):
        plain_breaks = text if text.isascii() else text.translate(_OLD_BREAKS)
        with suppress(YAMLError, ValueError):
            return _read(plain_breaks, fast=True)
        with suppress(YAMLError, ValueError):
            return _read(_TEXT_COLON.sub(_STAND_INS[":"], plain_breaks), fast=True)
    return exactly(text)


def _taken(text: str) -> bool:
    """Tell whether a text has the stand-ins' characters itself."""
    return not text.isascii() and any(other in text for other in _STAND_INS.values())


def _read(text: str, *, fast: bool, back: bool = True) -> tuple[Node | None, list[Fault]]:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=not fast)
    yaml.Resolver = _resolver()
    reader = _Reader(yaml.resolver, back=back)
    try:
        return reader.read(yaml.parse(text)), reader.faults
    except _Hopeless as error:
        return None, [Fault(error.line, error.message)]


def exactly(text: str) -> tuple[Node | None, list[Fault]]:
    """Return what the exact parser makes of it."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    taken = _taken(text)
    try:
        return _read(text if taken else text.translate(_OLD_BREAKS), fast=False, back=not taken)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Fault(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem or error.context}")]
    except (YAMLError, ValueError) as error:
        return None, [Fault(1, f"not valid YAML: {str(error).splitlines()[0]}")]


@cache
def _resolver() -> type[Any]:
    """Return the library's resolver without its search, for each scalar anew, for a version that the C parser lacks."""
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver(VersionedResolver):
        processing_version = (1, 2)

    return Resolver


class _Hopeless(Exception):
    """Something after which nothing of the document is of use."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message


class _Open(Struct):
    """A collection that is being read: its pairs or its items so far, each with the number of nodes it counts for."""

    line: int
    anchor: str | None
    mapping: Mapping | None
    items: list[Node] = field(default_factory=list)
    inherited: list[Mapping] = field(default_factory=list)
    key: tuple[str | None, int, bool] | None = None  # its text, or None for one that is of no use; line; whether `<<`
    size: int = 1


class _Came(Struct, frozen=True):
    """A node that is complete, the number of nodes in it, and its text as it is written if it is a scalar."""

    node: Node
    size: int
    text: str | None = None


class _Reader:
    """Builds nodes from the parser's events, without recursion: how deep a document nests is its writer's choice."""

    def __init__(self, resolver: Any, *, back: bool) -> None:
        from ruamel.yaml.nodes import ScalarNode

        self._back = back

        self.faults: list[Fault] = []
        self._resolver = resolver
        self._scalar_kind = ScalarNode
        self._kinds: dict[tuple[str, tuple[bool, bool]], str] = {}
        self._anchors: dict[str, _Came] = {}
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._aliased = 0

    def read(self, events: Iterable[Any]) -> Node | None:
        """Return the root of the only document, None for none; raise _Hopeless where nothing can be made of it."""
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
        text, line = str(event.value), event.start_mark.line + 1
        if self._back and not text.isascii():
            text = text.translate(_BACK)
        top = self._open[-1] if self._open else None
        if top is not None and top.mapping is not None and top.key is None and event.anchor is None:
            top.key = (text, line, text == "<<" and event.tag is None and event.implicit[0])
            return
        node = Scalar(self._scalar(text, self._kind(event, text), line), line)
        self._came(_Came(node, 1, text), event.anchor)

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
            self._fault(line, f"the tag {event.tag!r} is not allowed")
        self._open.append(_Open(line, event.anchor, mapping))

    def _end(self, _event: Any) -> None:
        done = self._open.pop()
        if done.mapping is None:
            self._came(_Came(Sequence(tuple(done.items), done.line), done.size), done.anchor)
            return
        for other in done.inherited:
            for key, value in other.entries.items():
                if key not in done.mapping.entries:
                    done.mapping.entries[key] = value
                    done.mapping.key_lines[key] = other.key_lines[key]
        self._came(_Came(done.mapping, done.size), done.anchor)

    def _alias(self, event: Any) -> None:
        name, line = event.anchor, event.start_mark.line + 1
        if any(collection.anchor == name for collection in self._open):
            raise _Hopeless(line, "an alias that contains itself")
        if name not in self._anchors:
            raise _Hopeless(line, f"not valid YAML: there is no anchor {name!r} before this alias")
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
            top.key = (came.text, node.line, False)
            if came.text is None:
                self._fault(node.line, "a key must be text")
        else:
            (key, line, merges), top.key = top.key, None
            self._pair(top, top.mapping, key, line, node, merges=merges)

    def _pair(self, top: _Open, mapping: Mapping, key: str | None, line: int, node: Node, *, merges: bool) -> None:
        if key is None:
            return
        if merges:
            top.inherited += self._merged(node, line)
        elif key in mapping.entries:
            self._fault(line, f"duplicate key {key!r} (first on line {mapping.key_lines[key]})")
        else:
            mapping.entries[key] = node
            mapping.key_lines[key] = line

    def _merged(self, value: Node, line: int) -> Iterator[Mapping]:
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, Mapping):
                yield item
            else:
                self._fault(line, "'<<' takes a mapping")

    def _scalar(self, text: str, tag: str, line: int) -> bool | int | float | str | None:
        kind = tag.rpartition(":")[2]
        if "\0" in text:
            self._fault(line, "has a NUL character")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in {"true", "yes", "on"}
        try:
            if kind == "int":
                return spelled.number(_integer(text), text)
            if kind == "float":
                return spelled.number(self._float(text, line), text)
        except ValueError:
            self._fault(line, f"not a number: {text[:40]!r}")
        if kind not in {"str", "int", "float", "timestamp", "value", "merge"}:
            self._fault(line, f"the tag {tag!r} is not allowed")
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
    return _data(node, lambda value: value.plain() if isinstance(value, Whole | Decimal) else value)


def written(node: Node) -> Any:
    """Return the node as data in which numbers print as they were written."""
    return _data(node, lambda value: value)


def _data(node: Node, scalar: Callable[[Any], Any]) -> Any:
    match node:
        case Scalar():
            return scalar(node.value)
        case Sequence():
            return [_data(item, scalar) for item in node.items]
        case Mapping():
            return {key: _data(value, scalar) for key, value in node.entries.items()}
