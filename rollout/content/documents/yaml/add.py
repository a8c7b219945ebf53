"""Parts added to a YAML block: behind the others and their comments, in the style of their neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.comments_below import end_of, end_with_below, may_stand_above
from rollout.content.documents.document import Amend, Array, Edit, Object, Part, fault
from rollout.content.documents.last_text import keeps_blanks, last_of
from rollout.content.documents.lines import (
    begins_line,
    column,
    comments_above,
    line_end,
    line_start,
    margin,
    newline_of,
    next_line,
)
from rollout.content.documents.ours.blank_lines import parting
from rollout.content.documents.yaml.context import YamlContext
from rollout.content.documents.yaml.ends import (
    begin_of,
    behind_blanks,
    behind_wide_blanks,
    has_open_end,
)


def added(context: YamlContext, operation: Amend, staying: Sequence[Part]) -> Edit:
    """Return the edit that adds new parts to a block of which some parts stay, or none."""
    text, container = context.text, operation.container
    if not container.parts:
        return _first(context, operation)
    width = column(text, begin_of(text, container.parts[0]))
    pieces = [_lines(context, container, part, width) for part in operation.new]
    lines = [line for piece in pieces for line in piece]
    if not staying:
        return _instead(context, container.parts[0], lines, operation.new[-1])
    if has_open_end(text, staying[-1]):
        return _before_the_last(context, operation, staying, lines)
    last = container.parts[-1]  # if it goes away, the new ones still stand behind the comments before it
    at = _behind_comments(context, container, line_end(text, end_of(last)))
    return _insertion(context, at, _parted(context, operation, pieces), operation.new[-1])


def _parted(context: YamlContext, operation: Amend, pieces: Sequence[list[str]]) -> list[str]:
    """Return the lines of new parts, with a blank line above each where those beside them stand apart so."""
    parts, new = operation.container.parts, operation.new
    found = parting(context.document, operation.container)
    gone = len(parts) - 1 in operation.gone  # what is above the last one is above the first new one then
    kept = [
        gone or keeps_blanks(context.text, parts[-1], context.gone),
        *(context.writer.value(last_of(one), 0).keeps for one in new),
    ]
    apart = [found.above(part) and not keeps for part, keeps in zip(new, kept, strict=False)]
    return [line for blank, lines in zip(apart, pieces, strict=True) for line in [""] * blank + lines]


def _before_the_last(context: YamlContext, operation: Amend, staying: Sequence[Part], lines: list[str]) -> Edit:
    """Add members before the last one, that ends the file and can have nothing behind it."""
    text, last = context.text, staying[-1]
    if isinstance(operation.container, Array):
        raise fault(text, last.start, "the text that ends the file has no line end; add one")
    if len(staying) > 1:
        at = line_end(text, end_with_below(context.document, staying[-2]))
        return _insertion(context, at, lines, operation.new[-1])
    newline = newline_of(text)
    if not begins_line(text, last.start):
        width = column(text, begin_of(text, operation.container.parts[0]))
        return Edit(last.start, last.start, newline.join(lines).lstrip(" ") + newline + " " * width)
    start = comments_above(text, last.start, may_stand_above(context.document), 0)
    return Edit(start, start, newline.join(lines) + newline)


def _instead(context: YamlContext, anchor: Part, lines: list[str], last: Part) -> Edit:
    """Add parts where all parts go away: the first of them was the anchor."""
    text, newline = context.text, newline_of(context.text)
    if not begins_line(text, anchor.start):
        return Edit(anchor.start, anchor.start, newline.join(lines).lstrip(" ") + newline)
    start = context.lines_of(anchor)[0]
    if not start:
        return Edit(0, 0, newline.join(lines) + newline)
    at = line_end(text, line_start(text, start - 1))
    ends_line = context.writer.value(last_of(last), 0).ends_line
    return Edit(at, at, newline + newline.join(lines), ends_line)


def _first(context: YamlContext, operation: Amend) -> Edit:
    """Add to a document that holds nothing yet: behind its comments, before a line that ends it."""
    lines = [line for part in operation.new for line in context.writer.member(part, 0)]
    kept = context.text.split("\n...")[0].rstrip()
    return _insertion(context, line_end(context.text, len(kept)), lines, operation.new[-1])


def _lines(context: YamlContext, container: Object | Array, part: Part, width: int) -> list[str]:
    if isinstance(container, Object):
        return context.writer.member(part, width)
    last = container.parts[-1]
    between = context.text[last.body : last.value.start]
    gap = between if between and not between.strip(" ") else " " * context.writer.style.gap
    return context.writer.entry(part, width, gap)


def _insertion(context: YamlContext, at: int, lines: list[str], last: Part) -> Edit:
    newline = newline_of(context.text, at)
    text = newline.join(lines)
    if not context.text[:at]:
        return Edit(at, at, text + newline)
    value = context.writer.value(last_of(last), 0)
    at = behind_wide_blanks(context.text, at, last, lines[-len(value.below) :])
    at = behind_blanks(context.text, at) if value.keeps else at
    return Edit(at, at, newline + text, value.ends_line)


def _is_beside_key(context: YamlContext, container: Object | Array, width: int) -> bool:
    """Tell whether the dashes stand below their key, so that a comment in their column is about the next key."""
    holder = context.holder_of(container)
    if holder is None or isinstance(container, Object) or not holder.part.key:
        return False
    return column(context.text, holder.part.start) == width


def _behind_comments(context: YamlContext, container: Object | Array, at: int) -> int:
    """Return where the comments end that follow in a collection's column or further right, but ours below it."""
    text, width = context.text, column(context.text, begin_of(context.text, container.parts[0]))
    width += _is_beside_key(context, container, width)
    ours = {start for start, _ in set(context.document.below.get(container.start, ())) - set(context.foreign)}
    starts = {line_start(text, start): start for start, _ in context.document.comments}
    line = next_line(text, at)
    while line < len(text):
        comment, end = starts.get(line), line_end(text, line)
        if text[line:end].strip():
            if comment is None or len(margin(text, line)) < width or not begins_line(text, comment):
                break
            at = at if comment in ours else end
        line = next_line(text, line)
    return at
