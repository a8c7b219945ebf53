"""What `<<` brings into a YAML mapping."""

from __future__ import annotations

from rollout.content.documents.document import Alias, Array, Node, Object, find


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
