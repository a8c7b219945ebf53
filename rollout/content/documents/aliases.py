"""A YAML value that an alias repeats elsewhere is not changed at its anchor: that would change it there, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rollout.content.documents.document import (
    CANNOT_CHANGE,
    Alias,
    Amend,
    Array,
    Document,
    InTemplate,
    Node,
    Object,
    Operation,
    Part,
    Replace,
    fault,
    nodes,
)
from rollout.content.documents.key_path import KeyPath, shown
from rollout.content.documents.match import Match, named_parts

_NAME = re.compile(r"[&*][^\s,\[\]{}]+")


def refuse_shared(document: Document, root: Object, operations: Sequence[Operation], match: Match) -> None:
    """Raise Unmergeable if an operation would change the value of an alias that stays."""
    if not operations or "*" not in document.text:  # most documents have no alias, and some are long
        return
    staying = {id(node) for _, node in _nodes(root, match, ())}
    places = list(_nodes(document.root, match, ()))
    for alias in (node for _, node in places if isinstance(node, Alias) and id(node) in staying):
        said, name = alias.node, document.text[alias.start : alias.end]
        for changed in map(_changed, operations):
            if said.start <= changed.start and changed.end <= said.end:
                place = next(place for place, node in places if node is changed)
                what = f"{shown(place)}: {name} says it elsewhere, too; {CANNOT_CHANGE}"
                raise fault(document.text, changed.start, what)


def anchored(template: Document, operations: Sequence[Operation]) -> InTemplate | None:
    """Return the fault of the first anchor or alias that a template brings into a document, where it brings one."""
    for node in (inner for operation in operations for part in _new(operation) for inner in nodes(part.value)):
        name = _NAME.match(template.text, node.start)
        if name is not None:
            what = f"{name[0]} means something else in the file, or nothing; write out what it stands for"
            return InTemplate(fault(template.text, node.start, what).what)
    return None


def _new(operation: Operation) -> Sequence[Part]:
    if isinstance(operation, Replace):
        return (operation.new,)
    return operation.new if isinstance(operation, Amend) else ()


def _changed(operation: Operation) -> Node:
    return operation.container if isinstance(operation, Amend) else operation.part.value


def _nodes(node: Node, match: Match, place: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    yield place, node
    if isinstance(node, Object | Array):
        told = isinstance(node, Object) or bool(match.keys(place))
        for name, part in named_parts(node, match, place):
            yield from _nodes(part.value, match, (*place, name) if told else place)
