"""Lines of two documents merged: whether each key says what one of them says, and none stands twice for it."""

from __future__ import annotations

from collections import Counter

from rollout.content.documents.document import Document, Unmergeable, nodes, repeated
from rollout.content.documents.key_path import KeyPath, as_texts
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.places import at, values

_Said = set[tuple[KeyPath, str]]


def mixed(content: bytes, base: bytes, theirs: bytes, ours: bytes, kind: MergedFile) -> int | None:
    """Return the line of their document at which the lines of both do not go together; None if they do."""
    document = kind.read(theirs)
    was, they, we = (set(values(one.root, kind.match)) for one in (kind.read(base), document, kind.read(ours)))
    wanted = (was & they & we) | (they - was) | (we - was)
    try:
        result = kind.read(content)
    except Unmergeable:
        return _line(document, _clash(they - was, we - was), kind)
    wrong = set(values(result.root, kind.match)) ^ wanted
    if not wrong and repeated_in(result) <= repeated_in(document):
        return None
    return _line(document, _clash(they - was, we - was) or _first(wrong), kind)


def repeated_in(document: Document) -> Counter[str]:
    """Return how often each key stands in an object that holds it more than once."""
    return Counter(key for node in nodes(document.root) for key in repeated(node))


def _clash(they: _Said, we: _Said) -> KeyPath:
    """Return the first place that one side has changed and the other, too, or something in it."""
    return _first({(place, said) for place, said in they for other, _ in we if _inside_each_other(place, other)})


def _inside_each_other(place: KeyPath, other: KeyPath) -> bool:
    return place[: len(other)] == other[: len(place)]


def _first(said: _Said) -> KeyPath:
    return min((place for place, _ in said), key=as_texts, default=())


def _line(document: Document, place: KeyPath, kind: MergedFile) -> int:
    found = (at(document.root, place[:depth], kind.match) for depth in range(len(place), -1, -1))
    near = next(node for node in found if node is not None)
    return document.text.count("\n", 0, near.start) + 1
