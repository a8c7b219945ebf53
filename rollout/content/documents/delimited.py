"""Add and remove parts of objects and lists between brackets, with commas, whatever the format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from rollout.content.documents.commas import COMMA_FIRST, Commas, gap_in, trails
from rollout.content.documents.cut_parts import CutParts
from rollout.content.documents.document import Amend, Array, Document, Edit, Object, Part, Span, nodes
from rollout.content.documents.lines import (
    begins_line,
    column,
    lead,
    line_end,
    line_start,
    margin,
    newline_of,
    rest_is_comment,
)
from rollout.content.documents.template_text import between_brackets


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

    @property
    def commas(self) -> Commas:
        return Commas(self.document, self.container)

    def edits(self) -> list[Edit]:
        parts, gone = self.container.parts, set(self.operation.gone)
        staying = [part for index, part in enumerate(parts) if index not in gone]
        if not staying:
            return self._emptied()
        cuts, new = CutParts(self.commas, self.operation.gone, self.foreign), bool(self.operation.new)
        last = parts.index(staying[-1])
        if new and cuts.are_on_lines_of_others(last) and not self._are_behind_commas():
            return [*cuts.before(last), *self._in_place(last + 1, cuts)]
        edits = [*cuts.before(last), *cuts.behind(last, closed=not new)]
        return [*edits, *self._added(staying[-1])] if new else edits

    def _foreign_inside(self) -> list[Span]:
        return [span for span in self.foreign if self.container.start <= span[0] < self.container.end]

    def _emptied(self) -> list[Edit]:
        text, container, new = self.document.text, self.container, self.operation.new
        if self._foreign_inside():
            edits = CutParts(self.commas, self.operation.gone, self.foreign).alone()
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
        trailing = any(trails(text, node) for node in nodes(self.document.root))
        return [Edit(last, last, self._on_lines(inside, newline_of(text, last), trailing=trailing))]

    def _in_place(self, index: int, cuts: CutParts) -> list[Edit]:
        """Put new parts in the place of those that go from a part on, up to the last."""
        text, (start, end) = self.document.text, cuts.span_from(index)
        if begins_line(text, self.container.parts[index].start):
            inside = margin(text, self.container.parts[index].start)
            newline = newline_of(text)
            new = self._on_lines(inside, newline, trailing=False, closed=True).removeprefix(newline)
        else:
            gap = gap_in(text, self.container) or self.writer.gap
            new = gap.join(self.writer.inline(part) for part in self.operation.new)
        first, *more = cuts.cut((start, end))
        return [Edit(start, first.end, new), *more]

    def _are_behind_commas(self) -> str | None:
        """Return what stands between parts on lines that begin with a comma; None if they do not."""
        trailing = self.commas.comma(len(self.container.parts) - 1) is not None
        return None if trailing else gap_in(self.document.text, self.container, COMMA_FIRST)

    def _added(self, last: Part) -> list[Edit]:
        text, container, comments = self.document.text, self.container, self.document.comments
        index = container.parts.index(last)
        comma, end = self.commas.comma(index), self.commas.end(index)
        if between := self._are_behind_commas():
            return [self._behind_commas(last, between)]
        first, start = (lead(text, part.start, comments) for part in (container.parts[0], last))
        on_lines, noted = begins_line(text, first) and begins_line(text, start), rest_is_comment(text, end, comments)
        if not on_lines and not (noted and line_end(text, end) < container.end):
            return [self._added_on_line(last)]
        at = line_end(text, end) if noted else end
        leads = (lead(text, part.start, comments) for part in reversed(container.parts[: index + 1]))
        beside = next((margin(text, one) for one in leads if begins_line(text, one)), None)
        inside = margin(text, container.start) + self.writer.unit if beside is None else beside
        trailing = self.commas.comma(len(container.parts) - 1) is not None
        added = Edit(at, at, self._on_lines(inside, newline_of(text, at), trailing=trailing, closed=not noted))
        return [added] if comma is not None else [Edit(last.value.end, last.value.end, ","), added]

    def _behind_commas(self, last: Part, between: str) -> Edit:
        """Add parts on lines that begin with a comma, as the last one does."""
        text, at = self.document.text, self.commas.noted(self.container.parts.index(last))
        inside = " " * column(text, last.start)
        written = (self.writer.lines(part, inside) for part in self.operation.new)
        above = newline_of(text) + inside
        lines = ("".join((*(above + comment for comment in one.above), between, one.text)) for one in written)
        return Edit(at, at, "".join(lines))

    def _added_on_line(self, last: Part) -> Edit:
        """Add parts on the line of the last one, behind the comments that stand behind it."""
        index = self.container.parts.index(last)
        comma, noted = self.commas.comma(index), self.commas.noted(index)
        swallowed = noted == line_end(self.document.text, noted) and noted > last.value.end
        behind = comma is not None and (comma < noted or swallowed)
        at = comma + 1 if comma is not None and swallowed and comma > noted else noted
        parts = [self.writer.inline(part) for part in self.operation.new]
        gap = gap_in(self.document.text, self.container) or self.writer.gap
        new = "".join(f" {part}," for part in parts) if behind else "".join(gap + part for part in parts)
        return Edit(at, at, new)

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
