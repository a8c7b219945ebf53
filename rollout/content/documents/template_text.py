"""The comments of a template that belong to a part of it."""

from __future__ import annotations

from rollout.content.documents.document import Document
from rollout.content.documents.lines import begins_line, comments_above, line_end, line_start


def comments_before(template: Document, at: int) -> tuple[str, ...]:
    """Return the comments that stand directly above a part, line by line."""
    text = template.text
    if not begins_line(text, at):
        return ()
    start = comments_above(text, at, template.comments, 0)
    return tuple(line.strip() for line in text[start : line_start(text, at)].splitlines() if line.strip())


def comment_behind(template: Document, at: int) -> str:
    """Return the comment that ends a part's line, with a comma before it or without."""
    text, end = template.text, line_end(template.text, at)
    found = next((span for span in template.comments if at <= span[0] < end), None)
    if found is None or text[at : found[0]].strip(" \t,") or text[min(found[1], end) : end].strip(" \t,"):
        return ""
    return text[found[0] : min(found[1], end)].rstrip(" \t")
