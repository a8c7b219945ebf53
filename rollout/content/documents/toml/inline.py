"""TOML inline tables: all between two of their commas is a part, also where dots put it into a table inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict, replace

from rollout.content.documents.delimited import Brackets
from rollout.content.documents.document import Amend, Array, Document, Edit, Object, Part, Span
from rollout.content.documents.foreign_comments import spares
from rollout.content.documents.toml.write import DottedPart, Path, TomlWriter, is_line, sign_of, spelled


class TablePlace(Struct, frozen=True):
    """Where a table or a list stands: the keys from the root, those before its own keys on a line, and its braces."""

    path: Path = ()
    dots: Path = ()
    braces: Object | None = None


def places_in(node: Object | Array, place: TablePlace) -> Iterator[tuple[int, TablePlace]]:
    """Yield the places of a table or a list and of all in it, by their identity."""
    yield id(node), place
    for part in node.parts:
        value = part.value
        if isinstance(value, Object | Array):
            path = (*place.path, part.key) if part.key else place.path
            if value.style == "dotted":
                inner = TablePlace(path, (*place.dots, part.key), place.braces)
            else:
                inner = TablePlace(path, (), value if isinstance(value, Object) and value.style == "inline" else None)
            yield from places_in(value, inner)


class Braces(Struct):
    """One inline table, and the changes to make in it and in those that stand in it by dots."""

    document: Document
    table: Object
    foreign: Sequence[Span]
    writer: TomlWriter
    places: Mapping[int, TablePlace]
    amends: list[Amend] = []

    def edits(self) -> list[Edit]:
        flat = replace(self.table, parts=tuple(sorted(_lines(self.table), key=lambda part: part.start)))
        gone = {id(part) for amend in self.amends for index in amend.gone for part in _on(amend.container.parts[index])}
        for part in flat.parts:
            if id(part) in gone:  # nowhere between the braces can a comment stand but in a list
                spares(self.document, (part.start, part.value.end), self.foreign)
        self.writer = replace(self.writer, sign=sign_of(self.document.text, flat.parts))
        edits, last = self._between(flat, gone)
        indexes = tuple(index for index, part in enumerate(flat.parts) if id(part) in gone)
        if not indexes and not last:
            return edits
        found = next((amend.found for amend in self.amends if amend.container is self.table), None)
        amend = Amend(flat, indexes, tuple(last), found)
        return [*edits, *Brackets(self.document, amend, self.foreign, self.writer).edits()]

    def _between(self, flat: Object, gone: set[int]) -> tuple[list[Edit], list[Part]]:
        """Return the edits that put new parts behind those of their table, and the parts that come behind all."""
        edits: list[Edit] = []
        last: list[Part] = []
        staying = [index for index, part in enumerate(flat.parts) if id(part) not in gone]
        for amend in self.amends:
            new = self._dotted(amend)
            own = {id(part) for part in _lines(amend.container)}
            beside = [index for index in staying if id(flat.parts[index]) in own]
            if not beside or beside[-1] == staying[-1] or amend.container is self.table:
                last += new
            elif new:
                before, after = flat.parts[beside[-1] : beside[-1] + 2]
                gap = self.document.text[before.value.end : after.start].lstrip(" \t")
                edits.append(Edit(after.start, after.start, "".join(self.writer.inline(part) + gap for part in new)))
        return edits, last

    def _dotted(self, amend: Amend) -> Sequence[Part]:
        """Return the new parts of a table, with the keys that stand before theirs, spelled as beside them."""
        if amend.container is self.table:
            return amend.new
        text, at = self.document.text, amend.container.start
        before = tuple(spelled(text, at, key) for key in self.places[id(amend.container)].dots)
        return [DottedPart(**asdict(part), before=before) for part in amend.new]


def _lines(table: Object | Array) -> Iterator[Part]:
    """Yield what stands between the commas of an inline table, or of one in it that dots tell."""
    for part in table.parts:
        yield from _on(part)


def _on(part: Part) -> Iterator[Part]:
    if is_line(part):
        yield part
    elif isinstance(part.value, Object | Array):
        yield from _lines(part.value)
