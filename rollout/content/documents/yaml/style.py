"""How a YAML document indents and where its colons stand: what its neighbours do is what a new key does."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from rollout.content.documents.document import Array, Document, Node, Object, Part
from rollout.content.documents.lines import begins_line, column


class Style(Struct, frozen=True):
    """How far mappings stand behind their key, dashes behind theirs, an entry behind its dash, and colons behind keys.

    Where a document does not show how far a colon stands, that is None.
    """

    indent: int = 2
    offset: int = 0
    gap: int = 1
    colon: int | None = None


class _Counts(Struct):
    indent: Counter[int] = field(default_factory=Counter)
    offset: Counter[int] = field(default_factory=Counter)
    gap: Counter[int] = field(default_factory=Counter)
    colon: Counter[int] = field(default_factory=Counter)


def style_of(document: Document, otherwise: Style | None = None) -> Style:
    """Return the style that most of a document has; where it shows none, the one that `otherwise` has.

    Where it indents only lists, mappings are indented as far.
    """
    seen = _Counts()
    _look(document.text, document.root, None, seen)
    base = otherwise or Style()
    offset = _most(seen.offset, base.offset)
    indent = (seen.offset and offset) or base.indent
    colon = _most(seen.colon, 0) if seen.colon else None
    return Style(_most(seen.indent, indent), offset, _most(seen.gap, base.gap), colon)


def _most(seen: Counter[int], otherwise: int) -> int:
    return seen.most_common(1)[0][0] if seen else otherwise


def _look(text: str, node: Node, above: int | None, seen: _Counts) -> None:
    if not isinstance(node, Object | Array) or node.style != "block" or not node.parts:
        return
    first = node.parts[0].start
    here = column(text, first)
    if above is not None and begins_line(text, first):
        (seen.indent if isinstance(node, Object) else seen.offset)[here - above] += 1
    for part in node.parts:
        value = part.value
        if isinstance(node, Object):
            if (behind := _colon(text, part)) is not None:
                seen.colon[behind] += 1
            _look(text, value, here, seen)
            continue
        start = (
            value.parts[0].start
            if isinstance(value, Object | Array) and value.style == "block" and value.parts
            else value.start
        )
        if "\n" not in text[part.start : start] and start > part.body:
            seen.gap[start - part.body] += 1
        _look(text, value, None, seen)


def _colon(text: str, part: Part) -> int | None:
    """Return how far a colon stands behind its key; None if it is aligned with others, or on a line of its own."""
    key = text[part.start : part.body].removesuffix(":")
    behind = len(key) - len(key.rstrip())
    return behind if behind == 0 or key[-2:].strip(" ") == key[-2] else None
