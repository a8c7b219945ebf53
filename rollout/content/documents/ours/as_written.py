"""How others wrote a value that we write something else over."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content.documents.comments_between import run_of
from rollout.content.documents.document import Array, Document, Node, Object, Part, Replaced, meaning, says
from rollout.content.documents.lines import begins_line, line_end


def as_written(document: Document, part: Part, *, shape: bool) -> Replaced:
    """Return a value as it was written; a block on lines of its own from the end of its key's line, and whole lines."""
    text, node = document.text, part.value
    block = node.style == "block" and begins_line(text, node.start)
    start, end = (line_end(text, part.body), line_end(text, node.end)) if block else (node.start, node.end)
    lead = text[part.body : start] if part.body else ""
    written = replace(node, parts=()) if shape and isinstance(node, Object | Array) else node
    comments = () if shape else tuple((s - start, e - start) for s, e in document.comments if start <= s < end)
    below = run_of(text, [one for one in document.comments if comments and one[0] >= end])
    behind = "" if node.style in {"block", "|", ">"} else text[end : line_end(text, end)]
    lead, behind = ("" if one.strip() else one for one in (lead, behind))
    return Replaced(text[start:end], written, lead, behind, comments, tuple(text[s:e] for s, e in below))


def alike(had: Node | None, after: Node) -> bool:
    """Tell whether both are objects, or both are lists."""
    return isinstance(had, Object | Array) and type(had) is type(after)


def hidden(had: Node, after: Node) -> bool:
    """Tell whether how others wrote a value can no longer be seen in what we wrote."""
    if isinstance(had, Object | Array) and isinstance(after, Object | Array) and type(had) is type(after):
        # What another mode dropped does not come back by its style. Of a table without a header, one key is enough.
        keys = {part.key for part in after.parts}
        kept = says(after, had) if had.style != "super" else any(part.key in keys for part in had.parts)
        return bool(after.parts) and (not had.parts or (had.style != after.style and kept))
    return meaning(had) != meaning(after)
