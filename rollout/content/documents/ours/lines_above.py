"""Which blank lines and comments stand above a key or an entry."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from rollout.content.documents.document import Document, Node, Part, Span, nodes
from rollout.content.documents.lines import begins_line, line_end, line_start

_BLANK_IN_TEXT = re.compile(r"\n(?=[ \t]*\r?(?:\n|\Z))")


class Above(Struct, frozen=True):
    """What stands above the parts of a document: its text, and where its comments begin, by the ends of their lines.

    `said` are the beginnings of the blank lines that belong to a text of YAML.
    """

    text: str
    comments: Mapping[int, int]
    said: Collection[int]

    @classmethod
    def of(cls, document: Document, node: Node, comments: Iterable[Span]) -> Above:
        text = document.text
        spans = ((one.start, one.end) for one in nodes(node) if one.style in {"|", ">"})
        said = {found.start() + 1 for span in spans for found in _BLANK_IN_TEXT.finditer(text, *span)}
        return cls(text, {line_end(text, end - 1): start for start, end in comments}, said)

    def blanks(self, part: Part) -> Span:
        """Return the blank lines above a part and the comments directly above it; an empty span if there are none."""
        text = self.text
        if not begins_line(text, part.start):
            return part.start, part.start
        start = line_start(text, part.start)
        while start and (comment := self.comments.get(line_end(text, line_start(text, start - 1)))) is not None:
            if not begins_line(text, comment):
                break
            start = line_start(text, comment)
        end = start
        while start and not text[(above := line_start(text, start - 1)) : start].strip() and above not in self.said:
            start = above
        return start, end

    def ours(self, part: Part, count: int, foreign: Sequence[Span]) -> Span | None:
        """Return the last of the blank lines; None if a comment of others stands between them and the part."""
        start, end = self.blanks(part)
        if any(end <= one < part.start for one, _ in foreign):
            return None
        lines = self.lines((start, end))
        return end - sum(map(len, lines[len(lines) - min(count, len(lines)) :])), end

    def lines(self, span: Span) -> list[str]:
        return self.text[slice(*span)].splitlines(keepends=True)
