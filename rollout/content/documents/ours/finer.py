"""Tell whether a write of ours was finer than the rule reads it now: then what it changed is not ours alone."""

from __future__ import annotations

from collections.abc import Container

from rollout.content.documents.document import Array, Document, Node, Object, Scalar, meaning


def inside_entry(had: Node | None, now: Container[str], ours: Container[str]) -> bool:
    """Tell whether an entry of others is gone from a list: what is there instead is theirs, with something of ours."""
    entries = [part.value for part in had.parts] if isinstance(had, Array) else []
    gone = (meaning(entry) for entry in entries if isinstance(entry, Object))
    return any(said not in now and said not in ours for said in gone)


def inside_text(document: Document, had: Node, after: Node, last: Node | None) -> bool:
    """Tell whether we changed a list or an object that others had changed, where an INI file reads one text."""
    if document.root.style != "root" or last is None or not _is_brackets(had) or not _is_brackets(after):
        return False
    return meaning(last) != meaning(had) != meaning(after)


def _is_brackets(node: Node) -> bool:
    return isinstance(node, Scalar) and node.meaning.removeprefix("str ")[:1] in {"[", "{"}
