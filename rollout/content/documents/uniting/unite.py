"""What a template names in a document, as operations: what changes, what is added, what of ours goes away."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content.documents import twice
from rollout.content.documents.aliases import refuse_shared
from rollout.content.documents.document import (
    CANNOT_CHANGE,
    Alias,
    Array,
    ContainerStyle,
    Document,
    Node,
    Object,
    Part,
    Replace,
    fault,
    meaning,
    repeated,
)
from rollout.content.documents.key_path import KeyPath, shown
from rollout.content.documents.match import Match, entry_names
from rollout.content.documents.ours.past import Ours, claimed, is_implied
from rollout.content.documents.uniting.counted import counted_anew
from rollout.content.documents.uniting.inherited import brought
from rollout.content.documents.uniting.united import MergeContext, United, amended, check_new, restored, template_fault
from rollout.content.documents.uniting.unnamed import entry, unnamed

_HEADED: set[ContainerStyle] = {"section", "table", "super", "dotted"}


def unite(document: Document, template: Document, ours: Ours, match: Match) -> United[Object]:
    """Return what it takes that a document says what a template names, and nothing any more that only we said."""
    ours = claimed(ours, document.root, match)
    context = MergeContext(document, template, ours, match, ours.reached())
    united = _object(context, document.root, template.root, ())
    refuse_shared(document, united.node, united.operations, match)
    return united


def _object(context: MergeContext, have: Object, named: Object, place: KeyPath) -> United[Object]:
    _refuse_repeated(context, have, named, place)
    wanted = {part.key: part for part in named.parts}
    often = repeated(have)
    present, hides = brought(context.document, have, named, place)
    inside: list[United[Node | None]] = []
    for part in have.parts:
        new, here = wanted.get(part.key), (*place, part.key)
        if new is not None and _is_anew(context, part.value, new.value, here):
            inside.append(United(None))
            continue
        present.add(part.key)
        if new is not None:
            inside.append(_value(context, have, part, new, here))
        else:
            inside.append(United(part.value) if part.key in often else unnamed(context, have, part, here))
    missing = [part for part in named.parts if part.key not in present]
    united = amended(context, have, inside, missing, place, named=named)
    return replace(united, foreign=True) if hides else united


def _refuse_repeated(context: MergeContext, have: Object, named: Object, place: KeyPath) -> None:
    """Raise Unmergeable if a template names a key twice, or one that a document says twice."""
    seen: set[str] = set()
    for part in named.parts:
        if part.key in seen:
            raise template_fault(context, part, twice.in_template(context.template, (*place, part.key)))
        seen.add(part.key)
    keys: set[str] = set()
    for part in have.parts:
        if part.key in keys and part.key in seen:
            what = twice.in_document(context.document, (*place, part.key))
            raise fault(context.document.text, part.start, what)
        keys.add(part.key)


def _is_anew(context: MergeContext, have: Node, named: Node, place: KeyPath) -> bool:
    """Tell whether a value of ours under a header goes away and comes back on a line: TOML knows no other way.

    So it is with one that stands only by what is in it, and of which nothing stays.
    """
    if have.style != "table" and not is_implied(have):
        return False
    plain = isinstance(named, Array) and not all(isinstance(part.value, Object) for part in named.parts)
    empty = is_implied(have) and isinstance(named, Object | Array) and not named.parts
    anew = type(have) is not type(named) or empty or (have.style == "tables" and plain)
    return anew and context.ours.owns(have, place, context.match)


def _value(context: MergeContext, container: Object | Array, part: Part, new: Part, place: KeyPath) -> United[Node]:
    have, named = part.value, new.value
    if meaning(have) == meaning(named):
        return United(have)
    odd = have.odd or (None if isinstance(named, Alias) else named.odd)
    if odd:
        raise fault(context.document.text, part.start, f"{shown(place)}: is {odd}; {CANNOT_CHANGE}")
    if _was_said(context, have, named, place):
        return restored(container, part, context.ours.found[place], new)
    operation = Replace(container, part, new, context.ours.found.get(place))
    inside = _collection(context, have, named, place)
    if inside is not None:
        return replace(inside, filled=(operation, *inside.filled))
    check_new(context, new, place)
    return United(named, (operation,), foreign=not context.ours.wrote(have, place, context.match))


def _was_said(context: MergeContext, have: Node, named: Node, place: KeyPath) -> bool:
    """Tell whether a template says what others had here, and nothing that they wrote since is in its place."""
    found = context.ours.found.get(place)
    if found is not None and have.style in _HEADED and isinstance(found.node, Object) and not found.node.parts:
        return False  # the header stays, and our keys go one by one
    same = found is not None and meaning(found.node) == meaning(named)
    return same and context.ours.wrote_all(have, place, context.match)


def _collection(
    context: MergeContext, have: Node, named: Node, place: KeyPath
) -> United[Object] | United[Array] | None:
    """Return an object or a list united with the named one; None where the named value takes its place."""
    if isinstance(have, Object) and isinstance(named, Object):
        return _object(context, have, named, place)
    if not isinstance(have, Array) or not isinstance(named, Array):
        return None
    if counted_anew(context.document, (have, named), context.ours, place, context.match):
        return None
    return _array(context, have, named, place)


def _array(context: MergeContext, have: Array, named: Array, place: KeyPath) -> United[Array]:
    keys = context.match.keys(place)
    if keys:
        return _matched(context, have, named, keys, place)
    wanted = {meaning(part.value): part for part in named.parts}
    retired = set(context.ours.entries.get(place, ())) - wanted.keys()
    inside = [United(None if meaning(part.value) in retired else part.value) for part in have.parts]
    present = {meaning(one.node) for one in inside if one.node is not None}
    return amended(context, have, inside, [part for key, part in wanted.items() if key not in present], place)


def _matched(context: MergeContext, have: Array, named: Array, keys: tuple[str, ...], place: KeyPath) -> United[Array]:
    wanted = dict(zip(entry_names(named, keys), named.parts, strict=True))
    inside: list[United[Node | None]] = []
    for name, part in zip(entry_names(have, keys), have.parts, strict=True):
        new, here = wanted.pop(name, None), (*place, name)
        inside.append(entry(context, have, part, here) if new is None else _value(context, have, part, new, here))
    return amended(context, have, inside, [*wanted.values()], place)
