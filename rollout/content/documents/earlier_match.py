"""By which keys we matched the entries of a list when we wrote into it, as our own writes tell.

Without `match`, a list gets entries and loses ours; no entry of others ever changes. A write of ours after which one of
theirs is another was matched, whatever the rule says now.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from rollout.content.documents.document import Array, Node, Object, Scalar, Unmergeable, find, meaning
from rollout.content.documents.key_path import ENTRY, KeyPath, ListEntry
from rollout.content.documents.match import Match, Pattern, named_parts
from rollout.content.documents.merged_file import MergedFile

Writes = tuple[tuple[bytes, bytes], ...]

_Changed = tuple[Pattern, Array, list[Node], list[Node]]  # a list's pattern, how it was, what went and what came


@lru_cache(maxsize=16)
def with_earlier_match(kind: MergedFile, writes: Writes) -> MergedFile:
    """Return a merged file in which lists are matched as they were in our writes, (before, after) and oldest first.

    What the rule says of a list comes first.
    """
    earlier = _found(kind, writes)
    if not earlier:
        return kind
    return with_earlier_match(replace(kind, match=Match((*kind.match.rules, *earlier.items()))), writes)


def _found(kind: MergedFile, writes: Writes) -> dict[Pattern, tuple[str, ...]]:
    """Return the lists that are not matched and in which we changed an entry of others, each with its key."""
    found: dict[Pattern, tuple[str, ...]] = {}
    walk = _Walk(kind.match)
    for before, after in writes:
        try:
            had, has = kind.read(before).root, kind.read(after).root
        except Unmergeable:
            continue  # another mode wrote the path then
        for pattern, array, gone, new in walk.changed(had, has, ()):
            key = _key(array, gone, new)
            if key is not None:
                found.setdefault(pattern, (key,))
    return found


class _Walk:
    """Walk through our writes; what we added to a list is known in the next one."""

    def __init__(self, match: Match) -> None:
        self.match = match
        self.ours: dict[KeyPath, set[str]] = {}

    def changed(self, had: Node, has: Node, place: KeyPath) -> Iterator[_Changed]:
        """Yield the lists that are not matched and lost entries of others in a write."""
        if meaning(had) == meaning(has):
            return
        if isinstance(had, Array) and isinstance(has, Array) and not self.match.keys(place):
            yield from self._list(had, has, place)
        elif isinstance(had, Object | Array) and isinstance(has, Object | Array) and type(had) is type(has):
            there = dict(named_parts(has, self.match, place))
            for name, part in named_parts(had, self.match, place):
                if name in there:
                    yield from self.changed(part.value, there[name].value, (*place, name))

    def _list(self, had: Array, has: Array, place: KeyPath) -> Iterator[_Changed]:
        old, new = ({meaning(part.value): part.value for part in one.parts} for one in (had, has))
        ours = self.ours.get(place, set())
        gone = [node for said, node in old.items() if said not in new and said not in ours]
        came = [node for said, node in new.items() if said not in old]
        self.ours[place] = {said for said in new if said not in old or said in ours}
        if gone and came:
            yield _pattern(place), had, gone, came


def _pattern(place: KeyPath) -> Pattern:
    return tuple(ENTRY if isinstance(step, ListEntry) else step for step in place)


def _key(array: Array, gone: list[Node], came: list[Node]) -> str | None:
    """Return the key by which most entries that went are there again, and that tells entries apart best."""
    keys = dict.fromkeys(part.key for node in gone if isinstance(node, Object) for part in node.parts)
    again = {key: len(_said(gone, key) & _said(came, key)) for key in keys}
    everywhere = {key: len(_said([part.value for part in array.parts], key)) for key in keys}
    best = max(keys, key=lambda key: (again[key], everywhere[key]), default=None)
    return best if best is not None and again[best] else None


def _said(entries: list[Node], key: str) -> set[str]:
    """Return what entries say at a key, where that is a single value."""
    found = (find(node, key) for node in entries if isinstance(node, Object))
    return {meaning(part.value) for part in found if part is not None and isinstance(part.value, Scalar)}
