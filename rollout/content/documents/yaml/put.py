"""A text in the place of a YAML value: on the line of its key, and below it behind the comment others have there."""

from __future__ import annotations

from msgspec import Struct

from rollout.content.documents.document import Array, Edit, Object, Part, Replaced, Span
from rollout.content.documents.lines import cut, line_end, next_line
from rollout.content.documents.yaml.context import YamlContext


class Lines(Struct, frozen=True):
    """A text: what goes on the line of a key or a dash, and what goes below, beginning with its line end."""

    head: str
    below: str = ""
    ends_line: bool = False  # it needs a line end behind it


def put(context: YamlContext, part: Part, lines: Lines) -> list[Edit]:
    """Put a text in the place of a block collection below a key."""
    text = context.text
    first = part.value.parts[0] if isinstance(part.value, Object | Array) else part
    if "\n" not in text[part.body : first.start]:
        below = next_line(text, part.value.end), context.lines_of(part)[1]
        return [Edit(part.value.start, part.value.end, lines.head), *cut(text, below, context.foreign)]
    gone = cut(text, context.below_key(part), context.foreign)
    gap = " " if lines.head and not lines.head.startswith((" ", "\t", "\r", "\n")) else ""
    at, behind = context.beside_properties(part, lines.head)
    told = Lines(gap + lines.head, lines.below, lines.ends_line)
    return [*on_lines(context, (at, context.behind_ours(behind)), told), *gone]


def on_lines(context: YamlContext, span: Span, lines: Lines) -> list[Edit]:
    """Put a text in the place of a span, its lines behind a comment that follows the first one."""
    end = line_end(context.text, span[1])
    if not lines.below or not context.text[span[1] : end].strip():
        return [Edit(*span, lines.head + lines.below, lines.ends_line)]
    return [Edit(*span, lines.head), Edit(end, end, lines.below, lines.ends_line)]


def around_comment(context: YamlContext, span: Span, lines: Lines) -> list[Edit]:
    """Put a text in the place of a span, around a comment of others that stands on its first line."""
    comment = context.first_comment(span)
    if comment is None:
        return [Edit(*span, lines.head + lines.below, lines.ends_line)]
    before = len(context.text[: comment[0]].rstrip(" \t"))
    return [Edit(span[0], before, lines.head), Edit(comment[1], span[1], lines.below, lines.ends_line)]


def blanks_back(context: YamlContext, at: int, found: Replaced | None) -> list[Edit]:
    """Return the edit that ends a line with the blanks that ended it before us."""
    end = line_end(context.text, at)
    return [] if found is None or context.text[at:end].strip() else [Edit(at, end, found.blanks)]
