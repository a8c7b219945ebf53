"""A key that stands twice in a document or a template: where, and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.content.documents.document import Array, Document, Node, Object, Part, repeated
from rollout.content.documents.key_path import KeyPath, shown

_NAME_IT_ONCE = "merge sets one value for a key; leave one of them in the template"
_LEAVE_ONE = "leave one of them, or change it by hand and take it out of the template"
_SETS_ONE = "merge sets one value for a key; "
_EVERY_LINE = "every line of it counts; change it by hand and take it out of the template, or "


def in_template(template: Document, place: KeyPath) -> str:
    """Say that a template names a key twice, and what to do."""
    return _said(template, place, _NAME_IT_ONCE, _SETS_ONE)


def in_document(document: Document, place: KeyPath) -> str:
    """Say that a document has a key twice that a template names, and what to do."""
    return _said(document, place, _LEAVE_ONE, _EVERY_LINE)


def _said(document: Document, place: KeyPath, otherwise: str, of_a_list: str) -> str:
    said = f"the key {shown(place)} stands twice"
    if place[-1] not in document.lists:
        return f"{said}; {otherwise}"
    headed = f", the line {shown(place[:1])} first" if len(place) > 1 else ""
    return f"{said}, and {of_a_list}write such lines with mode: block{headed}"


def repeated_keys(node: Node, place: KeyPath = ()) -> Iterator[tuple[KeyPath, Part]]:
    """Yield the places of the keys that stand more than once in a node, each with the last part of its name."""
    again = repeated(node)
    last = {part.key: part for part in node.parts if part.key in again} if isinstance(node, Object) else {}
    yield from (((*place, key), part) for key, part in last.items())
    for part in node.parts if isinstance(node, Object | Array) else ():
        yield from repeated_keys(part.value, (*place, part.key) if part.key else place)
