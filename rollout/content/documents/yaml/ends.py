"""Where parts of a YAML text begin and end: what may stand behind them, and what would change what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rollout.content.documents.document import Node, Part, Scalar, Span
from rollout.content.documents.last_text import last_of
from rollout.content.documents.lines import line_end, line_start, next_line

_STRIPS = re.compile(r"[|>][1-9]?-")
_BLANK_LINES = re.compile(r"(?:\r?\n[ \t]*)+\Z")
_BLANK_BELOW = re.compile(r"(?:\r?\n[ \t]*(?=\r?\n)|\r?\n[ \t]+\Z)+")
_MARGIN = re.compile(r"^( *)[ \t]*\S", re.MULTILINE)


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


def width_of(lines: Sequence[str]) -> int:
    """Return the blanks with which all lines of a text begin."""
    return min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)


def behind_wide_blanks(text: str, at: int, last: Part, lines: Sequence[str]) -> int:
    """Return where the blank lines end that follow a place, if one would belong to the text with which lines end there.

    That text is the last one in a part of the template.
    """
    blank = _BLANK_BELOW.match(text, at)
    if blank is None or last_of(last).value.style not in {"|", ">"}:
        return at
    width = width_of(lines)
    return blank.end() if any(len(line) > width for line in blank[0].splitlines()) else at


def end_of_text(text: str, span: Span, said: str) -> int:
    """Return where the last line of a `|` or `>` text ends: a line of blanks further in than the text belongs to it."""
    blank = _BLANK_LINES.search(text, *span)
    if blank is None:
        return span[1]
    end = blank.start()
    first, first_said = _MARGIN.search(text, next_line(text, span[0]), span[1]), _MARGIN.search(said)
    if said.rstrip("\n").rpartition("\n")[2].strip() or first is None or first_said is None:
        return end
    inside = len(first[1]) - len(first_said[1])
    return max((one.end() for one in re.finditer(r"\n[ \t]*", blank[0]) if len(one[0]) - 1 > inside), default=0) + end
