"""Comments of others that were inside a value that we replaced and that stayed in or behind it: they come back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rollout.content.documents.comments_between import between_again
from rollout.content.documents.document import (
    Amend,
    Array,
    Document,
    Edit,
    Node,
    Object,
    Operation,
    Replaced,
    Restore,
    Span,
)
from rollout.content.documents.lines import begins_line, line_end, line_start, next_line


def found_again(document: Document, operations: Sequence[Operation], foreign: Sequence[Span]) -> list[Operation]:
    """Return the operations; each that gives something back knows where the comments of it are now.

    Where others changed them, it comes back with those that are there now.
    """
    return [_with_comments(document, one, foreign) if isinstance(one, Restore) else one for one in operations]


def _with_comments(document: Document, operation: Restore, foreign: Sequence[Span]) -> Restore:
    found, value = operation.found, operation.part.value
    if not found.comments:
        return operation
    below = line_end(document.text, value.end)  # what stands behind it on its line was never inside
    begin = operation.part.body if value.style == "block" else value.start  # a comment may stand above the first entry
    inside = [span for span in foreign if begin <= span[0] < value.end and begins_line(document.text, span[0])]
    behind = [span for span in foreign if span[0] >= below]
    left = [*inside, *behind][: max(len(found.comments), len(inside))]
    if all(begins_line(document.text, start) for start, _ in left):
        said = [document.text[start:end] for start, end in left]
        if said == [found.text[start:end] for start, end in found.comments]:
            return replace(operation, left=tuple(left))
    return between_again(document, operation, inside, behind)


def were_empty(found: Replaced | None, node: Node) -> bool:
    """Tell whether others had an object or a list in the place of one, and nothing in it."""
    return found is not None and type(found.node) is type(node) and not getattr(found.node, "parts", ())


def emptied_around(operation: Restore, foreign: Sequence[Span]) -> Amend | None:
    """Return what empties brackets that come back as empty as they were, around the comments of others in them.

    None where no such comment stands there, or something else comes back.
    """
    value, found = operation.part.value, operation.found
    if not isinstance(value, Object | Array) or value.style == "block" or not were_empty(found, value):
        return None
    if not any(value.start <= start < value.end for start, _ in foreign):
        return None
    return Amend(value, tuple(range(len(value.parts))), found=found)


def cuts(document: Document, operation: Restore) -> list[Edit]:
    """Return the edits that take out the lines of the comments that come back, but those inside the value."""
    behind = [span for span in operation.left if span[0] >= operation.part.value.end]
    lines = [(line_start(document.text, start), next_line(document.text, end)) for start, end in behind]
    return [Edit(start, end, "") for start, end in lines]
