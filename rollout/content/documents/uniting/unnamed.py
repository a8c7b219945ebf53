"""What a document keeps of a value that the template does not name: what others said, and nothing of ours alone."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content.documents.document import (
    Array,
    ContainerStyle,
    Node,
    Object,
    Part,
    entries_of,
    find,
    meaning,
    repeated,
    says,
)
from rollout.content.documents.key_path import KeyPath, is_entry
from rollout.content.documents.left_comments import were_empty
from rollout.content.documents.match import named_parts
from rollout.content.documents.uniting.united import MergeContext, Torn, United, amended, restored

_BRACKETS: set[ContainerStyle] = {"", "inline", "array"}  # what is behind them on their line is changed with them


def unnamed(context: MergeContext, container: Object | Array, part: Part, place: KeyPath) -> United[Node | None]:
    """Return what stays of a value that is not named, or what others had there; no node if it was ours alone."""
    if place not in context.reached:
        return United(part.value)
    match part.value:
        case Object(odd=None, parts=parts) as node if parts:
            return _left(context, container, part, place, _without_ours(context, node, place))
        case Array(odd=None, parts=parts) as node if parts:
            return _left(context, container, part, place, _list_without_ours(context, node, place))
        case _:
            return _single(context, container, part, place)


def entry(context: MergeContext, container: Object | Array, part: Part, place: KeyPath) -> United[Node | None]:
    """Return what stays of a matched entry that is not named: no node where all of it is ours.

    An entry of ours that would lose keys, and keep what others wrote, goes as a whole, and is torn: that is asked for.
    So does one in which others changed all that we wrote.
    """
    if context.ours.owns(part.value, place, context.match):
        return United(None)
    left = unnamed(context, container, part, place)
    if place not in context.ours.added or left.node is None:
        return left
    loses = _loses_keys(part.value, left.node) if left.operations else _is_changed(context, part.value, place)
    return United(None, torn=(Torn(place, _of_others(context, part.value, place)[len(place) :]),)) if loses else left


def _loses_keys(node: Node, left: Node) -> bool:
    """Tell whether a key is gone from an object, or from one inside it; an entry of a list is none."""
    if not isinstance(node, Object) or not isinstance(left, Object):
        return False
    there = {part.key: part.value for part in left.parts}
    return any(part.key not in there or _loses_keys(part.value, there[part.key]) for part in node.parts)


def _is_changed(context: MergeContext, entry: Node, place: KeyPath) -> bool:
    """Tell whether others changed a key of ours in an entry, and not only wrote into it."""
    parts = entry.parts if isinstance(entry, Object) else ()
    added = ((part.value, (*place, part.key)) for part in parts if (*place, part.key) in context.ours.added)
    return any(not context.ours.owns(value, here, context.match) for value, here in added)


def _of_others(context: MergeContext, node: Node, place: KeyPath) -> KeyPath:
    """Return the first place in a value that is not as we wrote it."""
    if isinstance(node, Object) or (isinstance(node, Array) and context.match.keys(place)):
        for name, part in named_parts(node, context.match, place):
            here = (*place, name)
            if not context.ours.owns(part.value, here, context.match):
                return _of_others(context, part.value, here) if here in context.ours.added else here
    return place


def _left(
    context: MergeContext, container: Object | Array, part: Part, place: KeyPath, left: United[Object] | United[Array]
) -> United[Node | None]:
    """Return what is left of an object or a list, or what comes in its place if nothing is left."""
    found = context.ours.found.get(place)
    if left.node.parts:
        hides = found is not None and bool(left.operations) and not says(left.node, found.node)
        return replace(left, foreign=True) if hides else left
    if place in context.ours.added or (found is not None and found.node.style == "super"):
        return United(None, foreign=left.foreign, torn=left.torn)
    stays = part.value.style not in _BRACKETS or not left.operations
    if found is None or (stays and were_empty(found, part.value)):
        return left
    return replace(restored(container, part, found), foreign=left.foreign, torn=left.torn)


def _single(context: MergeContext, container: Object | Array, part: Part, place: KeyPath) -> United[Node | None]:
    if not context.ours.wrote_all(part.value, place, context.match):
        return United(part.value)
    if place in context.ours.added:
        return United(None)
    found = context.ours.found.get(place)
    return United(part.value) if found is None else restored(container, part, found)


def _without_ours(context: MergeContext, node: Object, place: KeyPath) -> United[Object]:
    often, had = repeated(node), _had(context, node, place)
    identity = context.match.keys(place[:-1]) if is_entry(place) else ()
    inside: list[United[Node | None]] = []
    for part in node.parts:
        stays = part.key in often or part.key in identity or _has(had, part)
        inside.append(United(part.value) if stays else unnamed(context, node, part, (*place, part.key)))
    return amended(context, node, inside, [], place)


def _has(had: Node | None, part: Part) -> bool:
    """Tell whether others had a member just as it is."""
    before = find(had, part.key) if isinstance(had, Object) else None
    return before is not None and meaning(before.value) == meaning(part.value)


def _had(context: MergeContext, node: Object | Array, place: KeyPath) -> Node | None:
    """Return what others had where they say more now: what of it is still there is theirs."""
    found = context.ours.found.get(place)
    return None if found is None or context.ours.wrote_all(node, place, context.match) else found.node


def _list_without_ours(context: MergeContext, node: Array, place: KeyPath) -> United[Array]:
    if context.match.keys(place):
        named = named_parts(node, context.match, place)
        return amended(context, node, [entry(context, node, part, (*place, name)) for name, part in named], [], place)
    ours = _retired(context, node, place)
    inside = [United(None if meaning(part.value) in ours else part.value) for part in node.parts]
    return amended(context, node, inside, [], place)


def _retired(context: MergeContext, node: Array, place: KeyPath) -> set[str]:
    """Return our entries, without those that others had said before us."""
    had = _had(context, node, place)
    return set(context.ours.entries.get(place, ())) - (entries_of(had) if had is not None else set())
