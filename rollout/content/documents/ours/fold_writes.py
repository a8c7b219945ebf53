"""Our writes to a document, folded one after the other into what is ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable
from functools import partial

from msgspec import Struct, field

from rollout.content.documents.document import Array, Document, Node, Object, Part, meaning, repeated
from rollout.content.documents.key_path import ENTRY, KeyPath
from rollout.content.documents.lines import ends_anew
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.ours import finer
from rollout.content.documents.ours.as_written import alike, as_written, hidden
from rollout.content.documents.ours.comments import behind, comments_since
from rollout.content.documents.ours.past import Above, Ours, claimed
from rollout.content.documents.places import nodes, part_at
from rollout.content.documents.template_text import comment_behind

Without = Callable[[Document, Ours], Document]
Heads = Callable[[Ours, Document, Document, Match], Above]


def folded(
    writes: Iterable[tuple[Document, Document]], anew: Collection[int], match: Match, without: Without, heads: Heads
) -> Ours:
    """Fold the documents before and after each of our writes, oldest first.

    `anew` are the numbers of those that took a document over once more, `without` takes our part out of a document,
    and `heads` tells what is ours above its keys.
    """
    ours, last = Ours(), None
    below: dict[KeyPath, set[KeyPath]] = {}
    for number, (before, after) in enumerate(writes):
        noted = comments_since(ours.comments, before, after)
        noted_behind = partial(behind, after, noted)
        ours = claimed(ours, before.root, match)
        write = _Write(ours, match, before, without, noted_behind, below, number in anew, last)
        write.wrote(Part(0, before.root), after.root, ())
        last = after.root
        ours.blank = ours.blank if before.text.strip() else before.text or None
        ours.ended = ends_anew(before.text, after.text, already=ours.ended)
        ours.comments = noted
        ours.above = heads(ours, before, after, match)
    return ours


class _Write(Struct):
    """One of our writes, folded into what is ours."""

    ours: Ours
    match: Match
    document: Document  # before it
    without: Without
    noted_behind: Callable[[Node], str]  # returns the comment of ours that stands behind a value that we wrote
    below: dict[KeyPath, set[KeyPath]]  # the places directly below one that were ever written
    anew: bool = False  # what others have by now in the place of ours is theirs
    last: Node | None = None  # what the write before left
    left: dict[KeyPath, Node] = field(default_factory=dict)  # the same by place, once that is asked for

    def wrote(self, before: Part | None, after: Node, place: KeyPath) -> None:
        if place:
            self.below.setdefault(place[:-1], set()).add(place)
        found = self.ours.found.get(place)
        if before is None:
            self._forget(place)
            self.ours.added.add(place)
        elif self._became_theirs(before.value, after, place):
            self._forget(place)
            self._keep(before, place, shape=False)
        elif found is not None and meaning(found.node, followed=False) == meaning(after, followed=False):
            if not self._has_new_comment(before.value, after):
                self._forget(place)  # it was given back
                return
        elif place or self.document.text.startswith("{", before.value.start):
            self._find(before, after, place)
        had = None if before is None else before.value
        match after:
            case Object(odd=None, parts=parts) if parts:
                self._collection(had, after, place)
            case Array(odd=None) if self.match.keys(place) and after.parts:
                self._collection(had, after, place)
            case Array(odd=None):
                self._list(had, after, place)
            case _:
                self._value(had, after, place)

    def _became_theirs(self, had: Node, after: Node, place: KeyPath) -> bool:
        """Tell whether we wrote over a single value that was ours once, and that others had made their own since."""
        mixed = isinstance(had, Object | Array) and had.parts
        if not self.anew or mixed or meaning(had) == meaning(after):
            return False
        return self.ours.knows(place) and not self.ours.wrote_all(had, place, self.match)

    def _has_new_comment(self, had: Node, after: Node) -> bool:
        """Tell whether a comment of ours stands behind a value, and not one of others that says the same."""
        said = self.noted_behind(after)
        return bool(said) and (said in self.ours.comments or comment_behind(self.document, had.end) != said)

    def _value(self, had: Node | None, after: Node, place: KeyPath) -> None:
        said = meaning(after)
        if had is not None and finer.inside_text(self.document, had, after, self._last(place)):
            self._forget(place)
        elif had is None or meaning(had) != said:
            self.ours.values[place] = said
        elif self.ours.values.get(place, said) != said:
            del self.ours.values[place]  # others changed it, and we left it so

    def _collection(self, had: Node | None, after: Object | Array, place: KeyPath) -> None:
        was = had if isinstance(had, Object | Array) and type(had) is type(after) else None
        old = dict(named_parts(was, self.match, place)) if was is not None else {}
        twice = repeated(after) | (repeated(had) if had is not None else frozenset())
        has = {name: part for name, part in named_parts(after, self.match, place) if name not in twice}
        lost = finer.lost(old, has, place, self.ours, self.match) if isinstance(after, Array) else finer.LostEntries()
        for name in {known[len(place)] for known in self._inside(place)} - has.keys():
            self._forget((*place, name))
        for name, part in has.items():
            here = (*place, name)
            if lost.is_part_of(part, old.get(name), here, self.match):
                self._forget(here)  # it may be one of theirs, renamed
                continue
            self.wrote(old.get(name), part.value, here)
            if lost.in_ours and name not in old:
                self._leave(part.value, here, lost.in_ours)  # it may be one of ours, renamed
        if had is not None and not self._inside(place):
            self.ours.added.discard(place)  # only what others put into it is left: now it is theirs

    def _leave(self, entry: Node, place: KeyPath, theirs: Container[finer.Said]) -> None:
        """Leave to others what an entry says just as they had written it into another."""
        for within, said in finer.said_in(entry, place, self.match):
            here = (*place, *within)
            if (within, said) in theirs and here[-1] == ENTRY:
                kept = self.ours.entries.pop(here[:-1], ())
                self.ours.entries |= {here[:-1]: left for left in [tuple(one for one in kept if one != said)] if left}
            elif (within, said) in theirs:
                self._forget(here)

    def _list(self, had: Node | None, after: Array, place: KeyPath) -> None:
        old = {meaning(part.value) for part in had.parts} if isinstance(had, Array) else set()
        new = [meaning(part.value) for part in after.parts]
        kept = [entry for entry in self.ours.entries.get(place, ()) if entry in new]
        added = [entry for entry in new if entry not in old and entry not in kept]
        theirs = finer.of_others(had, after, self.ours.entries.get(place, ()), place, self.match) if added else ()
        added = [entry for entry in added if entry not in theirs]
        self.ours.entries[place] = (*kept, *dict.fromkeys(added))
        if not self.ours.entries[place]:
            del self.ours.entries[place]
            if had is not None and after.parts and place in self.ours.added:
                self._forget(place)  # only entries of others are left: now it is theirs
                return
        known = place in self.ours.added or place in self.ours.found
        if not isinstance(had, Array) or (known and self._ordered(had, after, place)):
            self.ours.values[place] = meaning(after)

    def _ordered(self, had: Array, after: Array, place: KeyPath) -> bool:
        """Tell whether the order of a list is ours: nobody else had changed it, or we gave it another."""
        said = meaning(had)
        before, now = ([meaning(part.value) for part in one.parts] for one in (had, after))
        moved = [one for one in before if one in now] != [one for one in now if one in before]
        return moved or self.ours.values.get(place, said) == said

    def _find(self, before: Part, after: Node, place: KeyPath) -> None:
        """Keep how others wrote what we filled, or what we wrote something else over; forget what we had there."""
        had, ours = before.value, self.ours
        if hidden(had, after) and not self._overwrites_drift(had, after, place):
            self._keep(before, place, shape=alike(had, after))
        if not alike(had, after) and meaning(had) != meaning(after):
            ours.entries.pop(place, None)
            ours.values.pop(place, None)
            for known in self._inside(place):
                self._forget(known)

    def _overwrites_drift(self, had: Node, after: Node, place: KeyPath) -> bool:
        """Tell whether others had changed a single value that was ours, or as it should be, and we wrote over that."""
        if getattr(had, "parts", ()) or alike(had, after):
            return False
        last = self._last(place)
        if last is None:
            return False
        accepted = place not in self.ours.values and (place in self.ours.added or place in self.ours.found)
        return accepted or self.ours.values.get(place) == meaning(last) or meaning(last) == meaning(after)

    def _last(self, place: KeyPath) -> Node | None:
        if self.last is not None and not self.left:
            self.left = nodes(self.last, self.match)
        return self.left.get(place)

    def _keep(self, part: Part, place: KeyPath, *, shape: bool) -> None:
        ours, theirs, document = self.ours, part, self.document
        if (place in ours.added or place in ours.found) and ours.wrote_all(part.value, place, self.match):
            return
        mixed = not shape and bool(getattr(part.value, "parts", ()))
        if mixed:
            document = self.without(document, ours.at(place))
            theirs = part_at(document.root, place, self.match) or part
        if mixed or place not in ours.added:
            ours.added.discard(place)
            ours.found[place] = as_written(document, theirs, shape=shape)

    def _inside(self, place: KeyPath) -> set[KeyPath]:
        """Return what `inside` of what is ours does: there may be thousands of places, and this is asked at each."""
        waiting = [place]
        for one in waiting:
            waiting += self.below.get(one, ())
        return set(filter(self.ours.knows, waiting[1:]))

    def _forget(self, place: KeyPath) -> None:
        for known in {place, *self._inside(place)}:
            self.ours.added.discard(known)
            for kept in (self.ours.values, self.ours.entries, self.ours.found):
                kept.pop(known, None)
