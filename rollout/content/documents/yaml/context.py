"""What an edit of a YAML document has to know: the document, the comments of others in it, and the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from rollout.content.documents.comments_below import end_with_below, may_stand_above
from rollout.content.documents.document import Array, Document, Node, Object, Part, Span
from rollout.content.documents.lines import comments_above, line_end, next_line
from rollout.content.documents.yaml.style import style_of
from rollout.content.documents.yaml.write import PROPERTIES, YamlWriter


class Holder(Struct, frozen=True):
    """The part whose value a collection is, and the collection in which that part stands."""

    part: Part
    container: Object | Array


class YamlContext(Struct, frozen=True):
    """A document to be changed, and what is known of it and of the template; nothing in it changes."""

    document: Document
    foreign: Sequence[Span]  # the comments of others
    writer: YamlWriter
    holders: dict[int, Holder]  # by the identity of the collection
    blocks: dict[int, Part]  # of the template: what holds the block of each part, by the part's identity
    gone: frozenset[int]  # parts of the document that go in this change, by their identity

    @property
    def text(self) -> str:
        return self.document.text

    def holder_of(self, container: Object | Array) -> Holder | None:
        """Return what holds a collection; None for the document itself."""
        return self.holders.get(id(container))

    def lines_of(self, part: Part) -> Span:
        """Return the lines of a part, with our comments above it and below it."""
        others = set(self.foreign)
        ours = [span for span in may_stand_above(self.document) if span not in others]
        end = end_with_below(self.document, part, others)
        return comments_above(self.text, part.start, ours, 0), next_line(self.text, end)

    def below_key(self, part: Part) -> Span:
        """Return the lines of a part that stand below its key, with our comments below them."""
        return next_line(self.text, part.body), self.lines_of(part)[1]

    def is_below_key(self, part: Part) -> bool:
        """Tell whether a part's value is a block that begins on the line below its key."""
        node = part.value
        first = node.parts[0].start if isinstance(node, Object | Array) and node.style == "block" else part.body
        return "\n" in self.text[part.body : first]

    def beside_properties(self, part: Part, head: str) -> Span:
        """Return where a text goes on the line of a block's key: over its anchor if it has that, or else behind it."""
        found = PROPERTIES.match(self.text, part.body)
        behind = len(self.text[: found.end()].rstrip(" \t")) if found and found[0].strip() else part.body
        return (part.body if head.lstrip().startswith(self.text[part.body : behind].strip()) else behind), behind

    def is_noted(self, end: int) -> bool:
        """Tell whether a comment of others stands behind a place on its line."""
        return self._comment_behind(end) in self.foreign

    def behind_ours(self, end: int) -> int:
        """Return where our comment behind a place ends, or else the place; the blanks behind it were there before."""
        found = self._comment_behind(end)
        if found is None or found in self.foreign or self.text[end : found[0]].strip():
            return end
        return len(self.text[: found[1]].rstrip(" \t"))

    def _comment_behind(self, end: int) -> Span | None:
        return next((span for span in self.document.comments if end <= span[0] < line_end(self.text, end)), None)

    def first_comment(self, span: Span) -> Span | None:
        """Return the comment of others on the first of the lines of a span."""
        first = line_end(self.text, span[0])
        return next((one for one in self.foreign if span[0] <= one[0] and one[1] == first < span[1]), None)


def context_of(document: Document, template: Document, foreign: Sequence[Span], gone: frozenset[int]) -> YamlContext:
    """Return what the edits that a template asks for have to know."""
    writer = YamlWriter(template, style_of(document, style_of(template)))
    return YamlContext(document, foreign, writer, dict(_holders(document.root)), dict(_blocks(template.root)), gone)


def _holders(node: Node) -> Iterator[tuple[int, Holder]]:
    if isinstance(node, Object | Array):
        for part in node.parts:
            yield id(part.value), Holder(part, node)
            yield from _holders(part.value)


def _blocks(node: Node, holder: Part | None = None) -> Iterator[tuple[int, Part]]:
    if isinstance(node, Object | Array):
        for part in node.parts:
            if holder is not None and node.style == "block":
                yield id(part), holder
            yield from _blocks(part.value, part)
