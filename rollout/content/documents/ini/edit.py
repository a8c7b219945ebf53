"""Change INI files in place: keys go after their neighbours, sections to the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from rollout.content.documents.comment_behind import followed
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
    Restore,
    Scalar,
    Span,
    fault,
)
from rollout.content.documents.ini import read as ini_read
from rollout.content.documents.ini.dialect import Dialect
from rollout.content.documents.ini.lines import around_comments
from rollout.content.documents.ini.read import IniSection
from rollout.content.documents.left_comments import cuts
from rollout.content.documents.lines import begins_line, cut, line_end, margin, newline_of, next_line
from rollout.content.documents.template_text import comment_behind, comments_before
from rollout.content.documents.text_sections import (
    are_glued,
    before_sections,
    behind,
    blank_left,
    cut_lines,
    cut_section,
    last_content,
)


class Ini(Struct, frozen=True):
    """The format of .ini and .cfg files, of .editorconfig and their like."""

    dialect: Dialect = Dialect()

    def read(self, text: str) -> Document:
        return ini_read.read(text, self.dialect)

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        editor = _IniEditor(document, template, foreign)
        return [edit for operation in operations for edit in editor.edits(operation)]


class _IniEditor(Struct):
    document: Document
    template: Document
    foreign: Sequence[Span]

    def edits(self, operation: Operation) -> list[Edit]:
        if isinstance(operation, Replace):
            return self._replaced(operation)
        if isinstance(operation, Restore):
            noted = followed(self.document, operation, self.foreign, self.template)
            return [self._restored(operation), *noted, *cuts(self.document, operation)]
        gone = [edit for index in operation.gone for edit in self._cut(operation.container.parts[index])]
        blank = blank_left(self.document, operation, _is_key, lambda part: part.value.end, self.foreign)
        return [*gone, *blank, *self._added(operation)]

    def _replaced(self, operation: Replace) -> list[Edit]:
        part, old, new = operation.part, operation.part.value, operation.new.value
        start, text = old.start, newline_of(self.document.text).join(self._lines(new, self._deeper(operation)))
        if part.body == old.end and part.body == old.start and self.document.text[part.body - 1] not in "=:":
            text = self._delimiter(operation.container, operation.new) + text
        else:
            lead = self._lead(operation, text)
            start, text = (old.start, text) if lead is None else (part.body, lead + text)
        around = around_comments(self.document.text, (start, old.end), text, self._foreign_in(old))
        if around is not None:
            return around
        end = min(line_end(self.document.text, old.start), old.end)
        if not self._foreign_in(old):
            noted = followed(self.document, operation, self.foreign, self.template)
            return [Edit(start, old.end, text), *noted]
        following = (next_line(self.document.text, end), next_line(self.document.text, old.end))
        rest = cut(self.document.text, following, self.foreign) if end < old.end else []
        return [Edit(start, end, text), *rest]

    def _deeper(self, operation: Replace) -> str:
        """Return the blanks by which a key stands further in than in the template."""
        here, there = margin(self.document.text, operation.part.start), margin(self.template.text, operation.new.start)
        return here.removeprefix(there) if here.startswith(there) or len(here) > len(there) else ""

    def _foreign_in(self, value: Node) -> list[Span]:
        return [span for span in self.foreign if value.start <= span[0] < value.end]

    def _lead(self, operation: Replace, text: str) -> str | None:
        """Return the new text between a delimiter and its value if it has to change; else None."""
        part, old = operation.part, operation.part.value
        if not text or text[0] in "\r\n":
            return ""
        first = self.document.text[old.start : old.end].lstrip(" \t")[:1]
        if old.start != part.body or (first and first not in "\r\n"):
            return None
        if operation.found is not None and operation.found.text[:1].strip():
            return operation.found.lead
        written = self._between(self.document.text, part).rstrip(" \t\r\n")
        alike = (near for near in self._beside(operation.container) if near.startswith(written))
        near = next(alike, written + (written[:-1] or ("" if written == "=" else " ")))
        return near[len(written) :]

    def _restored(self, operation: Restore) -> Edit:
        part, found = operation.part, operation.found
        name = self.document.text[part.start : part.body].rstrip(" \t=:")
        bare = isinstance(found.node, Scalar) and found.node.meaning == "null"
        value = self.document.text[part.value.start : part.value.end]
        between = self.document.text[part.body : part.value.start] + found.lead
        if not bare and all(one[:1].strip() for one in (value, found.text)) and not between.strip(" \t"):
            return Edit(part.value.start, part.value.end, found.text)  # blanks stay as others have them now
        start = part.start + len(name) if bare else part.body
        return Edit(start, part.value.end, found.lead + found.text)

    def _cut(self, part: Part) -> list[Edit]:
        if not isinstance(part.value, IniSection):
            return cut_lines(self.document, part.start, part.value.end, self.foreign)
        for hidden in part.value.hidden:
            raise fault(self.document.text, hidden.start, f"{part.key}.{hidden.key}: stands twice; leave one of them")
        return [
            edit for start, end in part.value.spans for edit in cut_section(self.document, start, end, self.foreign)
        ]

    def _added(self, operation: Amend) -> list[Edit]:
        keys = [part for part in operation.new if _is_key(part)]
        sections = [part for part in operation.new if isinstance(part.value, Object)]
        edits = [self._keys(operation, keys)] if keys else []
        if sections:
            there = [part.start for part in operation.container.parts if isinstance(part.value, Object)]
            blank = [] if are_glued(self.document, there) else [""]
            lines = [line for part in sections for line in (*blank, *self._section(operation, part))]
            end = last_content(self.document.text)
            edits.append(behind(self.document, end, lines if end or keys else lines[len(blank) :]))
        return edits

    def _keys(self, operation: Amend, new: list[Part]) -> Edit:
        container, gone = operation.container, set(operation.gone)
        staying = [part for index, part in enumerate(container.parts) if index not in gone]
        own = [part for part in staying if _is_key(part)]
        indent = self._margin(own)
        if indent is None and container.style == "section":
            indent = self._margin_beside(margin(self.template.text, new[0].start) if own else "")
        lines = [line for part in new for line in self._pair(container, part, indent or "")]
        if own:
            return behind(self.document, own[-1].value.end, lines)
        if container.style == "section":
            return behind(self.document, container.start, lines)
        if staying:
            return before_sections(self.document, [part.start for part in staying], lines)
        return behind(self.document, last_content(self.document.text), lines)

    def _pair(self, container: Object | Array, part: Part, indent: str) -> list[str]:
        text = self.template.text
        above = [indent + comment for comment in comments_before(self.template, part.start)]
        name = text[part.start : part.body].rstrip(" \t=:")
        first, *more = self._lines(part.value, indent)
        behind = comment_behind(self.template, part.value.end)
        bare = part.value.start == part.value.end == part.body and text[part.body - 1] not in "=:"
        head = name if bare else name + self._delimiter(container, part) + first
        lines = [indent + head.rstrip(" "), *more]
        return [*above, *lines[:-1], f"{lines[-1]}{self._gap(part.value.end)}{behind}" if behind else lines[-1]]

    def _lines(self, value: Node, indent: str) -> list[str]:
        """Return the lines of a value of the template; those below the first one stand further in by the indent."""
        first, *more = [line.rstrip("\r") for line in self.template.text[value.start : value.end].split("\n")]
        below = "" if first.endswith("\\") else indent  # in quotes, the indent of a line is part of the value
        return [first, *(below + line if line.strip() else "" for line in more)]

    def _gap(self, at: int) -> str:
        """Return what stands in the template between a value and the comment behind it."""
        rest = self.template.text[at : line_end(self.template.text, at)]
        return rest[: len(rest) - len(rest.lstrip(" \t"))]

    def _delimiter(self, container: Object | Array, part: Part) -> str:
        """Return the text between a key and its value, as the neighbours have it, or the template."""
        found = self._between(self.template.text, part)
        return next(self._beside(container), found if "=" in found or ":" in found else " = ")

    def _beside(self, container: Object | Array) -> Iterator[str]:
        """Yield what stands between the keys and the values of a section, the last one first."""
        for other in reversed(container.parts):
            value = other.value
            if isinstance(value, Object) or self.document.text[value.start : value.end].strip(" ")[:1] in {
                "",
                "\r",
                "\n",
            }:
                continue
            between = self._between(self.document.text, other)
            if "\n" not in between and between.strip(" \t"):
                yield between

    def _between(self, text: str, part: Part) -> str:
        name = text[part.start : part.body].rstrip(" \t=:")
        return text[part.start + len(name) : part.value.start]

    def _section(self, operation: Amend, part: Part) -> list[str]:
        assert isinstance(part.value, Object)
        above = comments_before(self.template, part.start)
        near = next((p.value for p in reversed(operation.container.parts) if isinstance(p.value, Object)), None)
        beside = near or Object(0, 0, ())
        lines = [line for child in part.value.parts for line in self._pair(beside, child, self._indent(near, child))]
        return [*above, part.key, *lines]

    def _indent(self, near: Object | None, new: Part) -> str:
        """Return the indent of a new section's key: that of the keys in the section beside it, or the template's."""
        beside = None if near is None else self._margin(near.parts)
        return margin(self.template.text, new.start) if beside is None else beside

    def _margin(self, keys: Sequence[Part]) -> str | None:
        """Return the indent of the last of some keys that does not stand on the line of its header."""
        text = self.document.text
        found = (margin(text, part.start) for part in reversed(keys) if begins_line(text, part.start))
        return next(found, None)

    def _margin_beside(self, otherwise: str) -> str:
        """Return the indent of the keys in the last section that has any."""
        sections = (part.value.parts for part in reversed(self.document.root.parts) if isinstance(part.value, Object))
        return next((found for parts in sections if (found := self._margin(parts)) is not None), otherwise)


def _is_key(part: Part) -> bool:
    return not isinstance(part.value, Object)
