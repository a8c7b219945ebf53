"""YAML between brackets, changed in place: as in the other formats, but for what others had there before us."""

from __future__ import annotations

from rollout.content.documents.comment_behind import followed
from rollout.content.documents.delimited import Brackets
from rollout.content.documents.document import Amend, Edit, Replace, Restore
from rollout.content.documents.yaml.context import Holder, YamlContext
from rollout.content.documents.yaml.fill import filled
from rollout.content.documents.yaml.put import blanks_back


def amended(context: YamlContext, operation: Amend) -> list[Edit]:
    """Return the edits that take parts out of brackets and add others."""
    return filled(context, operation) or _between_brackets(context, operation)


def replaced(context: YamlContext, operation: Replace) -> list[Edit]:
    """Return the edits that put a template's value in the place of one between brackets."""
    part, old = operation.part, operation.part.value
    gap = " " if part.key and old.start == part.body else ""
    comment = followed(context.document, operation, context.foreign, context.writer.template)
    return [Edit(old.start, old.end, gap + context.writer.on_one_line(operation.new.value)), *comment]


def emptied_around(context: YamlContext, operation: Restore, around: Amend) -> list[Edit]:
    """Return the edits that empty brackets around the comments of others in them."""
    comment = followed(context.document, operation, context.foreign, context.writer.template)
    return [*Brackets(context.document, around, context.foreign, context.writer).edits(), *comment]


def _between_brackets(context: YamlContext, operation: Amend) -> list[Edit]:
    holder = context.holder_of(operation.container)
    edits = Brackets(context.document, operation, context.foreign, context.writer).edits()
    staying = operation.new or len(operation.gone) < len(operation.container.parts)
    if staying or holder is None or holder.container.style == "flow":
        return edits
    return [*edits, *_beside_emptied(context, operation, holder)]


def _beside_emptied(context: YamlContext, operation: Amend, holder: Holder) -> list[Edit]:
    """Put back what stood before and behind brackets that we emptied, and take out our comment behind them."""
    node, found, body = operation.container, operation.found, holder.part.body
    behind, before = context.behind_ours(node.end), context.text[body : node.start]
    edits = [Edit(node.end, behind, ""), *blanks_back(context, behind, found)]
    if found is None or not holder.part.key or before.strip():
        return edits
    return [Edit(body, node.start, found.lead or before), *edits]
