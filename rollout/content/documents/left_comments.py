"""Comments of others that were inside a value that we replaced and that stayed in or behind it: they come back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rollout.content.documents.document import Document, Edit, Operation, Restore, Span
from rollout.content.documents.lines import begins_line, line_end, line_start, next_line


def found_again(document: Document, operations: Sequence[Operation], foreign: Sequence[Span]) -> list[Operation]:
    """Return the operations; each that gives something back knows where the comments of it are now.

    If they are no longer in it or the next comments after it, it comes back without them.
    """
    return [_with_comments(document, one, foreign) if isinstance(one, Restore) else one for one in operations]


def _with_comments(document: Document, operation: Restore, foreign: Sequence[Span]) -> Restore:
    found, value = operation.found, operation.part.value
    below = line_end(document.text, value.end)  # what stands behind it on its line was never inside
    behind = [span for span in foreign if span[0] >= below]
    inside = [span for span in foreign if value.start <= span[0] < value.end]
    for near in (behind, [*inside, *behind]):
        left = [span for span in near[: len(found.comments)] if begins_line(document.text, span[0])]
        if tuple(document.text[start:end] for start, end in left) == found.comments:
            return replace(operation, left=tuple(left))
    return replace(operation, found=replace(found, text=_without(found.text, found.comments)))


def _without(text: str, comments: Sequence[str]) -> str:
    """Return a text without comments, and without the lines that hold nothing else."""
    at = 0
    for comment in comments:
        at = text.find(comment, at)
        start, end = line_start(text, at), next_line(text, at)
        if text[start:at].strip():
            start, end = len(text[:at].rstrip(" \t")), at + len(comment)
        text = text[:start] + text[end:]
        at = start
    return text


def cuts(document: Document, operation: Restore) -> list[Edit]:
    """Return the edits that take out the lines of the comments that come back, but those inside the value."""
    behind = [span for span in operation.left if span[0] >= operation.part.value.end]
    lines = [(line_start(document.text, start), next_line(document.text, end)) for start, end in behind]
    return [Edit(start, end, "") for start, end in lines]
