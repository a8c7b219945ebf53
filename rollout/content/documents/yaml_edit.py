"""YAML changed in place: new keys in the style of their neighbours, everything else to the byte."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from rollout.content.documents import yaml_read
from rollout.content.documents.comment_behind import followed
from rollout.content.documents.delimited import Brackets
from rollout.content.documents.document import (
    Amend,
    Array,
    Document,
    Edit,
    Node,
    Object,
    Operation,
    Part,
    Replace,
    Replaced,
    Restore,
    Span,
    fault,
)
from rollout.content.documents.left_comments import cuts
from rollout.content.documents.lines import (
    begins_line,
    column,
    comments_above,
    cut,
    line_end,
    line_start,
    margin,
    newline_of,
    next_line,
)
from rollout.content.documents.yaml_ends import begin_of, behind_blanks, has_open_end, in_one_piece, last_of
from rollout.content.documents.yaml_fill import blocks, filled
from rollout.content.documents.yaml_style import style_of
from rollout.content.documents.yaml_write import PROPERTIES, YamlWriter


class Yaml(Struct, frozen=True):
    """The format of .yaml and .yml files."""

    def read(self, text: str) -> Document:
        return yaml_read.read(text)

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        writer = YamlWriter(template, style_of(document, style_of(template)))
        editor = _YamlEditor(document, foreign, writer, dict(_holders(document.root)), blocks(template.root))
        return [edit for operation in operations for edit in editor.edits(operation)]


def _holders(node: Node) -> list[tuple[int, tuple[Part, Object | Array]]]:
    """Return the part that holds each collection, and where that stands, by the collection's identity."""
    if not isinstance(node, Object | Array):
        return []
    found = []
    for part in node.parts:
        found += [(id(part.value), (part, node)), *_holders(part.value)]
    return found


