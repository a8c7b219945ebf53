"""What `<<` brings into a YAML mapping."""

from __future__ import annotations

from rollout.content.documents.document import CANNOT_CHANGE, Alias, Array, Document, Node, Object, fault, find, meaning
from rollout.content.documents.key_path import KeyPath, shown


def inherited(have: Object) -> dict[str, Node]:
    """Return what `<<` brings into a YAML mapping, by key."""
    merges = find(have, "<<") if have.style else None
    if merges is None:
        return {}
    value = merges.value
    sources = value.parts if isinstance(value, Array) else (merges,)
    brought: dict[str, Node] = {}
    for source in sources:
        node = source.value.node if isinstance(source.value, Alias) else source.value
        if isinstance(node, Object):
            for key, found in {**inherited(node), **{part.key: part.value for part in node.parts}}.items():
                brought.setdefault(key, found)
    return brought


def brought(document: Document, have: Object, named: Object, place: KeyPath) -> tuple[set[str], bool]:
    """Return the named keys that `<<` brings with the wanted value, and whether another would hide what it brings.

    Raises Unmergeable if that is an object or a list.
    """
    brought, keys, hides = inherited(have), set(), False
    for part in named.parts:
        value = brought.get(part.key)
        if value is None or find(have, part.key) is not None:
            continue
        if meaning(value) == meaning(part.value):
            keys.add(part.key)
        elif isinstance(value, Object | Array):
            merges = find(have, "<<")
            assert merges is not None
            what = f"{shown((*place, part.key))}: comes from '<<'; {CANNOT_CHANGE}"
            raise fault(document.text, merges.start, what)
        else:
            hides = True
    return keys, hides
