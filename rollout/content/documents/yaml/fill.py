"""An object or a list that stands empty between brackets in YAML, and that a template fills with a block."""

from __future__ import annotations

from rollout.content.documents.document import Amend, Edit, Object, Part
from rollout.content.documents.last_text import last_of
from rollout.content.documents.lines import column, line_end, newline_of
from rollout.content.documents.template_text import comment_behind
from rollout.content.documents.yaml.context import YamlContext
from rollout.content.documents.yaml.ends import behind_wide_blanks
from rollout.content.documents.yaml.write import PROPERTIES


def filled(context: YamlContext, operation: Amend) -> list[Edit] | None:
    """Return the edits that put a block in the place of what stands empty; None where it has to stay as it is.

    What comes before it on its line and behind it stays, so that the brackets can come back between them.
    """
    named = context.blocks.get(id(operation.new[0])) if operation.new else None
    holder = context.holder_of(operation.container)
    if operation.container.parts or named is None or holder is None or holder.container.style == "flow":
        return None
    return _with_block(context, operation, holder.part, named) if _can_hold_block(context, holder.part) else None


def _can_hold_block(context: YamlContext, holder: Part) -> bool:
    text, node = context.text, holder.value
    inside = any(node.start <= start < node.end for start, _ in context.document.comments)
    before = text[holder.start : holder.body] + text[holder.body : node.start].strip()
    return not inside and bool(holder.key) and before.endswith(":") and "\n" not in before and not node.odd


def _with_block(context: YamlContext, operation: Amend, holder: Part, named: Part) -> list[Edit] | None:
    text, node, writer = context.text, holder.value, context.writer
    newline, end = newline_of(text, line_end(text, node.end)), line_end(text, node.end)
    behind = "" if text[node.end : end].strip() else comment_behind(writer.template, named.body)
    lines = _lines(context, operation, named, column(text, holder.start))
    if behind_wide_blanks(text, end, operation.new[-1], lines) != end:
        return None
    below = "".join(newline + line for line in lines)
    value = writer.value(last_of(operation.new[-1]), 0)
    properties = PROPERTIES.match(text, node.start)
    kept = f" {properties[0].rstrip()}" if properties and properties[0] else ""
    head = Edit(holder.body, node.end, kept + (f" {behind}" if behind else ""))
    return [head, Edit(end, end, below, value.ends_line)]


def _lines(context: YamlContext, operation: Amend, named: Part, outside: int) -> list[str]:
    writer, style, inside = context.writer, context.writer.style, outside
    if isinstance(operation.container, Object):
        inside += style.indent
        lines = [line for part in operation.new for line in writer.member(part, inside)]
    else:
        inside += style.offset
        lines = [line for part in operation.new for line in writer.entry(part, inside, " " * style.gap)]
    return [*lines, *writer.below(named.value, inside, outside)]
