"""Parts taken out of objects and lists between brackets, with their commas; comments of others stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.commas import Commas
from rollout.content.documents.document import Edit, Span
from rollout.content.documents.lines import begins_line, comments_above, cut, line_end, line_start, next_line


class CutParts(Struct, frozen=True):
    """The parts that go, by number, and the comments of others among them."""

    commas: Commas
    gone: Collection[int]
    foreign: Sequence[Span]

    @property
    def _text(self) -> str:
        return self.commas.document.text

    def alone(self) -> list[Edit]:
        """Cut all parts out of brackets in which only comments of others stay."""
        return [edit for index in self.gone for edit in self._alone(index)]

    def before(self, last: int) -> list[Edit]:
        """Cut the parts that stand before the last one that stays, each with its lines unless one came up to it."""
        edits, parts, came_up = list[Edit](), self.commas.container.parts, -1
        for index in sorted(index for index in self.gone if index < last):
            if index != came_up and self.commas.whole_lines(index):
                edits += self._line(index)
            else:
                edits += cut(self._text, (parts[index].start, parts[index + 1].start), self.foreign)
                came_up = index + 1
        return edits

    def behind(self, last: int, *, closed: bool) -> list[Edit]:
        """Cut the parts behind the last one that stays; its comma goes, too, where brackets `closed` behind ours."""
        parts = self.commas.container.parts
        if last + 1 == len(parts):
            return []
        comma, trailing = self.commas.comma(last), self.commas.comma(len(parts) - 1) is not None
        if self.are_on_lines_of_others(last):
            return self._behind_on_line(last)
        edits = [edit for index in range(last + 1, len(parts)) for edit in self._line(index)]
        return [*edits, Edit(comma, comma + 1, "")] if closed and comma is not None and not trailing else edits

    def are_on_lines_of_others(self, last: int) -> bool:
        """Tell whether parts behind the last one that stays go, and one of them shares a line with what stays."""
        return not all(self.commas.whole_lines(index) for index in range(last + 1, len(self.commas.container.parts)))

    def span_from(self, index: int) -> Span:
        """Return where the parts begin and end that go from a part on, without the last one's comma."""
        parts = self.commas.container.parts
        first = parts[index].start
        return self._above(index) if begins_line(self._text, first) else first, parts[-1].value.end

    def cut(self, span: Span) -> list[Edit]:
        """Return the edits that cut the last parts, with our comment behind them; comments of others stay apart."""
        text, last, (start, end) = self._text, len(self.commas.container.parts) - 1, span
        if any(start <= at < end for at, _ in self.foreign) and not text[end : line_end(text, end)].strip():
            end = next_line(text, end)  # the line of such a comment ends already
        edits = [self._apart(edit) for edit in cut(text, (start, end), self.foreign)]
        rest = self.commas.end(last), line_end(text, self.commas.end(last))
        comment = next((one for one in self.commas.document.comments if one[0] >= rest[0]), rest)
        ours = comment not in self.foreign and end <= rest[0] <= comment[0] < rest[1] and self.commas.ends_line(last)
        return [*edits, *cut(text, rest, self.foreign)] if ours else edits

    def _apart(self, edit: Edit) -> Edit:
        """Return a cut that leaves a comment of others behind it apart from what stands before."""
        text = self._text
        start = next((start for start, _ in self.foreign if start >= edit.end), len(text))
        if text[edit.end : start].strip(" \t"):
            return edit
        if begins_line(text, start) and not begins_line(text, edit.start):
            end = len(text[: line_start(text, start)].removesuffix("\n").removesuffix("\r"))
        else:
            end = len(text[: edit.end].rstrip(" \t"))
        return replace(edit, end=max(edit.start, end))

    def _alone(self, index: int) -> list[Edit]:
        if self.commas.whole_lines(index):
            return self._line(index)
        text, part = self._text, self.commas.container.parts[index]
        before = len(text[: part.start].rstrip(" \t"))
        noted = any(stop == before for _, stop in self.commas.document.comments)
        return cut(text, (before if noted else part.start, self.commas.end(index)), self.foreign)

    def _line(self, index: int) -> list[Edit]:
        """Cut the lines of a part, with our comments above it."""
        return cut(self._text, (self._above(index), next_line(self._text, self.commas.end(index))), self.foreign)

    def _above(self, index: int) -> int:
        ours = [span for span in self.commas.document.comments if span not in self.foreign]
        container = self.commas.container
        return comments_above(self._text, container.parts[index].start, ours, container.start + 1)

    def _behind_on_line(self, last: int) -> list[Edit]:
        """Cut all parts behind one, and leave the comments that stand behind that."""
        text, final = self._text, len(self.commas.container.parts) - 1
        comma, noted = self.commas.comma(last), self.commas.noted(last)
        start, end = noted, self.commas.container.parts[final].value.end
        edits: list[Edit] = []
        if comma is not None and comma < noted:
            if self.commas.comma(final) is None:
                edits.append(Edit(comma, comma + 1, ""))
            end = self.commas.end(final)
        rest = text[end : line_end(text, end)].strip()
        if rest and noted > self.commas.container.parts[last].value.end and noted == line_end(text, noted):
            start = next_line(text, noted)  # or the comment would swallow it
        return [*edits, *self.cut((start, end))]
