"""Tell whether a write of ours was finer than the rule reads it now: then what it changed is not ours alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping

from msgspec import Struct

from rollout.content.documents.document import Array, Document, Node, Object, Part, Scalar, meaning
from rollout.content.documents.key_path import ENTRY, KeyPath, ListEntry, Step
from rollout.content.documents.match import Match
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import values

Said = tuple[KeyPath, str]
"""What an entry says at a place in it."""


class LostEntries(Struct, frozen=True):
    """What went from a matched list: what entries of others said, and what others had written into ours.

    `staying` are the entries of others that are there as before, some with another number, for one of their name went.
    """

    theirs: frozenset[Said] = frozenset()
    in_ours: frozenset[Said] = frozenset()
    staying: frozenset[Said] = frozenset()

    def is_part_of(self, entry: Part, had: Part | None, place: KeyPath, match: Match) -> bool:
        """Tell whether an entry that is new or another may be one of others, with something of ours."""
        if not (self.theirs or self.staying) or (had is not None and meaning(had.value) == meaning(entry.value)):
            return False
        return _named(place[-1], entry) in self.staying or _says(entry.value, self.theirs, place, match)


def lost(old: Mapping[Step, Part], has: Mapping[Step, Part], place: KeyPath, ours: Ours, match: Match) -> LostEntries:
    """Return what went from a matched list in a write of ours."""
    if old.keys() <= has.keys():
        return LostEntries()
    there = [_named(name, part) for name, part in has.items()]
    others = {name: part for name, part in old.items() if not ours.owns(part.value, (*place, name), match)}
    staying = {_named(name, part) for name, part in others.items()} & {*there}
    away = {name: part for name, part in others.items() if _named(name, part) not in staying}
    gone = Counter(map(_without_number, away)) - Counter(
        name for (name,), said in there if ((name,), said) not in staying
    )
    theirs, in_ours = set[Said](), set[Said]()
    for name, part in away.items():
        here = (*place, name)
        if _without_number(name) not in gone:
            continue
        if here in ours.added:
            in_ours |= {one for one in said_in(part.value, here, match) if not _wrote(ours, here, one)}
        else:
            theirs |= set(said_in(part.value, here, match))
    return LostEntries(frozenset(theirs), frozenset(in_ours), frozenset(staying))


def said_in(entry: Node, place: KeyPath, match: Match) -> Iterator[Said]:
    """Yield what an entry says."""
    return ((here[len(place) :], said) for here, said in values(entry, match, place))


def _named(name: Step, part: Part) -> Said:
    """Return an entry's name without its number, and what it says."""
    return (_without_number(name),), meaning(part.value)


def _without_number(name: Step) -> Step:
    return ListEntry(name.identity) if isinstance(name, ListEntry) else name


def _says(entry: Node, theirs: Container[Said], place: KeyPath, match: Match) -> bool:
    return any(one in theirs for one in said_in(entry, place, match))


def _wrote(ours: Ours, place: KeyPath, said: Said) -> bool:
    here, value = (*place, *said[0]), said[1]
    return value in ours.entries.get(here[:-1], ()) if here[-1] == ENTRY else ours.values.get(here) == value


def of_others(had: Node | None, after: Array, ours: Collection[str], place: KeyPath, match: Match) -> set[str]:
    """Return the entries of a list that may be some of others, with something of ours: such a one is gone."""
    entries = [part.value for part in had.parts] if isinstance(had, Array) else []
    here, now = (*place, ENTRY), {meaning(part.value): part.value for part in after.parts}
    gone = [one for one in entries if isinstance(one, Object) and not {meaning(one)} & {*now, *ours}]
    theirs = {said for one in gone for said in said_in(one, here, match)}
    if not theirs:
        return set()
    return {one for one, node in now.items() if isinstance(node, Object) and _says(node, theirs, here, match)}


def inside_text(document: Document, had: Node, after: Node, last: Node | None) -> bool:
    """Tell whether we changed a list or an object that others had changed, where an INI file reads one text."""
    if document.root.style != "root" or last is None or not _is_brackets(had) or not _is_brackets(after):
        return False
    return meaning(last) != meaning(had) != meaning(after)


def _is_brackets(node: Node) -> bool:
    return isinstance(node, Scalar) and node.meaning.removeprefix("str ")[:1] in {"[", "{"}
