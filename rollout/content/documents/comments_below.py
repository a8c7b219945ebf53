"""Comments below the last line of an object or a list, and in it: they are not above what follows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise

from rollout.content.documents.document import Array, Below, Document, Node, Object, Part, Span, nodes
from rollout.content.documents.lines import begins_line, column, line_end, lines_in


def below_in_brackets(text: str, root: Node, comments: Sequence[Span]) -> Below:
    """Return the comments that stand on lines of their own before closing brackets."""
    found: Below = {}
    for node in nodes(root) if comments else ():
        if isinstance(node, Object | Array):
            behind = node.parts[-1].value.end if node.parts else node.start
            there = _between(comments, line_end(text, behind), node.end)
            found[node.start] = tuple(span for span in there if begins_line(text, span[0]))
    return {start: spans for start, spans in found.items() if spans}


def below_in_blocks(text: str, root: Object, comments: Sequence[Span]) -> Below:
    """Return the comments below blocks of YAML that stand as far to the right as the blocks do, or further."""
    found: dict[int, list[Span]] = {}
    for part, outside, stop in _followed(text, root) if comments else ():
        ended = [*_ended(text, part, outside)]
        for span in _between(comments, line_end(text, end_of(part)), stop):
            while ended and ended[-1][0] > column(text, span[0]):
                ended.pop()
            if not ended or not begins_line(text, span[0]):
                break
            found.setdefault(ended[-1][1].start, []).append(span)
    return {start: tuple(spans) for start, spans in found.items()}


def end_of(part: Part) -> int:
    return max(part.value.end, part.body)


def end_with_below(document: Document, part: Part, spared: Container[Span] = ()) -> int:
    """Return where the comments below a part end, without those that are spared; or else where the part ends."""
    last, node = end_of(part), part.value
    while isinstance(node, Object | Array) and node.parts:
        last = max([last, *(span[1] for span in document.below.get(node.start, ()) if span not in spared)])
        node = node.parts[-1].value
    return last


def lines_below(document: Document, node: Node) -> Iterator[str]:
    """Yield the lines of the comments below all that is in an object or a list."""
    for start, end in document.below.get(node.start, ()):
        yield from (line.strip() for line in lines_in(document.text[start:end]))


def column_below(at: int, outside: int) -> int:
    """Return where comments below a block stand: in its column, or right of it where that is the column of its key."""
    return max(at, outside + 1)


def may_stand_above(document: Document) -> Sequence[Span]:
    """Return the comments of a document that may stand above a key or an entry: they are not below a block."""
    below = {span for spans in document.below.values() for span in spans}
    return [span for span in document.comments if span not in below] if below else document.comments


def _between(comments: Sequence[Span], start: int, stop: int) -> Sequence[Span]:
    return comments[bisect_left(comments, (start, start)) : bisect_left(comments, (stop, stop))]


def _followed(text: str, root: Object) -> Iterator[tuple[Part, int, int]]:
    """Yield the parts of blocks with the column of the next one and its place; behind the last one the text ends."""
    for node in nodes(root):
        if isinstance(node, Object | Array) and node.style == "block" and node.parts:
            at = column(text, node.parts[0].start)
            yield from ((part, at, below.start) for part, below in pairwise(node.parts))
    if root.parts:
        yield root.parts[-1], column(text, root.parts[0].start), len(text)


def _ended(text: str, part: Part, outside: int) -> Iterator[tuple[int, Object | Array]]:
    """Yield the blocks that end with a part, each with its column; one in its key's column ends where that does."""
    node = part.value
    while isinstance(node, Object | Array) and node.style == "block" and node.parts:
        at = column(text, node.parts[0].start)
        yield column_below(at, outside), node
        outside, node = at, node.parts[-1].value
