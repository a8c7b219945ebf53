"""How far TOML tables and their keys are indented; a new table stands as those beside it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rollout.content.documents.document import Array, ContainerStyle, Document, Node, Object
from rollout.content.documents.lines import margin

_HEADED: set[ContainerStyle] = {"table", "tables", "super"}


class Margins(Struct, frozen=True):
    """The blanks before the header of a new table and before its keys, and how much further its sub-tables stand."""

    header: str = ""
    keys: str = ""
    step: str = ""

    def below(self) -> Margins:
        return Margins(self.header + self.step, self.keys + self.step, self.step)


def margins_in(document: Document, container: Object | Array) -> Margins:
    """Return the margins for a new table: of the last one beside it, or else of the table that holds it."""
    text, step = document.text, _step(document)
    tables = list(_tables_in(container))
    beside = next((table for table in reversed(tables) if _key_margin(text, table) is not None), None)
    beside = beside or (tables[-1] if tables else None)
    if beside is not None:
        return _of(text, beside, step)
    has_header = isinstance(container, Object) and container.style == "table" and container is not document.root
    return _of(text, container, step).below() if has_header else Margins(step=step)


def _of(text: str, table: Object | Array, step: str) -> Margins:
    header, keys = margin(text, table.start), _key_margin(text, table)
    return Margins(header, header if keys is None else keys, step)


def _key_margin(text: str, table: Object | Array) -> str | None:
    own = (part for part in table.parts if part.value.style not in _HEADED)
    return next((margin(text, part.start) for part in own), None)


def _step(document: Document) -> str:
    """Return how much further sub-tables stand than the table that holds them; entries of its lists tell nothing."""
    pairs = [
        (margin(document.text, table.start), margin(document.text, inner.start))
        for table in _all_tables(document.root)
        for inner in _tables_in(table, entries=False)
    ]
    return next((inner[len(outer) :] for outer, inner in pairs if inner.startswith(outer)), "")


def _tables_in(node: Node, *, entries: bool = True) -> Iterator[Object]:
    """Yield the tables with a header that stand in one, or in a list of tables."""
    for part in node.parts if isinstance(node, Object | Array) and node.style not in {"inline", "array"} else ():
        if isinstance(part.value, Object) and part.value.style == "table":
            yield part.value
        elif part.value.style in _HEADED and (entries or isinstance(part.value, Object)):
            yield from _tables_in(part.value, entries=entries)


def _all_tables(node: Node) -> Iterator[Object]:
    for table in _tables_in(node):
        yield table
        yield from _all_tables(table)
