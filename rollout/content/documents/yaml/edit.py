"""YAML changed in place: new keys in the style of their neighbours, everything else to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from rollout.content.documents.document import Amend, Document, Edit, Operation, Replace, Restore, Span
from rollout.content.documents.left_comments import emptied_around
from rollout.content.documents.yaml import flow as yaml_flow
from rollout.content.documents.yaml import read as yaml_read
from rollout.content.documents.yaml import replace as yaml_replace
from rollout.content.documents.yaml.add import added
from rollout.content.documents.yaml.context import YamlContext, context_of
from rollout.content.documents.yaml.remove import emptied, removed
from rollout.content.documents.yaml.restore import between_brackets, restored


class Yaml(Struct, frozen=True):
    """The format of .yaml and .yml files."""

    def read(self, text: str) -> Document:
        return yaml_read.read(text)

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        changed = [one for one in operations if isinstance(one, Amend)]
        gone = frozenset(id(one.container.parts[index]) for one in changed for index in one.gone)
        context = context_of(document, template, foreign, gone)
        return [edit for operation in operations for edit in _edits(context, operation)]


def _edits(context: YamlContext, operation: Operation) -> list[Edit]:
    flow = operation.container.style == "flow"
    match operation:
        case Replace():
            return yaml_flow.replaced(context, operation) if flow else yaml_replace.replaced(context, operation)
        case Restore() if around := emptied_around(operation, context.foreign):
            return yaml_flow.emptied_around(context, operation, around)
        case Restore():
            return between_brackets(context, operation) if flow else restored(context, operation)
        case Amend():
            return yaml_flow.amended(context, operation) if flow else _amended(context, operation)
        case never:
            assert_never(never)


def _amended(context: YamlContext, operation: Amend) -> list[Edit]:
    """Return the edits that take parts out of a block and add others."""
    gone = set(operation.gone)
    staying = [part for index, part in enumerate(operation.container.parts) if index not in gone]
    if not staying and not operation.new:
        return emptied(context, operation)
    edits = removed(context, operation)
    return [*edits, added(context, operation, staying)] if operation.new else edits
