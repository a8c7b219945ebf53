"""Our comment behind a value that is replaced follows the template; a comment of others stays."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.document import (
    Document,
    Edit,
    Node,
    Replace,
    Replaced,
    Restore,
    Scalar,
    Span,
)
from rollout.content.documents.lines import line_end
from rollout.content.documents.template_text import comment_behind

# What may follow a value on its line so that a comment can come behind it.
_FOLLOWS: dict[str, tuple[str, ...]] = {"": (",", ""), "flow": (), "inline": (), "array": ()}


def followed(
    document: Document, operation: Replace | Restore, foreign: Sequence[Span], template: Document
) -> list[Edit]:
    """Return the edits that put the template's comment behind a value in the place of ours, or take ours out."""
    text, at = document.text, operation.part.value.end
    end = line_end(text, at)
    said = wanted_behind(operation, template)
    found = next((span for span in document.comments if at <= span[0] < end), None)
    if found is None:
        return _added(text, (at, end), said, _FOLLOWS.get(operation.container.style, ("",)))
    if found in foreign or text[at : found[0]].strip(" \t,"):
        return []
    start, stop = (len(text[:to].rstrip(" \t")) for to in (found[0], min(found[1], end)))
    return [] if text[stop:end].strip() else [Edit(start, stop, said)]


def followed_brackets(
    document: Document, filled: Sequence[Replace], foreign: Sequence[Span], template: Document
) -> list[Edit]:
    """Return the edits that let our comments behind brackets follow, in which something changes; none is added."""
    kept = [one for one in filled if _has_parts(one.part.value) and _has_parts(one.new.value)]
    edits = (edit for one in kept for edit in followed(document, one, foreign, template))
    return [edit for edit in edits if edit.start < edit.end]


def wanted_behind(operation: Replace | Restore, template: Document) -> str:
    """Return the comment that a template has behind a value, with the blanks before it, if it can come there."""
    if operation.new is None or (isinstance(operation, Restore) and _is_text_of_lines(operation.found)):
        return ""
    return _with_blanks(template, operation.new.value.end)


def _is_text_of_lines(found: Replaced) -> bool:
    return isinstance(found.node, Scalar) and "\n" in found.text


def _has_parts(node: Node) -> bool:
    return node.style in _FOLLOWS and bool(getattr(node, "parts", ()))


def _with_blanks(template: Document, at: int) -> str:
    """Return the comment behind a value of the template, with the blanks before it."""
    comment = comment_behind(template, at)
    if not comment:
        return ""
    before = template.text[at : template.text.index(comment, at)]
    return before[len(before.rstrip(" \t")) :] + comment


def _added(text: str, rest: Span, said: str, may_follow: tuple[str, ...]) -> list[Edit]:
    """Add a comment where none is and nothing follows that it would swallow."""
    follows = text[slice(*rest)].rstrip(" \t")
    at = rest[0] + len(follows)
    return [Edit(at, at, said)] if said and follows.strip(" \t") in may_follow else []
