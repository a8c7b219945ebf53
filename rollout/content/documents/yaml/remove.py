"""Parts taken out of a YAML block: whole lines where they have their own, and what was there before where all goes."""

from __future__ import annotations

from rollout.content.documents.document import Amend, Edit, Object, Part, fault
from rollout.content.documents.lines import begins_line, cut, line_start
from rollout.content.documents.yaml.context import Holder, YamlContext
from rollout.content.documents.yaml.put import Lines, blanks_back, put


def removed(context: YamlContext, operation: Amend) -> list[Edit]:
    """Return the edits that take out the parts that go away, and leave the comments of others."""
    parts, gone = operation.container.parts, set(operation.gone)
    edits: list[Edit] = []
    for index in operation.gone:
        if begins_line(context.text, parts[index].start):
            edits += _cut_lines(context, parts[index])
            continue
        following = next((i for i in range(len(parts)) if i not in gone), None)
        edits += _cut_in_line(context, operation, index, following)
        if following is not None and following > 1:  # what is between them went with the first one
            behind = (parts[index] for index in operation.gone if index > following)
            return [*edits, *(edit for part in behind for edit in _cut_lines(context, part))]
    return edits


def _cut_lines(context: YamlContext, part: Part) -> list[Edit]:
    return cut(context.text, context.lines_of(part), context.foreign)


def _cut_in_line(context: YamlContext, operation: Amend, index: int, following: int | None) -> list[Edit]:
    """Cut a part that stands behind a dash, on whose line the one that stays next moves up."""
    text, parts = context.text, operation.container.parts
    part = parts[index]
    if index or text[line_start(text, part.start) : part.start].rstrip(" ").endswith("?"):
        raise fault(text, part.start, f"{part.key}: cannot be taken out of its line")
    end = context.lines_of(part)[1] if following is None else _until(context, part, parts[following])
    return cut(text, (part.start, end), context.foreign)


def _until(context: YamlContext, part: Part, following: Part) -> int:
    """Return where what goes away ends, where what follows moves up into its place behind a dash."""
    noted = any(part.start <= start < following.start for start, _ in context.foreign)
    return line_start(context.text, following.start) if noted else following.start


def emptied(context: YamlContext, operation: Amend) -> list[Edit]:
    """Return the edits that write what was there before us in the place of a block of which nothing is left."""
    holder = context.holder_of(operation.container)
    if holder is None:  # the document itself
        return [edit for part in operation.container.parts for edit in _cut_lines(context, part)]
    return _emptied_below(context, operation, holder)


def _emptied_below(context: YamlContext, operation: Amend, holder: Holder) -> list[Edit]:
    found, empty = operation.found, _empty(operation)
    behind = context.behind_ours(context.beside_properties(holder.part, empty)[1])
    blanks = found if context.is_below_key(holder.part) else None
    return [*put(context, holder.part, Lines(empty)), *blanks_back(context, behind, blanks)]


def _empty(operation: Amend) -> str:
    """Return what others had in the place of a collection, or else the brackets of an empty one."""
    if operation.found is not None:
        return operation.found.lead + operation.found.text
    return "{}" if isinstance(operation.container, Object) else "[]"
