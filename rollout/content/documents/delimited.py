"""Add and remove parts of objects and lists between brackets, with commas, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from rollout.content.documents.document import Amend, Array, Document, Edit, Node, Object, Part, Span, nodes
from rollout.content.documents.lines import (
    begins_line,
    column,
    comments_above,
    cut,
    lead,
    line_end,
    line_start,
    margin,
    newline_of,
    next_line,
    rest_is_comment,
)
from rollout.content.documents.template_text import between_brackets

_ON_A_LINE = re.compile(r"(,[ \t]*)\Z")
_COMMA_FIRST = re.compile(r"(?s:.*?)(\r?\n[ \t]*,[ \t]*)\Z")


class WrittenPart(Struct, frozen=True):
    """A part of the template as text: the comments above it, itself, and the comment behind it."""

    text: str
    above: tuple[str, ...] = ()
    behind: str = ""


class Writer(Protocol):
    """How parts of the template are written in one format."""

    template: Document
    unit: str  # of indentation
    spread: bool  # whether what was empty is filled over several lines
    gap: str  # between two parts on a line, where those beside them do not show it

    def inline(self, part: Part) -> str:
        """Return a part on one line."""

    def lines(self, part: Part, margin: str) -> WrittenPart:
        """Return a part over several lines, the later ones with a margin."""


class Brackets(Struct):
    """One object or list between brackets, and the changes to make in it."""

    document: Document
    operation: Amend
    foreign: Sequence[Span]
    writer: Writer

    @property
    def container(self) -> Object | Array:
        return self.operation.container

    def edits(self) -> list[Edit]:
        parts, gone = self.container.parts, set(self.operation.gone)
        staying = [part for index, part in enumerate(parts) if index not in gone]
        if not staying:
            return self._emptied()
        edits = self._cuts(staying[-1])
        if self.operation.new:
            edits += self._added(staying[-1])
        return edits

    def _foreign_inside(self) -> list[Span]:
        return [span for span in self.foreign if self.container.start <= span[0] < self.container.end]

    def _emptied(self) -> list[Edit]:
        text, container, new = self.document.text, self.container, self.operation.new
        if self._foreign_inside():
            edits = [edit for index in self.operation.gone for edit in self._cut(index, None)]
            return [*edits, *self._behind_comments()] if new else edits
        closing = text[container.end - 1]
        opens = text.index("{" if closing == "}" else "[", container.start)  # an anchor may stand before it
        if new:
            return [Edit(opens + 1, container.end - 1, self._filled())]
        if self.operation.found is not None:
            return [Edit(container.start, container.end, self.operation.found.text)]
        return [Edit(opens + 1, container.end - 1, "")]

    def _filled(self) -> str:
        """Return what fills the brackets: where they were ours, as the template spells it."""
        spelled = between_brackets(self.writer.template, self.operation.new)
        if spelled is not None and self.container.parts and self.operation.found is None:
            return spelled
        if not self.writer.spread or self._is_inside_a_line():
            return self.writer.gap.join(self.writer.inline(part) for part in self.operation.new)
        text = self.document.text
        outside = margin(text, self.container.start)
        inside = outside + self.writer.unit
        return self._on_lines(inside, newline_of(text), trailing=False) + newline_of(text) + outside

    def _is_inside_a_line(self) -> bool:
        """Tell whether other brackets were opened on the line before these."""
        before = self.document.text[line_start(self.document.text, self.container.start) : self.container.start]
        return any(bracket in before for bracket in "{[")

    def _behind_comments(self) -> list[Edit]:
        """Add the first parts after the last comment of an object or a list that holds only comments."""
        text, container = self.document.text, self.container
        last = max(end for start, end in self.document.comments if container.start <= start < container.end)
        if "\n" not in text[last : container.end]:
            return [Edit(last, last, " " + ", ".join(self.writer.inline(part) for part in self.operation.new))]
        start = next(start for start, end in self.document.comments if end == last)
        inside = margin(text, start) if begins_line(text, start) else margin(text, container.start) + self.writer.unit
        trailing = any(_trails(text, node) for node in nodes(self.document.root))
        return [Edit(last, last, self._on_lines(inside, newline_of(text, last), trailing=trailing))]

    def _comma(self, index: int) -> int | None:
        """Return where the comma behind a part stands."""
        parts, text = self.container.parts, self.document.text
        end = parts[index + 1].start if index + 1 < len(parts) else self.container.end - 1
        at = parts[index].value.end
        for start, stop in (*self.document.comments, (end, end)):
            if start >= at:
                found = text.find(",", at, min(start, end))
                if found >= 0 or start >= end:
                    return found if found >= 0 else None
                at = stop
        return None

    def _cuts(self, last: Part) -> list[Edit]:
        parts, gone = self.container.parts, self.operation.gone
        index_of_last = max(index for index in range(len(parts)) if index not in gone)
        edits = [edit for index in gone for edit in self._cut(index, index_of_last)]
        comma, tail = self._comma(index_of_last), range(index_of_last + 1, len(parts))
        on_lines = bool(tail) and all(self._whole_lines(index) for index in tail)
        if on_lines and comma is not None and self._comma(len(parts) - 1) is None and not self.operation.new:
            edits.append(Edit(comma, comma + 1, ""))
        return edits

    def _end(self, index: int) -> int:
        comma = self._comma(index)
        return self.container.parts[index].value.end if comma is None else comma + 1

    def _whole_lines(self, index: int) -> bool:
        text = self.document.text
        start = self.container.parts[index].start
        return begins_line(text, start) and rest_is_comment(text, self._end(index), self.document.comments)

    def _cut(self, index: int, last: int | None) -> list[Edit]:
        text, parts = self.document.text, self.container.parts
        part, end = parts[index], self._end(index)
        if self._whole_lines(index):
            ours = [span for span in self.document.comments if span not in self.foreign]
            start = comments_above(text, part.start, ours, self.container.start + 1)
            return cut(text, (start, next_line(text, end)), self.foreign)
        if last is None:
            before = len(text[: part.start].rstrip(" \t"))
            noted = any(stop == before for _, stop in self.document.comments)
            return cut(text, (before if noted else part.start, end), self.foreign)
        if index < last:
            return cut(text, (part.start, parts[index + 1].start), self.foreign)
        if index - 1 == last:
            return self._cut_on_line(index)
        return cut(text, (parts[index - 1].value.end, part.value.end), self.foreign)

    def _cut_on_line(self, index: int) -> list[Edit]:
        """Cut the last part of a line, and leave the comments that stand behind the part before."""
        text, end = self.document.text, self.container.parts[index].value.end
        comma, noted = self._comma(index - 1), self._noted(index - 1)
        if comma is None or comma >= noted:
            return cut(text, (noted, end), self.foreign)
        if self._comma(index) is not None:
            return cut(text, (noted, self._end(index)), self.foreign)
        return [Edit(comma, comma + 1, ""), *cut(text, (noted, end), self.foreign)]

    def _added(self, last: Part) -> list[Edit]:
        text, container, comments = self.document.text, self.container, self.document.comments
        index = container.parts.index(last)
        comma, end = self._comma(index), self._end(index)
        if (between := gap_in(text, container, _COMMA_FIRST)) and self._comma(len(container.parts) - 1) is None:
            return [self._behind_commas(last, between)]
        first, start = (lead(text, part.start, comments) for part in (container.parts[0], last))
        on_lines, noted = begins_line(text, first) and begins_line(text, start), rest_is_comment(text, end, comments)
        if not on_lines and not (noted and line_end(text, end) < container.end):
            return [self._added_on_line(last)]
        at = line_end(text, end) if noted else end
        leads = (lead(text, part.start, comments) for part in reversed(container.parts[: index + 1]))
        beside = next((margin(text, one) for one in leads if begins_line(text, one)), None)
        inside = margin(text, container.start) + self.writer.unit if beside is None else beside
        trailing = self._comma(len(container.parts) - 1) is not None
        added = Edit(at, at, self._on_lines(inside, newline_of(text, at), trailing=trailing, closed=not noted))
        return [added] if comma is not None else [Edit(last.value.end, last.value.end, ","), added]

    def _behind_commas(self, last: Part, between: str) -> Edit:
        """Add parts on lines that begin with a comma, as the last one does."""
        text, at = self.document.text, self._noted(self.container.parts.index(last))
        inside = " " * column(text, last.start)
        written = (self.writer.lines(part, inside) for part in self.operation.new)
        above = newline_of(text) + inside
        lines = ("".join((*(above + comment for comment in one.above), between, one.text)) for one in written)
        return Edit(at, at, "".join(lines))

    def _added_on_line(self, last: Part) -> Edit:
        """Add parts on the line of the last one, behind the comments that stand behind it."""
        index = self.container.parts.index(last)
        comma, noted = self._comma(index), self._noted(index)
        behind = comma is not None and comma < noted
        parts = [self.writer.inline(part) for part in self.operation.new]
        gap = gap_in(self.document.text, self.container) or self.writer.gap
        new = "".join(f" {part}," for part in parts) if behind else "".join(gap + part for part in parts)
        return Edit(noted, noted, new)

    def _noted(self, index: int) -> int:
        """Return where the comments end that stand behind a part on its line, before or behind its comma."""
        text, noted = self.document.text, self.container.parts[index].value.end
        for start, end in self.document.comments:
            if noted <= start < self.container.end and not text[noted:start].strip(" \t,"):
                noted = end
        return noted

    def _on_lines(self, inside: str, newline: str, *, trailing: bool, closed: bool = False) -> str:
        """Return the new parts on their lines; the last has no comment where its brackets are `closed` behind it."""
        start = newline + inside
        out = []
        for number, part in enumerate(self.operation.new, 1):
            written = self.writer.lines(part, inside)
            comma = "," if trailing or number < len(self.operation.new) else ""
            swallows = closed and number == len(self.operation.new)
            behind = f" {written.behind}" if written.behind and not swallows else ""
            out += [*(start + comment for comment in written.above), start + written.text + comma + behind]
        return "".join(out)


def _trails(text: str, node: Node) -> bool:
    """Tell whether a comma stands behind the last part of an object or a list that is written over several lines."""
    if not isinstance(node, Object | Array) or not node.parts or text[node.end - 1] not in "}]":
        return False
    return re.match(r"[ \t]*,[^\n]*\n", text[node.parts[-1].value.end : node.end]) is not None


def gap_in(text: str, container: Object | Array, how: re.Pattern[str] = _ON_A_LINE) -> str | None:
    """Return the text between the last two parts of an object or a list, if they stand as asked for."""
    if len(container.parts) < 2:
        return None
    before, last = container.parts[-2:]
    found = how.match(text, before.value.end, last.start)
    return found[1] if found else None
