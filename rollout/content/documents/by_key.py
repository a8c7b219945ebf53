"""Merge two documents that came of one, key by key, where their lines do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.document import Array, Document, Node, Object, Part, Unmergeable, entries_of, meaning
from rollout.content.documents.key_path import KeyPath, Step
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.merge import written
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.mixed import repeated_in
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import at, leaves


class Sides(Struct, frozen=True):
    """A document, what others made of it, and what we did."""

    base: bytes
    theirs: bytes
    ours: bytes


Said = dict[KeyPath, str]


class _Changes(Struct, frozen=True):
    """What the three documents say by place, and the places that either side changed; a list is one place.

    `united` are the lists that both sides changed, each with the entries that it has with both changes.
    """

    was: Said
    they: Said
    we: Said
    united: dict[KeyPath, set[str]]

    @property
    def by_them(self) -> set[KeyPath]:
        return {place for place in self.was.keys() | self.they.keys() if self.was.get(place) != self.they.get(place)}

    @property
    def by_us(self) -> set[KeyPath]:
        return {place for place in self.was.keys() | self.we.keys() if self.was.get(place) != self.we.get(place)}

    def wanted(self) -> Said:
        theirs = self.by_them
        places = self.was.keys() | self.they.keys() | self.we.keys()
        said = {place: (self.they if place in theirs else self.we).get(place) for place in places - self.united.keys()}
        return {place: value for place, value in said.items() if value is not None}

    def meet(self) -> bool:
        """Tell whether both sides changed one place, and not alike, or one a place inside the other's."""
        theirs, ours = self.by_them, self.by_us
        alike = all(self.they.get(place) == self.we.get(place) for place in (theirs & ours) - self.united.keys())
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
        changed = (changes.by_us - changes.by_them) | changes.united.keys()
        root = _named(Part(0, named.root), Part(0, there.root), changed, kind.match, ())
        content = written(sides.theirs, replace(named, root=root), ours, kind)
        right = _has(_nodes(content, kind), changes)
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
    was, they, we = (_nodes(content, kind) for content in (sides.base, sides.theirs, sides.ours))
    found = {place: _both(was[place], they[place], we[place]) for place in was.keys() & they.keys() & we.keys()}
    return _Changes(_said(was), _said(they), _said(we), {place: one for place, one in found.items() if one is not None})


def _nodes(content: bytes, kind: MergedFile) -> dict[KeyPath, Node]:
    return dict(leaves(kind.read(content).root, kind.match))


def _said(nodes: Mapping[KeyPath, Node]) -> Said:
    return {place: meaning(node) for place, node in nodes.items()}


def _both(was: Node, they: Node, we: Node) -> set[str] | None:
    """Return the entries of a list that both sides changed, with both changes; None where that is not clear.

    It is clear where each side only added entries and took out others than the other side, none stands twice, and those
    that stay keep their order.
    """
    if len({meaning(was), meaning(they), meaning(we)}) < 3:
        return None
    lists = [[meaning(part.value) for part in one.parts] for one in (was, they, we) if _is_plain(one)]
    if len(lists) < 3 or any(len(set(one)) < len(one) for one in lists):
        return None
    base, theirs, ours = lists
    moved = any([one for one in base if one in side] != [one for one in side if one in base] for side in (theirs, ours))
    by_them, by_us = set(base) - set(theirs), set(base) - set(ours)
    return None if moved or by_them & by_us else (set(theirs) | set(ours)) - by_them - by_us


def _is_plain(node: Node) -> TypeGuard[Array]:
    return isinstance(node, Array) and node.odd is None and node.style != "tables"


def _has(nodes: Mapping[KeyPath, Node], changes: _Changes) -> bool:
    """Tell whether a document says what both sides made of it."""
    lists = {place: entries_of(nodes[place]) for place in changes.united if place in nodes}
    rest = {place: said for place, said in _said(nodes).items() if place not in changes.united}
    return lists == changes.united and rest == changes.wanted()


def _above(places: set[KeyPath]) -> Iterator[KeyPath]:
    return (place[:depth] for place in places for depth in range(1, len(place)))


def _other_holders(sides: Sides, changes: _Changes, kind: MergedFile) -> bool:
    """Tell whether others added or took out an object or a list in which we changed something."""
    base, there = kind.read(sides.base).root, kind.read(sides.theirs).root
    held = set(_above({place for place in changes.by_us if place in changes.we}))
    return any((at(base, place, kind.match) is None) != (at(there, place, kind.match) is None) for place in held)


def _named(named: Part, there: Part | None, changed: set[KeyPath], match: Match, place: KeyPath) -> Node | None:
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
    if kept or not place:
        return replace(node, parts=kept)
    return None if any(one[: len(place)] == place for one in changed) else found


def _parts(node: Node | None, match: Match, place: KeyPath) -> list[tuple[Step, Part]]:
    return named_parts(node, match, place) if isinstance(node, Object | Array) else []


def _is_deep(node: Node, place: KeyPath, match: Match) -> bool:
    matched = isinstance(node, Object) or (isinstance(node, Array) and bool(match.keys(place)))
    return not place or (matched and bool(getattr(node, "parts", ())) and node.odd is None)


def _gone(sides: Sides, kind: MergedFile) -> Ours:
    """Return what we took out of a document, as what is ours in what others made of it."""
    changes, there = _changes(sides, kind), kind.read(sides.theirs).root
    places = changes.by_us & changes.they.keys()
    gone = {place for place in places if place not in changes.we}
    lists = [place for place in places if isinstance(at(there, place, kind.match), Array)]
    was, left = kind.read(sides.base).root, kind.read(sides.ours).root
    entries = {
        place: tuple(_entries(at(was, place, kind.match)) - _entries(at(left, place, kind.match))) for place in lists
    }
    return Ours({*gone, *_above(gone)}, {place: changes.they[place] for place in gone}, entries)


def _entries(node: Node | None) -> set[str]:
    return set() if node is None else entries_of(node)
