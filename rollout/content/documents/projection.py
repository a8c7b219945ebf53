"""The part of a document that concerns rollout, by place: what is compared to see whether others changed it."""

from __future__ import annotations

from rollout.content.documents.document import Array, Node, Object, meaning
from rollout.content.documents.key_path import KeyPath, with_above
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import leaves, nodes


def projection(content: bytes, template: bytes, ours: Ours, kind: MergedFile) -> dict[KeyPath, str]:
    """Return the part of a document that concerns rollout: named keys, and our entries in lists."""
    root = kind.read(content).root
    named = dict(leaves(kind.template(template).root, kind.match))
    out: dict[KeyPath, str] = {}
    asked = {*named, *ours.values, *ours.entries}
    there = nodes(root, kind.match, with_above(asked))
    for place in asked:
        node = there.get(place)
        lists = place in ours.entries or isinstance(named.get(place, node), Array)
        said = _said(node, ours.entries.get(place, ()) if lists else None)
        if said is not None:
            out[place] = said
    return out


def known(ours: Ours) -> set[KeyPath]:
    """Return the places of what is ours, as a projection names them."""
    return {*ours.added, *ours.values, *ours.entries}


def _said(node: Node | None, ours: tuple[str, ...] | None) -> str | None:
    """Return a node's meaning: of a list, only the entries in `ours`; of an object, only that it is one.

    What others put into one that we wrote empty is theirs.
    """
    if isinstance(node, Object) and node.odd is None:
        return "{}"
    if node is None or ours is None or not isinstance(node, Array) or node.odd is not None:
        return None if node is None else meaning(node)
    return repr(sorted(said for part in node.parts if (said := meaning(part.value)) in ours))
