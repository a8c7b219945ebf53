"""A value in a YAML block replaced by the template's: its anchor stays, and so does a comment of others beside it."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.document import Array, Edit, Node, Object, Part, Replace, fault
from rollout.content.documents.last_text import last_of
from rollout.content.documents.lines import column, line_end, line_start, margin, newline_of
from rollout.content.documents.yaml.context import YamlContext
from rollout.content.documents.yaml.ends import behind_wide_blanks, in_one_piece, width_of
from rollout.content.documents.yaml.put import Lines, around_comment, put


def replaced(context: YamlContext, operation: Replace) -> list[Edit]:
    """Return the edits that put a template's value in the place of another."""
    part, old = operation.part, operation.part.value
    if part.key and context.text[part.body - 1] != ":":
        raise fault(context.text, part.start, f"{part.key}: has no colon, only a ?; give it one")
    lines = _lines(context, operation)
    if isinstance(old, Object | Array) and old.style == "block":
        return put(context, part, lines)
    return _beside_key(context, part, lines)


def _lines(context: YamlContext, operation: Replace) -> Lines:
    """Return the template's value as text, without its comment where others have one."""
    part, new, old = operation.part, operation.new.value, operation.part.value
    noted = not _is_noted(context, part)
    value = context.writer.value(operation.new, column(context.text, part.start), noted=noted)
    end = line_end(context.text, old.end)
    newline = newline_of(context.text, end)
    blanks = behind_wide_blanks(context.text, end, operation.new, value.below) != end
    if blanks or _takes_in_comment(context, operation, value.below):
        return Lines(context.writer.on_one_line(new))
    head, below = value.head.lstrip(" "), "".join(newline + line for line in value.below)
    if new.style in {"|", ">"}:
        head += _blanks_in(context.text, old)
    if in_one_piece(new):
        head, below = head + below, ""
    return Lines(head, below, value.ends_line)


def _takes_in_comment(context: YamlContext, operation: Replace, below: Sequence[str]) -> bool:
    """Tell whether a comment of others that stays below would be a line of the text with which a new value ends."""
    if last_of(operation.new).value.style not in {"|", ">"}:
        return False
    text, old = context.text, operation.part.value
    width = width_of(below[-len(context.writer.value(last_of(operation.new), 0).below) :])
    at = old.end
    for start, end in context.foreign:
        line = line_start(text, start)
        if start < old.start or line <= operation.part.body:
            continue
        if line >= at and text[line_end(text, at) : start].strip():
            return False
        if len(margin(text, start)) >= width:
            return True
        at = max(at, end)
    return False


def _is_noted(context: YamlContext, part: Part) -> bool:
    """Tell whether a comment of others stands where the one of a new value would."""
    old = part.value
    stop = part.body if context.is_below_key(part) else old.end
    return context.is_noted(stop) or context.first_comment((old.start, old.end)) is not None


def _beside_key(context: YamlContext, part: Part, lines: Lines) -> list[Edit]:
    """Put a text in the place of a value that begins on the line of its key or its dash."""
    start, head = _behind_anchor(context.text, part.value), lines.head
    if not head:
        start = part.body
    elif start == part.body or context.text[start - 1] not in " \t\n":
        head = " " + head
    stop = context.behind_ours(part.value.end)
    if not lines.below or context.first_comment((start, stop)) is not None:
        return around_comment(context, (start, stop), Lines(head, lines.below, lines.ends_line))
    end = line_end(context.text, stop)
    return [Edit(start, stop, head), Edit(end, end, lines.below, lines.ends_line)]


def _blanks_in(text: str, old: Node) -> str:
    """Return the blanks on the first line of a `|` or `>` text: they stood behind what it replaced."""
    first = text[old.start : line_end(text, old.start)] if old.style in {"|", ">"} else ""
    return first[len(first.rstrip(" \t")) :]


def _behind_anchor(text: str, old: Node) -> int:
    """Return where a value begins behind its anchor, which stays: others may speak of it."""
    at = old.start
    if text[at : at + 1] == "&":
        while at < old.end and text[at] not in " \t\r\n":
            at += 1
        while at < old.end and text[at] in " \t":
            at += 1
    return at
