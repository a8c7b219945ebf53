"""The comments of a template that belong to a part of it."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.comments_below import may_stand_above
from rollout.content.documents.document import Array, ContainerStyle, Document, Object, Part, nodes
from rollout.content.documents.lines import begins_line, comments_above, line_end, line_start, lines_in

_BETWEEN_BRACKETS: set[ContainerStyle] = {"", "flow", "inline", "array"}


def comments_before(template: Document, at: int) -> tuple[str, ...]:
    """Return the comments that stand directly above a part, line by line."""
    text = template.text
    if not begins_line(text, at):
        return ()
    start = comments_above(text, at, may_stand_above(template), 0)
    return tuple(line.strip() for line in lines_in(text[start : line_start(text, at)]) if line.strip())


def comment_behind(template: Document, at: int) -> str:
    """Return the comment that ends a part's line, with a comma before it or without."""
    text, end = template.text, line_end(template.text, at)
    found = next((span for span in template.comments if at <= span[0] < end), None)
    if found is None or text[at : found[0]].strip(" \t,") or text[min(found[1], end) : end].strip(" \t,"):
        return ""
    return text[found[0] : min(found[1], end)].rstrip(" \t")


def between_brackets(template: Document, parts: Sequence[Part]) -> str | None:
    """Return the text between the brackets that hold just these parts; None if they have none, or several lines."""
    holders = (node for node in nodes(template.root) if isinstance(node, Object | Array) and node.parts)
    holder = next((node for node in holders if node.parts[0] is parts[0] and len(node.parts) == len(parts)), None)
    opening = {"}": "{", "]": "["}.get(template.text[holder.end - 1]) if holder is not None else None
    if holder is None or opening is None or holder.style not in _BETWEEN_BRACKETS:
        return None
    inside = template.text[template.text.index(opening, holder.start) + 1 : holder.end - 1]
    return None if "\n" in inside else inside
