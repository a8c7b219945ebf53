"""Where parts of a YAML text begin and end: what may stand behind them, and what would change what they say."""

from __future__ import annotations

import re

from rollout.content.documents.document import Array, Node, Object, Part, Scalar
from rollout.content.documents.lines import line_end, line_start, next_line

_KEEPS = re.compile(r"[|>][1-9]?\+")
_STRIPS = re.compile(r"[|>][1-9]?-")


def last_of(part: Part) -> Part:
    """Return the part that stands last in a part's blocks, or itself."""
    node = part.value
    while isinstance(node, Object | Array) and node.style == "block" and node.parts:
        part = node.parts[-1]
        node = part.value
    return part


def begin_of(text: str, part: Part) -> int:
    """Return where a part of a block begins: with its key, or with the `?` before it."""
    mark = len(text[line_start(text, part.start) : part.start].rstrip(" ")) + line_start(text, part.start) - 1
    return mark if text[mark : mark + 1] == "?" and mark >= line_start(text, part.start) else part.start


def has_open_end(text: str, part: Part) -> bool:
    """Tell whether a part ends the file with a text that a line end behind it would make longer."""
    node = last_of(part).value
    if not isinstance(node, Scalar) or node.style not in {"|", ">"} or node.end < len(text):
        return False
    header, _, content = text[node.start : node.end].partition("\n")
    return bool(content.strip()) and not content.endswith("\n") and not _STRIPS.search(header.partition(" #")[0])


def keeps_blanks(text: str, part: Part) -> bool:
    """Tell whether blank lines behind a part belong to a text with which it ends."""
    node = last_of(part).value
    if not isinstance(node, Scalar) or node.style not in {"|", ">"}:
        return False
    return _KEEPS.search(text[node.start : line_end(text, node.start)].partition(" #")[0]) is not None


def in_one_piece(node: Node) -> bool:
    """Tell whether no comment may stand behind the first of a value's lines: it is no block, and no `|` or `>` text."""
    return node.style not in {"block", "|", ">"}


def behind_blanks(text: str, at: int) -> int:
    """Return where the blank lines end that follow a place, but for a last one without a line end."""
    line = next_line(text, at)
    while (end := text.find("\n", line)) >= 0 and not text[line:end].strip():
        at = line_end(text, line)
        line = next_line(text, line)
    return at
