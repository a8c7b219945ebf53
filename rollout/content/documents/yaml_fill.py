"""An object or a list that stands empty between brackets in YAML, and that a template fills with a block."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.document import Amend, Document, Edit, Node, Object, Part, Span
from rollout.content.documents.lines import column, line_end, newline_of
from rollout.content.documents.template_text import comment_behind
from rollout.content.documents.yaml_ends import last_of
from rollout.content.documents.yaml_write import PROPERTIES, YamlWriter


def blocks(node: Node, holder: Part | None = None) -> dict[int, Part]:
    """Return the part that holds the block in which each part of a template stands, by that part's identity."""
    found: dict[int, Part] = {}
    for part in getattr(node, "parts", ()):
        if holder is not None and node.style == "block":
            found[id(part)] = holder
        found |= blocks(part.value, part)
    return found


def filled(
    document: Document, holder: Part, operation: Amend, foreign: Sequence[Span], writer: YamlWriter, named: Part
) -> list[Edit] | None:
    """Return the edits that put a block in the place of what stands empty; None where it has to stay as it is.

    What comes before it on its line and behind it stays, so that the brackets can come back between them.
    """
    text, node = document.text, holder.value
    inside = any(node.start <= start < node.end for start, _ in document.comments)
    before = text[holder.start : holder.body] + text[holder.body : node.start].strip()
    if inside or not holder.key or not before.endswith(":") or "\n" in before or node.odd:
        return None
    newline, end = newline_of(text, line_end(text, node.end)), line_end(text, node.end)
    behind = "" if text[node.end : end].strip() else comment_behind(writer.template, named.body)
    below = "".join(newline + line for line in _lines(operation, column(text, holder.start), writer))
    value = writer.value(last_of(operation.new[-1]), 0)
    properties = PROPERTIES.match(text, node.start)
    kept = f" {properties[0].rstrip()}" if properties and properties[0] else ""
    head = Edit(holder.body, node.end, kept + (f" {behind}" if behind else ""))
    return [head, Edit(end, end, below, value.ends_line)]


def _lines(operation: Amend, outside: int, writer: YamlWriter) -> list[str]:
    style = writer.style
    if isinstance(operation.container, Object):
        return [line for part in operation.new for line in writer.member(part, outside + style.indent)]
    gap = " " * style.gap
    return [line for part in operation.new for line in writer.entry(part, outside + style.offset, gap)]
