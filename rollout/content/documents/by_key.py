"""Merge two documents that came of one, key by key, where their lines do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.document import Array, Document, Node, Object, Part, Unmergeable, entries_of, meaning
from rollout.content.documents.match import Match, Place, named_parts
from rollout.content.documents.merge import written
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.mixed import repeated_in
from rollout.content.documents.past import Ours
from rollout.content.documents.places import at, leaves


class Sides(Struct, frozen=True):
    """A document, what others made of it, and what we did."""

    base: bytes
    theirs: bytes
    ours: bytes


Said = dict[Place, str]


class _Changes(Struct, frozen=True):
    """What the three documents say by place, and the places that either side changed; a list is one place."""

    was: Said
    they: Said
    we: Said

    @property
    def by_them(self) -> set[Place]:
        return {place for place in self.was.keys() | self.they.keys() if self.was.get(place) != self.they.get(place)}

    @property
    def by_us(self) -> set[Place]:
        return {place for place in self.was.keys() | self.we.keys() if self.was.get(place) != self.we.get(place)}

    def wanted(self) -> Said:
        theirs = self.by_them
        places = self.was.keys() | self.they.keys() | self.we.keys()
        said = {place: (self.they if place in theirs else self.we).get(place) for place in places}
        return {place: value for place, value in said.items() if value is not None}

    def meet(self) -> bool:
        """Tell whether both sides changed one place, and not alike, or one a place inside the other's."""
        theirs, ours = self.by_them, self.by_us
        alike = all(self.they.get(place) == self.we.get(place) for place in theirs & ours)
        return not alike or bool(theirs & set(_above(ours)) or ours & set(_above(theirs)))


def merged(sides: Sides, named: Document, ours: Ours, kind: MergedFile) -> bytes | None:
    """Return what others made of a document, with what we changed in it; None where both changed one place.

    `named` is the template by which we changed it.
    """
    try:
        changes = _changes(sides, kind)
        if changes.meet() or _other_holders(sides, changes, kind):
            return None
        there = kind.read(sides.theirs)
        root = _named(Part(0, named.root), Part(0, there.root), changes.by_us - changes.by_them, kind.match, ())
        content = written(sides.theirs, replace(named, root=root), ours, kind)
        right = _said(content, kind) == changes.wanted()
        return content if right and repeated_in(kind.read(content)) <= repeated_in(there) else None
    except Unmergeable:
        return None


def carried_over(sides: Sides, kind: MergedFile) -> bytes | None:
    """Return what others made of a document, with every change that was made on the way to ours."""
    try:
        return merged(sides, kind.read(sides.ours), _gone(sides, kind), kind)
    except Unmergeable:
        return None


def _changes(sides: Sides, kind: MergedFile) -> _Changes:
    return _Changes(_said(sides.base, kind), _said(sides.theirs, kind), _said(sides.ours, kind))


def _said(content: bytes, kind: MergedFile) -> Said:
    return {place: meaning(node) for place, node in leaves(kind.read(content).root, kind.match)}


def _above(places: set[Place]) -> Iterator[Place]:
    return (place[:depth] for place in places for depth in range(1, len(place)))


def _other_holders(sides: Sides, changes: _Changes, kind: MergedFile) -> bool:
    """Tell whether others added or took out an object or a list in which we changed something."""
    base, there = kind.read(sides.base).root, kind.read(sides.theirs).root
    held = set(_above({place for place in changes.by_us if place in changes.we}))
    return any((at(base, place, kind.match) is None) != (at(there, place, kind.match) is None) for place in held)


def _named(named: Part, there: Part | None, changed: set[Place], match: Match, place: Place) -> Node | None:
    """Return what a template names, as it is there wherever we changed nothing; None if it is not there."""
    node, found = named.value, None if there is None else there.value
    if not _is_deep(node, place, match):
        touched = any(one[: len(place)] == place for one in changed)
        return node if touched else found
    beside = dict(_parts(found, match, place)) if type(found) is type(node) else {}
    parts = (
        (part, _named(part, beside.get(name), changed, match, (*place, name)))
        for name, part in _parts(node, match, place)
    )
    kept = tuple(replace(part, value=value) for part, value in parts if value is not None)
    return replace(node, parts=kept) if kept or not place else found


def _parts(node: Node | None, match: Match, place: Place) -> list[tuple[str, Part]]:
    return named_parts(node, match, place) if isinstance(node, Object | Array) else []


def _is_deep(node: Node, place: Place, match: Match) -> bool:
    matched = isinstance(node, Object) or (isinstance(node, Array) and bool(match.keys(place)))
    return not place or (matched and bool(getattr(node, "parts", ())) and node.odd is None)


def _gone(sides: Sides, kind: MergedFile) -> Ours:
    """Return what we took out of a document, as what is ours in what others made of it."""
    changes, there = _changes(sides, kind), kind.read(sides.theirs).root
    places = changes.by_us & changes.they.keys()
    gone = {place for place in places if place not in changes.we}
    lists = {place: node for place in places if isinstance(node := at(there, place, kind.match), Array)}
    left = kind.read(sides.ours).root
    entries = {place: tuple(_entries(node) - _entries(at(left, place, kind.match))) for place, node in lists.items()}
    return Ours({*gone, *_above(gone)}, {place: changes.they[place] for place in gone}, entries)


def _entries(node: Node | None) -> set[str]:
    return set() if node is None else entries_of(node)