class _YamlEditor(Struct):
    document: Document
    foreign: Sequence[Span]
    writer: YamlWriter
    holders: dict[int, tuple[Part, Object | Array]]
    blocks: dict[int, Part]  # of the template

    @property
    def text(self) -> str:
        return self.document.text

    def edits(self, operation: Operation) -> list[Edit]:
        if isinstance(operation, Replace):
            return self._replaced(operation)
        if isinstance(operation, Restore):
            return [*self._restored(operation.part, operation.found), *cuts(self.document, operation)]
        if operation.container.style == "flow":
            return self._filled(operation) or self._between_brackets(operation)
        gone = set(operation.gone)
        staying = [part for index, part in enumerate(operation.container.parts) if index not in gone]
        if not staying and not operation.new:
            return self._emptied(operation)
        edits = self._cuts(operation)
        if operation.new:
            edits.append(self._added(operation, staying))
        return edits

    # --- taking out

    def _between_brackets(self, operation: Amend) -> list[Edit]:
        container, holder = operation.container, self.holders.get(id(operation.container))
        edits = Brackets(self.document, operation, self.foreign, self.writer).edits()
        if operation.new or len(operation.gone) < len(container.parts) or holder is None or holder[1].style == "flow":
            return edits
        behind, body, found = self._behind_ours(container.end), holder[0].body, operation.found
        if found is not None and holder[0].key and not self.text[body : container.start].strip():
            edits.append(Edit(body, container.start, found.lead or self.text[body : container.start]))
        return [*edits, Edit(container.end, behind, ""), *self._blanks_back(behind, found)]

    def _blanks_back(self, at: int, found: Replaced | None) -> list[Edit]:
        """Return the edit that ends a line with the blanks that ended it before us."""
        end = line_end(self.text, at)
        return [] if found is None or self.text[at:end].strip() else [Edit(at, end, found.blanks)]

    def _cuts(self, operation: Amend) -> list[Edit]:
        parts, gone = operation.container.parts, set(operation.gone)
        edits: list[Edit] = []
        for index in operation.gone:
            part = parts[index]
            if begins_line(self.text, part.start):
                edits += cut(self.text, self._lines_of(part), self.foreign)
                continue
            if index or self.text[line_start(self.text, part.start) : part.start].rstrip(" ").endswith("?"):
                raise fault(self.text, part.start, f"{part.key}: cannot be taken out of its line")
            following = next((i for i in range(len(parts)) if i not in gone), None)
            end = self._lines_of(part)[1] if following is None else self._until(part, parts[following])
            edits += cut(self.text, (part.start, end), self.foreign)
            if following is not None and following > 1:
                return edits + self._cuts_behind(operation, following)
        return edits

    def _cuts_behind(self, operation: Amend, first: int) -> list[Edit]:
        parts = operation.container.parts
        spans = [self._lines_of(parts[index]) for index in operation.gone if index > first]
        return [edit for span in spans for edit in cut(self.text, span, self.foreign)]

    def _until(self, part: Part, following: Part) -> int:
        """Return where what goes away ends, where what follows moves up into its place behind a dash."""
        noted = any(part.start <= start < following.start for start, _ in self.foreign)
        return line_start(self.text, following.start) if noted else following.start

    def _lines_of(self, part: Part) -> Span:
        """Return the lines of a part, with our comments above it."""
        ours = [span for span in self.document.comments if span not in set(self.foreign)]
        start = comments_above(self.text, part.start, ours, 0)
        return start, next_line(self.text, max(part.value.end, part.body))

    def _emptied(self, operation: Amend) -> list[Edit]:
        """Write what stood there before us in the place of a collection of which nothing is left."""
        container = operation.container
        holder = self.holders.get(id(container))
        found = operation.found
        empty = found.lead + found.text if found is not None else "{}" if isinstance(container, Object) else "[]"
        if holder is None:  # the document itself
            spans = [self._lines_of(part) for part in container.parts]
            return [edit for span in spans for edit in cut(self.text, span, self.foreign)]
        behind = self._behind_ours(self._beside_properties(holder[0], empty)[1])
        return [*self._put(holder[0], empty), *self._blanks_back(behind, found if self._below_key(holder[0]) else None)]

    def _put(self, part: Part, head: str, below: str = "", *, ends_line: bool = False) -> list[Edit]:
        """Put a text in the place of a block collection below a key."""
        first = part.value.parts[0] if isinstance(part.value, Object | Array) else part
        if "\n" not in self.text[part.body : first.start]:
            return [Edit(part.value.start, part.value.end, head)]
        start, end = next_line(self.text, part.body), next_line(self.text, part.value.end)
        edits = cut(self.text, (start, end), self.foreign)
        gap = " " if head and not head.startswith((" ", "\t", "\r", "\n")) else ""
        at, behind = self._beside_properties(part, head)
        return [*self._on_lines((at, self._behind_ours(behind)), gap + head, below, ends_line=ends_line), *edits]

    def _beside_properties(self, part: Part, head: str) -> Span:
        """Return where a text goes on the line of a block's key: over its anchor if it has that, or else behind it."""
        found = PROPERTIES.match(self.text, part.body)
        behind = len(self.text[: found.end()].rstrip(" \t")) if found and found[0].strip() else part.body
        return (part.body if head.lstrip().startswith(self.text[part.body : behind].strip()) else behind), behind

    def _on_lines(self, span: Span, head: str, below: str, *, ends_line: bool = False) -> list[Edit]:
        """Put a text in the place of a span, its lines behind a comment that follows the first one."""
        end = line_end(self.text, span[1])
        if not below or not self.text[span[1] : end].strip():
            return [Edit(*span, head + below, ends_line)]
        return [Edit(*span, head), Edit(end, end, below, ends_line)]

    # --- adding

    def _filled(self, operation: Amend) -> list[Edit] | None:
        """Write a block that the template has as one in the place of what stands empty below a key."""
        named = self.blocks.get(id(operation.new[0])) if operation.new else None
        holder = self.holders.get(id(operation.container))
        if operation.container.parts or named is None or holder is None or holder[1].style == "flow":
            return None
        return filled(self.document, holder[0], operation, self.foreign, self.writer, named)

    def _added(self, operation: Amend, staying: list[Part]) -> Edit:
        container = operation.container
        if not container.parts:
            return self._first(operation)
        anchor = staying[-1] if staying else container.parts[0]
        width = column(self.text, begin_of(self.text, container.parts[0]))
        lines = [line for part in operation.new for line in self._lines(container, part, width)]
        if not staying:
            return self._instead(anchor, lines, operation.new[-1])
        if has_open_end(self.text, anchor):
            return self._before_the_last(operation, staying, lines, width)
        last = container.parts[-1]  # if it goes away, the new ones still stand behind the comments before it
        at = self._behind_comments(
            line_end(self.text, max(last.value.end, last.body)), width + self._is_beside_key(container, width)
        )
        return self._insertion(at, lines, operation.new[-1])

    def _before_the_last(self, operation: Amend, staying: list[Part], lines: list[str], width: int) -> Edit:
        """Add members before the last one, that ends the file and can have nothing behind it."""
        last, newline = staying[-1], newline_of(self.text)
        if isinstance(operation.container, Array):
            raise fault(self.text, last.start, "the text that ends the file has no line end; add one")
        if len(staying) > 1:
            before = staying[-2]
            return self._insertion(line_end(self.text, max(before.value.end, before.body)), lines, operation.new[-1])
        if not begins_line(self.text, last.start):
            return Edit(last.start, last.start, newline.join(lines).lstrip(" ") + newline + " " * width)
        start = comments_above(self.text, last.start, self.document.comments, 0)
        return Edit(start, start, newline.join(lines) + newline)

    def _instead(self, anchor: Part, lines: list[str], last: Part) -> Edit:
        newline = newline_of(self.text)
        if begins_line(self.text, anchor.start):
            start = self._lines_of(anchor)[0]
            if not start:
                return Edit(0, 0, newline.join(lines) + newline)
            at = line_end(self.text, line_start(self.text, start - 1))
            return Edit(at, at, newline + newline.join(lines), self._ends_line(last))
        return Edit(anchor.start, anchor.start, newline.join(lines).lstrip(" ") + newline)

    def _first(self, operation: Amend) -> Edit:
        """Add to a document that holds nothing yet: behind its comments, before a line that ends it."""
        lines = [line for part in operation.new for line in self.writer.member(part, 0)]
        kept = self.text.split("\n...")[0].rstrip()
        return self._insertion(line_end(self.text, len(kept)), lines, operation.new[-1])

    def _lines(self, container: Object | Array, part: Part, width: int) -> list[str]:
        if isinstance(container, Object):
            return self.writer.member(part, width)
        last = container.parts[-1]
        between = self.text[last.body : last.value.start]
        gap = between if between and not between.strip(" ") else " " * self.writer.style.gap
        return self.writer.entry(part, width, gap)

    def _insertion(self, at: int, lines: list[str], last: Part) -> Edit:
        newline = newline_of(self.text, at)
        text = newline.join(lines)
        if not self.text[:at]:
            return Edit(at, at, text + newline)
        value = self.writer.value(last_of(last), 0)
        at = behind_blanks(self.text, at) if value.keeps else at
        return Edit(at, at, newline + text, value.ends_line)

    def _ends_line(self, part: Part) -> bool:
        """Tell whether the last value of a part is a text that ends with a line end."""
        return self.writer.value(last_of(part), 0).ends_line

    def _is_beside_key(self, container: Object | Array, width: int) -> bool:
        """Tell whether the dashes stand below their key, so that a comment in their column is about the next key."""
        holder = self.holders.get(id(container))
        if holder is None or isinstance(container, Object) or not holder[0].key:
            return False
        return column(self.text, holder[0].start) == width

    def _behind_comments(self, at: int, width: int) -> int:
        """Return where the comments end that follow in a collection's column or further right."""
        starts = {line_start(self.text, start): start for start, _ in self.document.comments}
        line = next_line(self.text, at)
        while line < len(self.text):
            comment, end = starts.get(line), line_end(self.text, line)
            if self.text[line:end].strip():
                if comment is None or len(margin(self.text, line)) < width or not begins_line(self.text, comment):
                    break
                at = end
            line = next_line(self.text, line)
        return at

    # --- replacing

    def _replaced(self, operation: Replace) -> list[Edit]:
        part, new, old = operation.part, operation.new, operation.part.value
        if operation.container.style == "flow":
            comment = followed(self.document, operation, self.foreign, self.writer.template)
            return [Edit(old.start, old.end, self.writer.on_one_line(new.value)), *comment]
        newline = newline_of(self.text, line_end(self.text, old.end))
        stop = part.body if self._below_key(part) else old.end
        noted = self._noted(stop) or self._first_comment((old.start, old.end)) is not None
        value = self.writer.value(new, column(self.text, part.start), noted=not noted)
        below = "".join(newline + line for line in value.below)
        head = value.head.lstrip(" ")
        if new.value.style in {"|", ">"}:
            head += self._blanks_in(old)
        if in_one_piece(new.value):
            head, below = head + below, ""
        if isinstance(old, Object | Array) and old.style == "block":
            return self._put(part, head, below, ends_line=value.ends_line)
        start = self._behind_anchor(old)
        if not head:
            start = part.body
        elif start == part.body:
            head = " " + head
        stop = self._behind_ours(stop)
        if not below or self._first_comment((start, stop)) is not None:
            return self._around_comment((start, stop), head, below, ends_line=value.ends_line)
        end = line_end(self.text, stop)
        return [Edit(start, stop, head), Edit(end, end, below, value.ends_line)]

    def _around_comment(self, span: Span, head: str, below: str, *, ends_line: bool = False) -> list[Edit]:
        """Put a text in the place of a span, around a comment of others that stands on its first line."""
        comment = self._first_comment(span)
        if comment is None:
            return [Edit(*span, head + below, ends_line)]
        before = len(self.text[: comment[0]].rstrip(" \t"))
        return [Edit(span[0], before, head), Edit(comment[1], span[1], below, ends_line)]

    def _first_comment(self, span: Span) -> Span | None:
        """Return the comment of others on the first of the lines of a span."""
        first = line_end(self.text, span[0])
        return next((one for one in self.foreign if span[0] <= one[0] and one[1] == first < span[1]), None)

    def _restored(self, part: Part, found: Replaced) -> list[Edit]:
        """Put what others had where they had it: on the key's line, behind a comment what stood on the lines below."""
        old, text = part.value, self.text
        head, newline, below = found.text.partition("\n")
        head, newline = (head[:-1], "\r\n") if head.endswith("\r") else (head, newline)
        if in_one_piece(found.node):
            head, newline, below = found.text, "", ""
        (start, stop), gone = self._span_of(part, found), list[Edit]()
        if self._below_key(part):
            gone = cut(text, (next_line(text, part.body), next_line(text, old.end)), self.foreign)
        head = head if start == old.start and text[part.body : start] == found.lead else found.lead + head
        if self._first_comment((start, stop)) is not None:
            return [*self._around_comment((start, stop), head, newline + below), *gone]
        stop = self._behind_line(self._behind_ours(stop))  # the blanks there come back with what they stood behind
        head += found.blanks if stop == line_end(text, stop) else ""
        return [*self._on_lines((start, stop), head, newline + below), *gone]

    def _span_of(self, part: Part, found: Replaced) -> Span:
        """Return what goes away on the line of a value whose place others' text takes."""
        old, before = part.value, self.text[part.body : part.value.start]
        if self._below_key(part):
            return self._beside_properties(part, found.text)
        return old.start if before.strip() or before == found.lead else part.body, old.end

    def _behind_line(self, at: int) -> int:
        """Return where the blanks end that are the rest of a line, or else the place."""
        end = line_end(self.text, at)
        return at if self.text[at:end].strip(" \t") else end

    def _blanks_in(self, old: Node) -> str:
        """Return the blanks on the first line of a `|` or `>` text: they stood behind what it replaced."""
        first = self.text[old.start : line_end(self.text, old.start)] if old.style in {"|", ">"} else ""
        return first[len(first.rstrip(" \t")) :]

    def _below_key(self, part: Part) -> bool:
        """Tell whether a part's value is a block that begins on the line below its key."""
        node = part.value
        first = node.parts[0].start if isinstance(node, Object | Array) and node.style == "block" else part.body
        return "\n" in self.text[part.body : first]

    def _comment_behind(self, end: int) -> Span | None:
        return next((span for span in self.document.comments if end <= span[0] < line_end(self.text, end)), None)

    def _noted(self, end: int) -> bool:
        """Tell whether a comment of others stands behind a place on its line."""
        return self._comment_behind(end) in self.foreign

    def _behind_ours(self, end: int) -> int:
        """Return where our comment behind a place ends, or else the place; the blanks behind it were there before."""
        found = self._comment_behind(end)
        if found is None or found in self.foreign or self.text[end : found[0]].strip():
            return end
        return len(self.text[: found[1]].rstrip(" \t"))

    def _behind_anchor(self, old: Node) -> int:
        """Return where a value begins behind its anchor, which stays: others may speak of it."""
        at = old.start
        if self.text[at : at + 1] == "&":
            while at < old.end and self.text[at] not in " \t\r\n":
                at += 1
            while at < old.end and self.text[at] in " \t":
                at += 1
        return at
