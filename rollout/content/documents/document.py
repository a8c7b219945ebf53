"""A configuration document as nodes that know their place in its text; every format is read into these."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, assert_never

from msgspec import Struct

from rollout.content.file_fault import FileFault


class Unmergeable(FileFault):
    """A document or a template that cannot be read or changed as asked; the message names the line."""


# The way out where a value says something elsewhere, too, or comes from there.
CANNOT_CHANGE = "merge cannot change it; change it by hand and take it out of the template"


class InTemplate(Unmergeable):
    """The fault is in the template; the message names its line."""


def fault(text: str, at: int, what: str) -> Unmergeable:
    """Return a fault with the line of a place in a text."""
    return Unmergeable(what, line=text.count(chr(10), 0, at) + 1)


ScalarStyle = Literal["", "'", '"', "|", ">"]
"""How YAML writes a scalar, by the character it begins with; other formats have one way."""

ContainerStyle = Literal[
    "", "missing", "block", "flow", "inline", "array", "table", "tables", "dotted", "super", "root", "section"
]
"""How an object or an array is written: none in JSON, then in YAML, in TOML and in INI; `missing` in an empty file."""


class Odd(Struct, frozen=True):
    """Why a node is not a plain value; `tagged` if only because another program gives its tag a meaning."""

    words: str
    tagged: bool = False

    def __str__(self) -> str:
        return self.words


class Scalar(Struct, frozen=True):
    """A single value. `meaning` is the same for two spellings of one value; `odd` says why it is not a plain value."""

    start: int
    end: int
    meaning: str
    style: ScalarStyle = ""
    odd: Odd | None = None


class Part(Struct, frozen=True):
    """A member of an object, or an entry of an array (then `key` is empty).

    `start` is where its key or its dash begins; `body` is where the value may begin, behind the colon or the dash.
    """

    start: int
    value: Node
    key: str = ""
    body: int = 0


class Object(Struct, frozen=True):
    start: int
    end: int
    parts: tuple[Part, ...]
    style: ContainerStyle = ""
    odd: Odd | None = None


class Array(Struct, frozen=True):
    start: int
    end: int
    parts: tuple[Part, ...]
    style: ContainerStyle = ""
    odd: Odd | None = None


class Alias(Struct, frozen=True):
    """An alias: its value is elsewhere in the document; `vast` if that is too much to say again."""

    start: int
    end: int
    node: Scalar | Object | Array
    style: Literal[""] = ""
    odd: Odd | None = Odd("an alias")
    vast: bool = False


Node = Scalar | Object | Array | Alias

Span = tuple[int, int]
Below = dict[int, tuple[Span, ...]]


class Document(Struct, frozen=True):
    """A parsed text: its root, the places of its comments, and those below all that is in a node, by its start."""

    text: str
    root: Object
    comments: tuple[Span, ...] = ()
    below: Below = {}
    anchors: tuple[str, ...] = ()  # names that aliases may speak of
    lists: frozenset[str] = frozenset()  # keys that stand several times, for every line of them counts


class Replaced(Struct, frozen=True):
    """What others had at a place where we wrote something else, and which comments they had `below` it.

    That is their text, what separates it from its key, the blanks that ended its line, and the parsed value. Where we
    only filled an object or a list, its node has no parts. The comments in it stayed when it was replaced.
    """

    text: str
    node: Node
    lead: str = ""
    blanks: str = ""
    comments: tuple[Span, ...] = ()
    below: tuple[str, ...] = ()


class Replace(Struct, frozen=True):
    """Replace a part's value by the value of the template's part; `found` is what others had there, if it was ours."""

    container: Object | Array
    part: Part
    new: Part
    found: Replaced | None = None


class Amend(Struct, frozen=True):
    """Remove parts from an object or an array, and add parts of the template after the others.

    If nothing is left, `found` is what others had there, if they had something. `headed` if its header goes, too.
    """

    container: Object | Array
    gone: tuple[int, ...] = ()
    new: tuple[Part, ...] = ()
    found: Replaced | None = None
    headed: bool = False


class Restore(Struct, frozen=True):
    """Replace a value of ours by what others had; the comments `left` behind go back into it."""

    container: Object | Array
    part: Part
    found: Replaced
    left: tuple[Span, ...] = ()
    new: Part | None = None  # the template's, if it says what others had


Operation = Replace | Amend | Restore


class Edit(Struct, frozen=True):
    """Replace a span by a text; `ends_line` if the new text needs a line end after it."""

    start: int
    end: int
    text: str
    ends_line: bool = False


class Format(Protocol):
    """One kind of document: how it is read, and how it is changed in place."""

    def __hash__(self) -> int: ...

    def read(self, text: str) -> Document:
        """Return the document; raise Unmergeable if the text is not one."""

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        """Return the edits that carry out the operations and spare the foreign comments."""


def meaning(node: Node, *, followed: bool = True) -> str:
    """Return the same text for nodes with the same meaning, however written; an alias not `followed` means its name."""
    match node:
        case Scalar():
            return node.meaning if node.odd is None else f"{node.odd} {node.meaning}"
        case Alias():
            return meaning(node.node) if followed and not node.vast else str(node.odd)
        case Array():
            inner = "[" + ",".join(meaning(part.value, followed=followed) for part in node.parts) + "]"
        case Object():
            pairs = sorted(f"{json.dumps(part.key)}:{meaning(part.value, followed=followed)}" for part in node.parts)
            inner = "{" + ",".join(pairs) + "}"
        case never:
            assert_never(never)
    return inner if node.odd is None else f"{node.odd} {inner}"


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes inside it."""
    yield node
    if isinstance(node, Object | Array):
        for part in node.parts:
            yield from nodes(part.value)


def repeated(node: Node) -> frozenset[str]:
    """Return the keys that occur more than once in an object: nobody can tell which one is whose."""
    if not isinstance(node, Object) or len({part.key for part in node.parts}) == len(node.parts):
        return frozenset()
    return frozenset(key for key, times in Counter(part.key for part in node.parts).items() if times > 1)


def entries_of(node: Node) -> set[str]:
    """Return the meanings of a list's entries; a single value counts as a list of one."""
    return {meaning(part.value) for part in node.parts} if isinstance(node, Array) else {meaning(node)}


def says(node: Object | Array, other: Node) -> bool:
    """Tell whether a node holds everything that another holds, and maybe more."""
    if isinstance(node, Array):
        return not isinstance(other, Object) and entries_of(other) <= {*entries_of(node), "null"}
    if isinstance(other, Object):
        return all((part := find(node, one.key)) and meaning(part.value) == meaning(one.value) for one in other.parts)
    return meaning(other) in {"null", "[]"}


def find(container: Object, key: str) -> Part | None:
    return next((part for part in container.parts if part.key == key), None)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with all edits applied; two that overlap are a fault of ours."""
    out, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise fault(text, edit.start, "cannot be changed without changing what others wrote beside it")
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join((*out, text[at:]))
