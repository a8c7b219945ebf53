"""Blank lines that we wrote above a key or an entry, to part it from what is above: they go when it goes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile

from msgspec import Struct

from rollout.content.documents.comments_below import may_stand_above
from rollout.content.documents.document import (
    Alias,
    Array,
    Document,
    Edit,
    Node,
    Object,
    Part,
    Scalar,
    Span,
    meaning,
)
from rollout.content.documents.key_path import KeyPath, ListEntry
from rollout.content.documents.last_text import keeps_blanks
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.ours.lines_above import Above

Blanks = dict[KeyPath, int]
Places = Mapping[KeyPath, Mapping[KeyPath, Part]]  # the keys and entries that stand once, by the place that each is in

_BLANK = re.compile(r"\n[ \t]*\r?\n")


def our_blanks(writes: Iterable[tuple[Document, Document]], match: Match) -> Blanks:
    """Return how many blank lines of ours stand above each key or entry, from our writes, oldest first.

    All are ours while nobody else writes into a file that we made, or that held comments alone. Into a block of
    others we write one above what is new, where they part what is in it so.
    """
    known: Blanks = {}
    all_ours, last, theirs = True, "", ""
    for before, after in writes:
        if _held_nothing(before):
            all_ours, last, theirs = True, before.text, before.text.rstrip()
        all_ours = all_ours and before.text == last and after.text.startswith(theirs)
        added = {} if all_ours else _added(known, before, after, match)
        known, last = _known({**known, **added}, after, match, all_ours=all_ours), after.text
    return known


def _held_nothing(before: Document) -> bool:
    """Tell whether there was nothing, or nothing but comments: what is new stands behind them."""
    return not before.text.strip() or (not before.root.parts and before.root.style not in {"", "flow"})


class Parting(Struct, frozen=True):
    """Where blank lines stand in a block of YAML: above all that is in it but the first, or above most blocks in it.

    Above one of two plain keys, a blank line says nothing of plain ones.
    """

    all: bool = False
    plain: bool = False
    blocks: bool = False

    def above(self, part: Part) -> bool:
        """Tell whether a further part has a blank line above it, too."""
        if isinstance(part.value, Scalar | Alias):
            return self.plain
        return self.all or (self.blocks and _is_block(part))


def parting(document: Document, node: Node) -> Parting:
    """Return how what is in a block of YAML stands apart; two blocks show it, or most of them and the last one."""
    if not isinstance(node, Object | Array) or node.style != "block" or len(node.parts) < 2:
        return Parting()
    first, last = node.parts[0].start, node.parts[-1].start
    if _BLANK.search(document.text, first, last) is None:
        return Parting()
    comments = may_stand_above(document)
    there = comments[bisect_left(comments, (first, first)) : bisect_left(comments, (last, last))]
    above = Above.of(document, node, there)
    parted = [(part, begin < end) for part in node.parts[1:] for begin, end in [above.blanks(part)]]
    blocks = [apart for part, apart in parted if _is_block(part)]
    most = len(blocks) > 1 and blocks[-1] and sum(blocks) * 2 > len(blocks)
    every = all(apart for _, apart in parted)
    return Parting(every, every and (isinstance(node, Array) or len(node.parts) > 2), most)


def _is_block(part: Part) -> bool:
    return isinstance(part.value, Object | Array) and part.value.style == "block" and bool(part.value.parts)


def _added(known: Blanks, before: Document, after: Document, match: Match) -> Blanks:
    """Return what one of our writes put behind what stayed in a block, with the blank lines of ours above it.

    The first has those of the last keys, if it came in their place; else each has one, where the others have.
    """
    parts = _BLANK.search(before.text) is not None and before.root.style == "block"
    if not known and not parts:
        return {}
    were, are = _places(before.root, match), _places(after.root, match)
    found: Blanks = {}
    for holder, there in were.items():
        gone, new = _behind_the_last(there, are.get(holder, {})), _behind_the_last(are.get(holder, {}), there)
        # Where nothing stays in a file of TOML or INI, a key and a section stand in different places.
        in_place = before.root.style == "block" or len(new) < len(are.get(holder, {}))
        if gone and new and in_place and gone[0] in known:
            found[new[0]] = known[gone[0]]
        behind = new[1:] if gone else new
        if parts and behind and len(new) < len(are[holder]):
            apart = parting(before, _at(before.root, were, holder))
            found |= {place: 1 for place in behind if apart.above(are[holder][place])}
    return found


def _at(root: Node, places: Places, place: KeyPath) -> Node:
    return places[place[:-1]][place].value if place else root


def _behind_the_last(places: Collection[KeyPath], others: Collection[KeyPath]) -> list[KeyPath]:
    """Return the places behind the last one that the others have, too."""
    return [*reversed([*takewhile(lambda place: place not in others, reversed([*places]))])]


def _known(known: Blanks, after: Document, match: Match, *, all_ours: bool) -> Blanks:
    if not all_ours and not known:
        return {}
    if _BLANK.search(after.text) is None:
        return {}
    above = Above.of(after, after.root, may_stand_above(after))
    there = {
        place: len(above.lines(above.blanks(part)))
        for parts in _places(after.root, match).values()
        for place, part in parts.items()
        if all_ours or place in known
    }
    return {place: count for place, now in there.items() if (count := now if all_ours else min(known[place], now))}


def left_blanks(
    document: Document, united: Node, known: Blanks, foreign: Sequence[Span], edits: Sequence[Edit], match: Match
) -> list[Edit]:
    """Return the edits that take out our blank lines above what goes away, where no comment of others stays there."""
    if not known:
        return []
    were, will = _places(document.root, match), _places(united, match)
    above = Above.of(document, document.root, may_stand_above(document))
    kept = _taken_over(were, will) if document.root.style == "block" else set()
    staying = {place for parts in will.values() for place in parts}
    spans = (
        above.ours(part, known[place], foreign)
        for place, part in dict((*_parted_no_more(were, staying), *_below_texts(document, were, staying))).items()
        if place in known and place not in kept
    )
    cuts = [Edit(*span, "") for span in spans if span is not None and span[0] < span[1]]
    return [cut for cut in cuts if not any(_meet(cut, edit) for edit in edits)]


def _taken_over(were: Places, will: Places) -> set[KeyPath]:
    """Return what goes away and leaves its blank lines to what comes in its place, at the end of a block of YAML."""
    ends = ((_behind_the_last(there, will.get(holder, {})), will.get(holder, {})) for holder, there in were.items())
    return {gone[0] for gone, new in ends if gone and _behind_the_last(new, were[gone[0][:-1]])}


def _parted_no_more(places: Places, staying: set[KeyPath]) -> Iterator[tuple[KeyPath, Part]]:
    """Yield what goes away; where the first ones go, the first that stays takes the place of the first."""
    for above, parts in places.items():
        if above and above not in staying:
            continue  # it goes as a whole
        first = next((number for number, place in enumerate(parts) if place in staying), None)
        for number, (place, part) in enumerate(parts.items()):
            gone = place not in staying
            if (gone and not (first and number == 0)) or (first and number == first):
                yield place, part


def _below_texts(document: Document, places: Places, staying: set[KeyPath]) -> Iterator[tuple[KeyPath, Part]]:
    """Yield what stays below a text of YAML that would take up its blank lines, once nothing stands between them."""
    gone = {id(part) for parts in places.values() for place, part in parts.items() if place not in staying}
    for parts in places.values():
        for (_, before), below in pairwise((place, part) for place, part in parts.items() if place in staying):
            if keeps_blanks(document.text, before, gone):
                yield below


def _places(node: Node, match: Match) -> Places:
    found: dict[KeyPath, dict[KeyPath, Part]] = {}
    for holder, place, part in _each(node, match, ()):
        found.setdefault(holder, {})[place] = part
    return found


def _each(node: Node, match: Match, place: KeyPath) -> Iterator[tuple[KeyPath, KeyPath, Part]]:
    """Yield the keys and entries that stand once: the place that each is in, its own, and itself."""
    if not isinstance(node, Object | Array):
        return
    plain = isinstance(node, Array) and not match.keys(place)
    named = (
        [(ListEntry(meaning(part.value)), part) for part in node.parts] if plain else named_parts(node, match, place)
    )
    often = Counter(name for name, _ in named)
    for name, part in named:
        if often[name] == 1:
            yield place, (*place, name), part
            if not plain:
                yield from _each(part.value, match, (*place, name))


def _meet(cut: Edit, edit: Edit) -> bool:
    return cut.start < edit.end and edit.start < cut.end
