"""Where the commas between brackets stand, and which parts of an object or a list stand on lines of their own."""

from __future__ import annotations

import re

from msgspec import Struct

from rollout.content.documents.document import Array, Document, Node, Object
from rollout.content.documents.lines import begins_line, rest_is_comment

_ON_A_LINE = re.compile(r"(,[ \t]*)\Z")
COMMA_FIRST = re.compile(r"(?s:.*?)(\r?\n[ \t]*,[ \t]*)\Z")


class Commas(Struct, frozen=True):
    """The commas behind the parts of one object or list, by the parts' numbers."""

    document: Document
    container: Object | Array

    def comma(self, index: int) -> int | None:
        """Return where the comma behind a part stands."""
        parts, text = self.container.parts, self.document.text
        end = parts[index + 1].start if index + 1 < len(parts) else self.container.end - 1
        at = parts[index].value.end
        for start, stop in (*self.document.comments, (end, end)):
            if start >= at:
                found = text.find(",", at, min(start, end))
                if found >= 0 or start >= end:
                    return found if found >= 0 else None
                at = stop
        return None

    def end(self, index: int) -> int:
        """Return where a part ends, with its comma."""
        comma = self.comma(index)
        return self.container.parts[index].value.end if comma is None else comma + 1

    def noted(self, index: int) -> int:
        """Return where the comments end that stand behind a part on its line, before or behind its comma."""
        text, noted = self.document.text, self.container.parts[index].value.end
        for start, end in self.document.comments:
            if noted <= start < self.container.end and not text[noted:start].strip(" \t,"):
                noted = end
        return noted

    def ends_line(self, index: int) -> bool:
        """Tell whether nothing but comments stands behind a part on its line."""
        return rest_is_comment(self.document.text, self.end(index), self.document.comments)

    def whole_lines(self, index: int) -> bool:
        """Tell whether nothing but comments stands beside a part on its lines."""
        return begins_line(self.document.text, self.container.parts[index].start) and self.ends_line(index)


def trails(text: str, node: Node) -> bool:
    """Tell whether a comma stands behind the last part of an object or a list that is written over several lines."""
    if not isinstance(node, Object | Array) or not node.parts or text[node.end - 1] not in "}]":
        return False
    return re.match(r"[ \t]*,[^\n]*\n", text[node.parts[-1].value.end : node.end]) is not None


def gap_in(text: str, container: Object | Array, how: re.Pattern[str] = _ON_A_LINE) -> str | None:
    """Return the text between the last two parts of an object or a list, if they stand as asked for."""
    if len(container.parts) < 2:
        return None
    before, last = container.parts[-2:]
    found = how.match(text, before.value.end, last.start)
    return found[1] if found else None
