"""TOML changed in place: keys go behind their neighbours, tables behind the tables beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

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
    Restore,
    Span,
    fault,
)
from rollout.content.documents.left_comments import emptied_around
from rollout.content.documents.lines import line_end, margin, newline_of, next_line
from rollout.content.documents.text_sections import (
    are_glued,
    before_sections,
    behind,
    blank_left,
    cut_lines,
    cut_section,
    last_content,
    once,
)
from rollout.content.documents.toml import read as toml_read
from rollout.content.documents.toml.inline import Braces, TablePlace, places_in
from rollout.content.documents.toml.margins import margins_in
from rollout.content.documents.toml.write import Path, TomlWriter, is_line, sign_of, spelled


class Toml(Struct, frozen=True):
    """The format of .toml files."""

    def read(self, text: str) -> Document:
        return toml_read.read(text)

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        blank = [] if are_glued(document, sorted(_starts(document.root))) else [""]
        sign = sign_of(document.text, [*_lines(document.root)][-1:])
        writer = TomlWriter(template, newline_of(document.text), sign=sign)
        places = dict(places_in(document.root, TablePlace()))
        editor = _TomlEditor(document, foreign, writer, places, blank)
        edits = [edit for operation in operations for edit in editor.edits(operation)]
        return once([*edits, *editor.in_braces(operations)])


class _TomlEditor(Struct):
    document: Document
    foreign: Sequence[Span]
    writer: TomlWriter
    places: dict[int, TablePlace]
    blank: list[str]  # the lines that part a new table from what stands before it

    def edits(self, operation: Operation) -> list[Edit]:
        if isinstance(operation, Replace):
            return self._replaced(operation, self.writer.on_one_line(operation.new.value))
        if isinstance(operation, Restore):
            around = emptied_around(operation, self.foreign)
            if around is None or around.container.style != "array":  # no comment can stand in an inline table
                return self._replaced(operation, operation.found.text)
            return [*self.edits(around), *followed(self.document, operation, self.foreign, self.writer.template)]
        container = operation.container
        if self.places[id(container)].braces is not None:
            return []
        if container.style == "array":
            return Brackets(self.document, operation, self.foreign, replace(self.writer, sign="")).edits()
        gone = [edit for index in operation.gone for edit in self._cut(container.parts[index])]
        header = cut_section(self.document, container.start, container.start, self.foreign) if operation.headed else []
        blank = blank_left(self.document, operation, _own, lambda part: max(_ends(part)), self.foreign)
        return [*gone, *header, *blank, *self._added(operation)]

    def in_braces(self, operations: Sequence[Operation]) -> list[Edit]:
        """Return the edits in inline tables, each with all that changes between its braces."""
        changed: dict[int, Braces] = {}
        for one in operations:
            table = self.places[id(one.container)].braces
            if isinstance(one, Amend) and table is not None:
                new = Braces(self.document, table, self.foreign, self.writer, self.places)
                changed.setdefault(id(table), new).amends.append(one)
        return [edit for one in changed.values() for edit in one.edits()]

    def _replaced(self, operation: Replace | Restore, text: str) -> list[Edit]:
        part, old = operation.part, operation.part.value
        if not is_line(part):
            new = operation.new.value if isinstance(operation, Replace) else operation.found.node
            what = f"{part.key}: {_named(old)} cannot become {_named(new)} in place; change it by hand"
            raise fault(self.document.text, old.start, what)
        noted = followed(self.document, operation, self.foreign, self.writer.template)
        return [Edit(old.start, old.end, text), *noted]

    def _cut(self, part: Part) -> list[Edit]:
        if is_line(part):
            return cut_lines(self.document, part.start, part.value.end, self.foreign)
        assert isinstance(part.value, Object | Array)
        children = [child for child in part.value.parts if part.value.style != "table" or not _own(child)]
        edits = [edit for child in children for edit in self._cut(child)]
        if part.value.style == "table":
            edits += cut_section(self.document, part.value.start, part.value.end, self.foreign)
        return edits

    def _added(self, operation: Amend) -> list[Edit]:
        if not operation.new:
            return []
        container, path = operation.container, self.places[id(operation.container)].path
        if isinstance(container, Array):
            if not all(isinstance(part.value, Object) for part in operation.new):
                raise fault(
                    self.document.text, container.start, f"{'.'.join(path)}: is a list of tables; add tables to it"
                )
            margins = margins_in(self.document, container)
            sections = [self.writer.entry(path, part, margins) for part in operation.new]
            return [self._sections(container, sections)]
        dotted = container.style == "dotted"
        inside = [part for part in operation.new if dotted or self.writer.is_line(part)]
        tables = [part for part in operation.new if part not in inside]
        edits = [self._keys(operation, container, path, inside)] if inside else []
        if not tables:
            return edits
        margins = margins_in(self.document, container)
        sections = [section for part in tables for section in self.writer.sections((*path, part.key), part, margins)]
        return [*edits, self._sections(container, sections)] if sections else edits

    def _keys(self, operation: Amend, container: Object, path: Path, new: list[Part]) -> Edit:
        """Put new keys behind the last one of a table, or behind its header."""
        if container.style == "super":
            margins = margins_in(self.document, container)
            lines = [line for part in new for line in self.writer.pair((), part, margins.keys)]
            return self._sections(
                container, [[f"{margins.header}[{'.'.join(self._spelled(container, path))}]", *lines]]
            )
        staying = [part for index, part in enumerate(container.parts) if index not in set(operation.gone)]
        own = [part for part in staying if _own(part)]
        prefix = self._prefix(container)
        indent = margin(self.document.text, own[-1].start) if own else ""
        writer = replace(self.writer, sign=sign_of(self.document.text, own) or self.writer.sign)
        lines = [line for part in new for line in writer.pair(prefix, part, indent)]
        if own:
            return behind(self.document, max(_ends(own[-1])), lines)
        if container is not self.document.root:
            return behind(self.document, container.start, lines)
        first = min((part.start for part in container.parts), default=None)
        if first is None or not any(not _own(part) for part in container.parts):
            return behind(self.document, last_content(self.document.text), lines)
        sections = sorted(set(_starts(self.document.root)))
        return before_sections(self.document, sections, lines, staying=bool(staying))

    def _prefix(self, container: Object) -> Path:
        """Return the keys that stand before a new one on its line, where the others are written with dots."""
        return self._spelled(container, self.places[id(container)].dots)

    def _spelled(self, container: Object, path: Path) -> Path:
        return tuple(spelled(self.document.text, container.start, key) for key in path)

    def _sections(self, container: Object | Array, sections: list[list[str]]) -> Edit:
        """Put new tables behind those beside them, parted by blank lines unless all tables are glued."""
        inner = [end for part in container.parts for end in _ends(part)]
        end = last_content(self.document.text)
        at = end if container is self.document.root else _below(self.document.text, max([*inner, container.end]))
        lines = [line for section in sections for line in (*self.blank, *section)]
        return behind(self.document, at, lines if self.document.text[:at].strip() else lines[len(self.blank) :])


def _named(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node, Object):
        return "a table"
    return ("a list of tables" if node.style == "tables" else "a list") if isinstance(node, Array) else "a value"


def _lines(node: Object | Array) -> Iterator[Part]:
    """Yield the keys that stand on lines of their own, in all tables."""
    for part in node.parts:
        if is_line(part):
            yield part
        elif isinstance(part.value, Object | Array):
            yield from _lines(part.value)


def _below(text: str, at: int) -> int:
    """Return where the comments end that stand directly below a place, unless a header stands directly below them."""
    end, below = at, next_line(text, at)
    while (line := text[below : line_end(text, below)].lstrip(" \t")).startswith("#"):
        end, below = line_end(text, below), next_line(text, below)
    return at if line.startswith("[") else end


def _own(part: Part) -> bool:
    """Tell whether a part stands on lines of its table, not under a header of its own."""
    if is_line(part):
        return True
    return isinstance(part.value, Object) and part.value.style == "dotted" and all(_own(p) for p in part.value.parts)


def _ends(part: Part) -> Iterator[int]:
    yield part.value.end
    if not is_line(part) and isinstance(part.value, Object | Array):
        for child in part.value.parts:
            yield from _ends(child)


def _starts(node: Object | Array) -> Iterator[int]:
    for part in node.parts:
        if not is_line(part) and isinstance(part.value, Object | Array):
            yield part.value.start
            yield from _starts(part.value)
