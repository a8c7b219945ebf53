"""What rollout added to a document in the past, and is still answerable for: values, list entries, comments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from rollout.content.documents.document import Array, Document, Node, Object, meaning, repeated
from rollout.content.documents.lines import begins_line, line_end, line_start
from rollout.content.documents.match import Match, Place, named_parts


class Filled(Struct, frozen=True):
    """What others had where we wrote an object or a list: as they wrote it, and as it was read."""

    text: str
    node: Node


class Ours(Struct):
    """What is ours, by place.

    `added` are the keys and the matched entries that nobody had before us, `values` what we last wrote at a place,
    `entries` the entries that we added to lists, `found` how others had written what we filled, `comments` ours, and
    `ended` whether the last line has a line end from us alone.
    """

    added: set[Place] = field(default_factory=set)
    values: dict[Place, str] = field(default_factory=dict)
    entries: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    found: dict[Place, Filled] = field(default_factory=dict)
    comments: Counter[str] = field(default_factory=Counter)
    ended: bool = False

    def holds(self, place: Place, node: Node) -> bool:
        """Tell whether a single value is one that we added, as we wrote it."""
        return place in self.added and self.values.get(place) == meaning(node)


def folded(writes: Iterable[tuple[Document, Document]], match: Match) -> Ours:
    """Fold the documents before and after each of our writes, oldest first."""
    ours = Ours()
    for before, after in writes:
        _OwnWrite(ours, match, before).wrote(before.root, after.root, ())
        ours.ended = (ours.ended or not before.text.endswith("\n")) and after.text.endswith("\n")
        had, has = Counter(comment_texts(before)), Counter(comment_texts(after))
        ours.comments = ours.comments + (has - had) - (had - has)
    return ours


def comment_texts(document: Document) -> Iterator[str]:
    return (document.text[start:end] for start, end in document.comments)


class _OwnWrite(Struct):
    """One of our writes, folded into what is ours."""

    ours: Ours
    match: Match
    document: Document  # before it

    def wrote(self, before: Node | None, after: Node, place: Place) -> None:
        if before is None:
            self.ours.added.add(place)
        match after:
            case Object(odd=None, parts=parts) if parts:
                self._collection(before, after, place)
            case Array(odd=None) if self.match.keys(place) and after.parts:
                self._collection(before, after, place)
            case Array(odd=None):
                self._list(before, after, place)
            case _:
                if before is None or meaning(before) != meaning(after):
                    self.ours.values[place] = meaning(after)

    def _collection(self, before: Node | None, after: Object | Array, place: Place) -> None:
        self._fill(before, after, place)
        had = dict(named_parts(before, self.match, place)) if type(before) is type(after) else {}
        twice = repeated(after) | (repeated(before) if before is not None else frozenset())
        has = [(name, part) for name, part in named_parts(after, self.match, place) if name not in twice]
        for name, part in has:
            was = had.get(name)
            self.wrote(None if was is None else was.value, part.value, (*place, name))
        for name in (had.keys() - {name for name, _ in has}) | twice:
            self._forget((*place, name))

    def _list(self, before: Node | None, after: Array, place: Place) -> None:
        self._fill(before, after, place)
        old = {meaning(part.value) for part in before.parts} if isinstance(before, Array) else set()
        new = [meaning(part.value) for part in after.parts]
        kept = [entry for entry in self.ours.entries.get(place, ()) if entry in new]
        added = [entry for entry in new if entry not in old and entry not in kept]
        self.ours.entries[place] = (*kept, *dict.fromkeys(added))
        if not self.ours.entries[place]:
            del self.ours.entries[place]
        if before is None:
            self.ours.values[place] = meaning(after)

    def _fill(self, before: Node | None, after: Object | Array, place: Place) -> None:
        """Keep how others wrote what was empty, or something else, where we wrote an object or a list."""
        alike = isinstance(before, Object | Array) and type(before) is type(after) and before.style == after.style
        filled = alike and isinstance(before, Object | Array) and before.parts
        noted = before is not None and any(before.start <= start < before.end for start, _ in self.document.comments)
        if place and not noted and before is not None and after.parts and not filled and place not in self.ours.added:
            self.ours.found[place] = Filled(self._as_written(before), before)

    def _as_written(self, node: Node) -> str:
        """Return a value as it was written, from the end of the line before it where it begins a line."""
        text = self.document.text
        block = node.style == "block" and begins_line(text, node.start)
        start = line_end(text, line_start(text, node.start) - 1) if block else node.start
        return text[start : node.end]

    def _forget(self, place: Place) -> None:
        for kept in (self.ours.values, self.ours.entries, self.ours.found):
            for known in [known for known in kept if known[: len(place)] == place]:
                del kept[known]
        self.ours.added -= {known for known in self.ours.added if known[: len(place)] == place}


def at(root: Node, place: Place, match: Match) -> Node | None:
    """Return what stands at a place of a document."""
    node: Node | None = root
    for depth, name in enumerate(place):
        if not isinstance(node, Object | Array):
            return None
        if isinstance(node, Array) and not match.keys(place[:depth]):
            return None
        node = next((part.value for key, part in named_parts(node, match, place[:depth]) if key == name), None)
    return node


def leaves(node: Node, match: Match, place: Place = ()) -> Iterator[tuple[Place, Node]]:
    """Yield every value that is neither a filled object nor a list of matched entries, with its place."""
    deeper = isinstance(node, Object) or (isinstance(node, Array) and match.keys(place))
    if isinstance(node, Object | Array) and deeper and node.parts and node.odd is None:
        for name, part in named_parts(node, match, place):
            yield from leaves(part.value, match, (*place, name))
    else:
        yield place, node
