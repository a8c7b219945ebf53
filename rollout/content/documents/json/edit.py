"""Change JSON in place; write new members as the template spells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence

from msgspec import Struct

from rollout.content.documents.commas import gap_in
from rollout.content.documents.comment_behind import followed
from rollout.content.documents.comments_below import lines_below
from rollout.content.documents.delimited import Brackets, WrittenPart
from rollout.content.documents.document import (
    Amend,
    Array,
    Document,
    Edit,
    Node,
    Object,
    Operation,
    Part,
    Replace,
    Restore,
    Scalar,
    Span,
    nodes,
)
from rollout.content.documents.json import read as json_read
from rollout.content.documents.left_comments import emptied_around
from rollout.content.documents.lines import begins_line, line_end, margin, newline_of
from rollout.content.documents.template_text import comment_behind, comments_before


class Json(Struct, frozen=True):
    """The format of .json files, with the comments and trailing commas that editors allow."""

    def read(self, text: str) -> Document:
        return json_read.read(text)

    def edits(
        self, document: Document, template: Document, operations: Sequence[Operation], foreign: Sequence[Span]
    ) -> list[Edit]:
        writer = _writer(document, template)
        edits: list[Edit] = []
        growing = {id(one.container) for one in operations if isinstance(one, Amend) and one.new}
        for operation in operations:
            if isinstance(operation, Replace):
                noted = followed(document, operation, foreign, template)
                edits += [_replaced(document, operation, writer), *_beside_comma(document, operation, noted, growing)]
            elif isinstance(operation, Restore):
                value, around = operation.part.value, emptied_around(operation, foreign)
                whole = [Edit(value.start, value.end, operation.found.text)]
                edits += Brackets(document, around, foreign, writer).edits() if around else whole
                noted = followed(document, operation, foreign, template)
                edits += _beside_comma(document, operation, noted, growing)
            elif operation.container.style == "missing":
                edits.append(_first_object(document, operation.new, writer))
            else:
                edits += Brackets(document, operation, foreign, writer).edits()
        return edits


def _beside_comma(
    document: Document, operation: Replace | Restore, noted: list[Edit], growing: Container[int]
) -> list[Edit]:
    """Return the edits of a comment behind a value, without one where a comma has still to come for new parts."""
    last = operation.container.parts[-1] is operation.part and id(operation.container) in growing
    at = operation.part.value.end
    return [one for one in noted if not last or one.start < one.end or "," in document.text[at : one.start]]


def _writer(document: Document, template: Document) -> _Writer:
    indent = re.search(r"\n([ \t]+)[^ \t\r\n]", document.text)
    spread, newline = "\n" in document.text.strip(), newline_of(document.text)
    return _Writer(template, indent[1] if indent else "  ", spread, newline, _gap(document), _colon(document))


def _gap(document: Document) -> str:
    """Return what stands between two parts on a line: a comma alone if the document is compact, else with a space."""
    containers = (node for node in nodes(document.root) if isinstance(node, Object | Array))
    gap = next((gap for one in containers if (gap := gap_in(document.text, one))), ", ")
    return "," if gap == "," else ", "


def _colon(document: Document) -> str:
    """Return what stands between most keys of a document and their values; "" where none shows it."""
    objects = (node for node in nodes(document.root) if isinstance(node, Object))
    signs = (
        document.text[_end_of_key(document.text, part) : part.value.start] for one in objects for part in one.parts
    )
    seen = Counter(sign for sign in signs if sign in {":", ": ", " : "})
    return seen.most_common(1)[0][0] if seen else ""


def _end_of_key(text: str, part: Part) -> int:
    return text.rindex('"', part.start, part.body) + 1


class _Writer(Struct):
    """Writes parts of the template as they are spelled there, in the document's indentation."""

    template: Document
    unit: str
    spread: bool
    newline: str
    gap: str
    colon: str  # "" is the template's

    def inline(self, part: Part) -> str:
        return self._key(part) + self.on_one_line(part.value)

    def lines(self, part: Part, margin: str) -> WrittenPart:
        above = comments_before(self.template, part.start)
        return WrittenPart(
            self._key(part) + self.value(part.value, margin), above, comment_behind(self.template, part.value.end)
        )

    def _key(self, part: Part) -> str:
        if not part.body:
            return ""
        text = self.template.text
        name = text[part.start : _end_of_key(text, part)]
        if self.colon:
            return name + self.colon
        gap = text[part.body : part.value.start]
        return f"{name}:{' ' if gap.strip(' ') else gap}" if not gap.strip() else f"{name}: "

    def on_one_line(self, node: Node) -> str:
        text = self.template.text[node.start : node.end]
        if isinstance(node, Scalar) or "\n" not in text:
            return text
        assert not isinstance(node, Scalar)
        parts = getattr(node, "parts", ())
        return text[0] + ", ".join(self.inline(part) for part in parts) + text[-1]

    def value(self, node: Node, margin: str) -> str:
        text = self.template.text[node.start : node.end]
        if "\n" not in text:
            return text
        parts: tuple[Part, ...] = getattr(node, "parts", ())
        inside = self.newline + margin + self.unit
        below = [inside + comment for comment in lines_below(self.template, node)]
        if not parts and not below:
            return text[0] + text[-1]
        out = [text[0]]
        for number, part in enumerate(parts, 1):
            written = self.lines(part, margin + self.unit)
            out += [inside + comment for comment in written.above]
            out.append(inside + written.text + ("," if number < len(parts) else ""))
            out.append(f" {written.behind}" if written.behind else "")
        return "".join((*out, *below, self.newline + margin + text[-1]))


def _replaced(document: Document, operation: Replace, writer: _Writer) -> Edit:
    text, old = document.text, operation.part.value
    if begins_line(text, operation.part.start):
        new = writer.value(operation.new.value, margin(text, operation.part.start))
    else:
        new = writer.on_one_line(operation.new.value)
    return Edit(old.start, old.end, new)


def _first_object(document: Document, new: Sequence[Part], writer: _Writer) -> Edit:
    """Write the object that a text of comments alone, or an empty one, does not have yet."""
    end = len(document.text.rstrip())
    inner = ", ".join(writer.inline(part) for part in new)
    return Edit(end, line_end(document.text, end), (writer.newline if end else "") + "{" + inner + "}")
