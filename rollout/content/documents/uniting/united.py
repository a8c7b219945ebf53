"""What a value says once a template is united with a document, and the operations that this takes."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.document import (
    Alias,
    Amend,
    Array,
    Document,
    InTemplate,
    Node,
    Object,
    Operation,
    Part,
    Replace,
    Replaced,
    Restore,
    Unmergeable,
    fault,
    nodes,
)
from rollout.content.documents.key_path import ENTRY, KeyPath, shown
from rollout.content.documents.left_comments import were_empty
from rollout.content.documents.match import Match
from rollout.content.documents.ours.past import Ours

N_co = TypeVar("N_co", bound=Node | None, covariant=True)
Collection = TypeVar("Collection", Object, Array)


class MergeContext(Struct, frozen=True):
    """A document and the template to unite with it, what in the document is ours, and how entries are matched.

    `reached` are the places at which, or below which, something is ours.
    """

    document: Document
    template: Document
    ours: Ours
    match: Match
    reached: Set[KeyPath]


class Torn(Struct, frozen=True):
    """An entry of ours that goes away with a key of others in it; without our keys it would be a fragment."""

    place: KeyPath
    key: KeyPath  # from there

    @property
    def words(self) -> str:
        return f"{shown(self.place)} leaves the template, and others wrote {shown(self.key)} into it"


class United(Struct, Generic[N_co], frozen=True):
    """The node of a value (None if it goes away), the operations inside it, and whether they change what others set.

    `filled` are the objects and lists of the template in which they change something, `torn` the entries of ours in
    which others wrote and that go away.
    """

    node: N_co
    operations: tuple[Operation, ...] = ()
    foreign: bool = False
    filled: tuple[Replace, ...] = ()
    torn: tuple[Torn, ...] = ()


def amended(
    context: MergeContext,
    have: Collection,
    inside: Sequence[United[Node | None]],
    new: Sequence[Part],
    place: KeyPath,
    *,
    named: Node | None = None,
) -> United[Collection]:
    """Return an object or a list with what became of its parts, and with new parts behind them.

    `named` is what the template has there.
    """
    for part in new:
        check_new(context, part, (*place, part.key if isinstance(have, Object) else ENTRY))
    operations = [operation for one in inside for operation in one.operations]
    gone = tuple(index for index, one in enumerate(inside) if one.node is None)
    found = context.ours.found.get(place)
    pairs = zip(have.parts, inside, strict=True)
    staying: list[Part] = [replace(part, value=one.node) for part, one in pairs if one.node is not None]
    asked = named is not None and named.style == "table"
    there: list[Part] = [part for index, part in enumerate(have.parts) if index not in gone]
    headed = not asked and _has_bare_header(have, [*there, *new]) and _headed_by_us(context.ours, place)
    if gone or new or headed:
        operations.append(Amend(have, gone, tuple(new), found if were_empty(found, have) else None, headed))
    return United(
        replace(have, parts=(*staying, *new)),
        tuple(operations),
        any(one.foreign for one in inside),
        tuple(filled for one in inside for filled in one.filled),
        tuple(torn for one in inside for torn in one.torn),
    )


def _has_bare_header(have: Object | Array, parts: Sequence[Part]) -> bool:
    """Tell whether a table of TOML needs no header: all that will be in it stands under headers of its own.

    A value on a line stays on that line, whatever it becomes.
    """
    headers = (part.value.style in {"table", "tables", "super"} for part in parts)
    return have.style == "table" and bool(parts) and all(headers)


def _headed_by_us(ours: Ours, place: KeyPath) -> bool:
    """Tell whether others gave no header to a table, at most to the tables inside it."""
    found = ours.found.get(place)
    return place in ours.added or (found is not None and found.node.style != "table")


def restored(container: Object | Array, part: Part, found: Replaced, new: Part | None = None) -> United[Node]:
    """Return what others had in the place of a part; `new` is the template's part that says the same."""
    return United(found.node, (Restore(container, part, found, new=new),))


def check_new(context: MergeContext, part: Part, place: KeyPath) -> None:
    """Raise InTemplate if a part of the template holds what merge cannot write."""
    for node in nodes(part.value):
        if node.odd and not isinstance(node, Alias):
            raise template_fault(context, part, f"{shown(place)}: holds {node.odd}; merge cannot write it")


def template_fault(context: MergeContext, part: Part, what: str) -> Unmergeable:
    return InTemplate(fault(context.template.text, part.start, what).what)
