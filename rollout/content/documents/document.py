"""A configuration document as nodes that know where they stand in its text; every format is read into these."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from rollout.content.file_fault import FileFault


class Unmergeable(FileFault):
    """A document or a template that cannot be read or changed as asked; the message names the line."""


class InTemplate(Unmergeable):
    """What is wrong is in the template; the message names its line."""


def fault(text: str, at: int, what: str) -> Unmergeable:
    """Return a fault with the line of a place in a text."""
    return Unmergeable(f"line {text.count(chr(10), 0, at) + 1}: {what}")


class Scalar(Struct, frozen=True):
    """A single value; `meaning` is the same for two spellings of one value, `odd` says why it is no plain value."""

    start: int
    end: int
    meaning: str
    style: str = ""
    odd: str | None = None


class Part(Struct, frozen=True):
    """A member of an object, or an entry of an array (then `key` is empty).

    `start` is its key's, or its dash's; `body` is where what may hold its value begins, behind the colon or the dash.
    """

    start: int
    value: Node
    key: str = ""
    body: int = 0


class Object(Struct, frozen=True):
    start: int
    end: int
    parts: tuple[Part, ...]
    style: str = ""
    odd: str | None = None


class Array(Struct, frozen=True):
    start: int
    end: int
    parts: tuple[Part, ...]
    style: str = ""
    odd: str | None = None


class Alias(Struct, frozen=True):
    """A value that stands elsewhere in the document."""

    start: int
    end: int
    node: Scalar | Object | Array
    style: str = ""
    odd: str | None = "an alias"


Node = Scalar | Object | Array | Alias

Span = tuple[int, int]


class Document(Struct, frozen=True):
    """A text that was read: its root, and where its comments stand."""

    text: str
    root: Object
    comments: tuple[Span, ...] = ()
    anchors: tuple[str, ...] = ()  # names that aliases may speak of


class Found(Struct, frozen=True):
    """What others had where we wrote something else: as they wrote it, what parts it from its key, and as it was read.

    Where we only filled an object or a list, its node is without parts. The comments in it stayed when it went away.
    """

    text: str
    node: Node
    lead: str = ""
    comments: tuple[str, ...] = ()


class Replace(Struct, frozen=True):
    """Say what the template's part says in the place of a part's value."""

    container: Object | Array
    part: Part
    new: Part


class Amend(Struct, frozen=True):
    """Take parts out of an object or an array, and add parts of the template behind the others.

    Where nothing is left, `found` is what others had there, if they had.
    """

    container: Object | Array
    gone: tuple[int, ...] = ()
    new: tuple[Part, ...] = ()
    found: Found | None = None


class Restore(Struct, frozen=True):
    """Write what others had in the place of a part's value that is ours; the comments `left` behind go back into it."""

    container: Object | Array
    part: Part
    found: Found
    left: tuple[Span, ...] = ()


Operation = Replace | Amend | Restore


class Edit(Struct, frozen=True):
    """Put a text in the place of a span; `ends_line` where what it says needs a line end behind it."""

    start: int
    end: int
    text: str
    ends_line: bool = False


class Format(Protocol):
    """One kind of document: how it is read, and how it is changed in place."""

    def read(self, text: str) -> Document:
        """Return the document; raise Unmergeable where it is none."""

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        """Return the edits that carry out the operations and spare the foreign comments."""


def meaning(node: Node, *, followed: bool = True) -> str:
    """Return the same text for nodes that say the same, however they are written.

    Where aliases are not followed, they say their own name.
    """
    match node:
        case Scalar():
            return node.meaning if node.odd is None else f"{node.odd} {node.meaning}"
        case Alias():
            return meaning(node.node) if followed else str(node.odd)
        case Array():
            inner = "[" + ",".join(meaning(part.value, followed=followed) for part in node.parts) + "]"
        case Object():
            pairs = sorted(f"{json.dumps(part.key)}:{meaning(part.value, followed=followed)}" for part in node.parts)
            inner = "{" + ",".join(pairs) + "}"
    return inner if node.odd is None else f"{node.odd} {inner}"


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all that are in it."""
    yield node
    if isinstance(node, Object | Array):
        for part in node.parts:
            yield from nodes(part.value)


def repeated(node: Node) -> frozenset[str]:
    """Return the keys that stand more than once in an object: whose is whose cannot be told."""
    if not isinstance(node, Object) or len({part.key for part in node.parts}) == len(node.parts):
        return frozenset()
    count = Counter(part.key for part in node.parts)
    return frozenset(key for key, times in count.items() if times > 1)


def entries_of(node: Node) -> set[str]:
    """Return what a list says, or a single value, which is as good as a list of it."""
    return {meaning(part.value) for part in node.parts} if isinstance(node, Array) else {meaning(node)}


def says(node: Object | Array, other: Node) -> bool:
    """Tell whether a node says all that another does, and maybe more."""
    if isinstance(node, Array):
        return not isinstance(other, Object) and entries_of(other) <= {*entries_of(node), "null"}
    if isinstance(other, Object):
        return all((part := find(node, one.key)) and meaning(part.value) == meaning(one.value) for one in other.parts)
    return meaning(other) in {"null", "[]"}


def find(container: Object, key: str) -> Part | None:
    return next((part for part in container.parts if part.key == key), None)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with all edits; two that overlap are our own fault."""
    out, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise fault(text, edit.start, "cannot be changed without changing what others wrote beside it")
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join((*out, text[at:]))
