"""What rollout added to a document in the past, and is still answerable for: values, list entries, comments."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.documents.document import Array, Node, Object, Replaced, meaning
from rollout.content.documents.key_path import KeyPath, with_above
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.ours.blank_lines import Blanks
from rollout.content.documents.places import nodes

Above = dict[KeyPath, tuple[str, ...] | None]


class Ours(Struct):
    """What is ours, by place.

    `added` are the keys and the matched entries that nobody had before us, `values` what we last wrote at a place,
    `entries` the entries that we added to lists, `found` what others had where we wrote something else, `comments` our
    comments, `ended` whether a last line of others has its line end from us, `blank` what others had if that was
    nothing but blanks, `above` what our comments directly above a key say, None where others changed them, and `blanks`
    how many blank lines of ours stand above a key or an entry.
    """

    added: set[KeyPath] = field(default_factory=set)
    values: dict[KeyPath, str] = field(default_factory=dict)
    entries: dict[KeyPath, tuple[str, ...]] = field(default_factory=dict)
    found: dict[KeyPath, Replaced] = field(default_factory=dict)
    comments: Counter[str] = field(default_factory=Counter)
    ended: bool = False
    blank: str | None = None
    above: Above = field(default_factory=dict)
    blanks: Blanks = field(default_factory=dict)

    def owns(self, node: Node, place: KeyPath, match: Match) -> bool:
        """Tell whether we added a value where nobody had one, and all of it is as we wrote it."""
        return place in self.added and self.wrote_all(node, place, match)

    def wrote_all(self, node: Node, place: KeyPath, match: Match) -> bool:
        """Tell whether all that a value says is ours."""
        match node:
            case Object(odd=None, parts=parts) if parts:
                return all(self.owns(part.value, (*place, part.key), match) for part in parts)
            case Array(odd=None, parts=parts) if parts and match.keys(place):
                named = named_parts(node, match, place)
                return all(self.owns(part.value, (*place, name), match) for name, part in named)
            case Array(odd=None, parts=parts) if parts:
                return {meaning(part.value) for part in parts} <= set(self.entries.get(place, ()))
        return self.values.get(place) == meaning(node) or self._filled(node, place)

    def _filled(self, node: Node, place: KeyPath) -> bool:
        """Tell whether we added what is empty now, and only what we had put into it is gone."""
        empty = not node.parts if isinstance(node, Object | Array) else node.start == node.end
        return empty and place in self.added and (place in self.entries or bool(self.inside(place)))

    def wrote(self, node: Node, place: KeyPath, match: Match) -> bool:
        """Tell whether all that a value says is ours, and a list says it in our order and as often."""
        in_order = not isinstance(node, Array) or self.values.get(place, meaning(node)) == meaning(node)
        return in_order and self.wrote_all(node, place, match)

    def inside(self, place: KeyPath) -> set[KeyPath]:
        """Return the places below one of which we know something."""
        depth = len(place)
        return {other for other in self._known() if len(other) > depth and other[:depth] == place}

    def knows(self, place: KeyPath) -> bool:
        return place in self.added or place in self.values or place in self.entries or place in self.found

    def reached(self) -> set[KeyPath]:
        """Return each place of which, or of one below it, we know something, but the root."""
        return with_above(self._known())

    def _known(self) -> set[KeyPath]:
        return self.added | self.values.keys() | self.entries.keys() | self.found.keys()

    def at(self, place: KeyPath) -> Ours:
        """Return what of it concerns a place and what is below it."""
        here = {place, *self.inside(place)}
        values, entries, found = (
            {known: kept for known, kept in every.items() if known in here}
            for every in (self.values, self.entries, self.found)
        )
        return Ours(self.added & here, values, entries, found, self.comments, self.ended)  # type: ignore[arg-type]


def is_implied(node: Node) -> bool:
    """Tell whether an object or a list is there only by what is in it: in TOML, what has no header of its own."""
    return node.style in {"super", "dotted", "tables"}


def claimed(ours: Ours, root: Object, match: Match) -> Ours:
    """Return what is ours where others took all that was theirs out of a table that stands only by what is in it."""
    reached = ours.reached() if root.style == "table" else set[KeyPath]()
    inside = [(place, node) for place, node in nodes(root, match, reached).items() if place and is_implied(node)]
    for place, node in reversed(inside):
        found = ours.found.get(place)
        filled = found is None or (type(found.node) is type(node) and not getattr(found.node, "parts", ()))
        if filled and place not in ours.added and ours.wrote_all(node, place, match):
            others = {known: kept for known, kept in ours.found.items() if known != place}
            ours = replace(ours, added={*ours.added, place}, found=others)
    return ours
