"""Find what stands at the places of a document, and where two documents differ."""

from __future__ import annotations

from collections.abc import Container, Iterator

from rollout.content.documents.document import Array, Node, Object, Part, meaning
from rollout.content.documents.key_path import ENTRY, KeyPath
from rollout.content.documents.match import Match, named_parts


def at(root: Node, place: KeyPath, match: Match) -> Node | None:
    """Return what stands at a place of a document."""
    found = part_at(root, place, match)
    return None if found is None else found.value


def part_at(root: Node, place: KeyPath, match: Match) -> Part | None:
    """Return the part whose value stands at a place of a document."""
    part: Part | None = Part(0, root)
    for depth, name in enumerate(place):
        node = part.value if part is not None else None
        if not isinstance(node, Object | Array) or (isinstance(node, Array) and not match.keys(place[:depth])):
            return None
        part = next((part for key, part in named_parts(node, match, place[:depth]) if key == name), None)
    return part


def nodes(root: Node, match: Match, only: Container[KeyPath] | None = None) -> dict[KeyPath, Node]:
    """Return what stands at each place of a document, for who asks for many: `at` looks for each among all others.

    `only` has the places to look at, with all those above them.
    """
    found: dict[KeyPath, Node] = {}
    waiting: list[tuple[KeyPath, Node]] = [((), root)]
    for place, node in waiting:
        found.setdefault(place, node)
        if isinstance(node, Object) or (isinstance(node, Array) and match.keys(place)):
            inside = (((*place, name), part.value) for name, part in named_parts(node, match, place))
            waiting += inside if only is None else (one for one in inside if one[0] in only)
    return found


def is_kept(one: Node, other: Node, place: KeyPath, match: Match) -> bool:
    """Tell whether the other document has a place of the first, or another kind of value in place of one above it."""
    for depth in range(len(place), 0, -1):
        there = at(other, place[:depth], match)
        if there is not None:
            return depth == len(place) or type(there) is not type(at(one, place[:depth], match))
    return False


def differing(one: Node, other: Node, match: Match, place: KeyPath = ()) -> KeyPath:
    """Return the first place where two documents do not say the same."""
    told = isinstance(one, Object) or bool(match.keys(place))
    if told and isinstance(one, Object | Array) and isinstance(other, Object | Array) and type(one) is type(other):
        theirs = dict(named_parts(other, match, place))
        for name, part in named_parts(one, match, place):
            there = theirs.pop(name, None)
            if there is None:
                return (*place, name)
            if meaning(part.value, followed=False) != meaning(there.value, followed=False):
                return differing(part.value, there.value, match, (*place, name))
        return (*place, *list(theirs)[:1])
    return place


def leaves(
    node: Node, match: Match, place: KeyPath = (), only: Container[KeyPath] | None = None
) -> Iterator[tuple[KeyPath, Node]]:
    """Yield every value that is neither a filled object nor a list of matched entries, with its place, but the root.

    `only` has the places to look at, with all those above them.
    """
    deeper = isinstance(node, Object) or (isinstance(node, Array) and match.keys(place))
    if isinstance(node, Object | Array) and deeper and node.parts and node.odd is None:
        for name, part in named_parts(node, match, place):
            here = (*place, name)
            if only is None or here in only:
                yield from leaves(part.value, match, here, only)
    elif place:
        yield place, node


def values(
    root: Node, match: Match, place: KeyPath = (), only: Container[KeyPath] | None = None
) -> Iterator[tuple[KeyPath, str]]:
    """Yield what a document says: single values, and the entries of lists one by one, each with its place.

    `place` is where the root stands in a document.
    """
    for here, node in leaves(root, match, place, only):
        if isinstance(node, Array) and node.odd is None and node.parts:
            yield from (((*here, ENTRY), meaning(part.value)) for part in node.parts)
        else:
            yield here, meaning(node)
