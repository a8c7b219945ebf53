"""What others had in a YAML document comes back where they had it: on its key's line, and below behind a comment."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.comment_behind import followed, wanted_behind
from rollout.content.documents.document import (
    Array,
    Document,
    Edit,
    Node,
    Part,
    Replaced,
    Restore,
    Span,
    Unmergeable,
    meaning,
)
from rollout.content.documents.left_comments import cuts
from rollout.content.documents.lines import column, cut, line_end
from rollout.content.documents.text_sections import once
from rollout.content.documents.yaml import read as yaml_read
from rollout.content.documents.yaml.context import YamlContext
from rollout.content.documents.yaml.ends import in_one_piece
from rollout.content.documents.yaml.put import Lines, around_comment, on_lines
from rollout.content.documents.yaml.write import UNSAFE

_LINE = re.compile(r"\n(?=[ \t]*[^\s])")  # the beginning of one that is not blank
_NOT_BLANK = re.compile(r"[ \t]*\S")
_CONTENT = re.compile(r"[ \t]*[^\s#]")  # comments may stand further to the left


def restored(context: YamlContext, operation: Restore) -> list[Edit]:
    """Return the edits that put what others had in the place of a value of ours."""
    below = context.below_key(operation.part)
    if operation.left:
        context = replace(context, foreign=[span for span in context.foreign if span not in operation.left])
    part, found = operation.part, _inside(context, operation.part, operation.found)
    span = _span_of(context, part, found)
    gone = cut(context.text, below, context.foreign) if context.is_below_key(part) else []
    lines = _lines(context, span, part, found)
    return once([*_back(context, span, operation, lines), *gone, *cuts(context.document, operation)])


def _inside(context: YamlContext, part: Part, found: Replaced) -> Replaced:
    """Return what others had as it stands inside its key, which a person may have moved to the right since."""
    at = column(context.text, part.start)
    stands = _CONTENT if found.node.style == "block" else _NOT_BLANK
    below = [line for line in f"{found.lead}{found.text}".split("\n")[1:] if stands.match(line)]
    outermost = min((len(line) - len(line.lstrip(" ")) for line in below), default=at + 1)
    # Dashes may stand in the column of their key.
    beside = isinstance(found.node, Array) and found.node.style == "block"
    if outermost > at - beside:
        return found
    blanks = " " * (at - outermost) + context.writer.unit
    before, newline, start = found.lead.rpartition("\n")
    lead = before + newline + blanks + start if newline else found.lead
    return replace(found, lead=lead, text=_LINE.sub(f"\n{blanks}", found.text))


def between_brackets(context: YamlContext, operation: Restore) -> list[Edit]:
    """Return the edits that put what others had between brackets, where they have their collection now."""
    operation = replace(operation, found=_on_one_line(context, operation))
    value = operation.part.value
    beside = followed(context.document, operation, context.foreign, context.writer.template)
    behind_comma = [edit for edit in beside if context.text[value.end : edit.start].strip()]
    return [*restored(context, operation), *behind_comma]


def _on_one_line(context: YamlContext, operation: Restore) -> Replaced:
    """Return what others had as it may stand between brackets: as they wrote it, if that can stand there."""
    found = operation.found
    if in_one_piece(found.node) and not (found.node.style == "" and UNSAFE.search(found.text)):
        return found
    written = f"k:{found.lead or ' '}{found.text}"
    read = filter(None, (_value_in(written + end) for end in ("", "\n")))  # a text may have left its last line end
    value = next((one for one in read if meaning(one.node) == meaning(found.node)), None)
    if value is None:
        return found
    text = replace(context.writer, template=value.document).on_one_line(value.node)
    again = _value_in(f"k: {text}")
    lead = " " if operation.part.key else ""
    return found if again is None else Replaced(text, again.node, lead)


class _Value(Struct, frozen=True):
    document: Document
    node: Node


def _value_in(text: str) -> _Value | None:
    try:
        document = yaml_read.read(text)
    except Unmergeable:
        return None  # it names an anchor that is elsewhere, or its first line stood further to the right
    return _Value(document, document.root.parts[0].value) if len(document.root.parts) == 1 else None


def _back(context: YamlContext, span: Span, operation: Restore, lines: Lines) -> list[Edit]:
    if context.first_comment(span) is not None:
        return around_comment(context, span, lines)
    stop = context.behind_ours(span[1])
    end = line_end(context.text, stop)
    if context.text[stop:end].strip(" \t"):
        return on_lines(context, (span[0], stop), lines)  # the blanks go with what they stood behind
    head = lines.head + _comment(context, operation, lines) + operation.found.blanks
    return on_lines(context, (span[0], end), Lines(head, lines.below))


def _comment(context: YamlContext, operation: Restore, lines: Lines) -> str:
    """Return the template's comment behind a value on one line; between brackets it comes only in the place of ours."""
    end = operation.part.value.end
    if lines.below or (operation.container.style == "flow" and context.behind_ours(end) == end):
        return ""
    return wanted_behind(operation, context.writer.template)


def _lines(context: YamlContext, span: Span, part: Part, found: Replaced) -> Lines:
    """Return the text of others, with what separated it from its key if that is not there any more."""
    separated = span[0] == part.value.start and context.text[part.body : span[0]] == found.lead
    lead = "" if separated else found.lead
    if in_one_piece(found.node):
        return Lines(lead + found.text)
    head, newline, below = found.text.partition("\n")
    if head.endswith("\r"):
        head, newline = head[:-1], "\r\n"
    return Lines(lead + head, newline + below)


def _span_of(context: YamlContext, part: Part, found: Replaced) -> Span:
    """Return what goes away on the line of a value whose place others' text takes."""
    old, before = part.value, context.text[part.body : part.value.start]
    if context.is_below_key(part):
        return context.beside_properties(part, found.text)
    return old.start if before.strip() or before == found.lead else part.body, old.end
