"""Which comments of a document are others'; one that says what a comment of ours says may be either's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rollout.content.documents.comments_below import end_of, end_with_below, may_stand_above
from rollout.content.documents.document import Document, Part, Span, fault
from rollout.content.documents.lines import comments_above, line_end
from rollout.content.documents.match import Match
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import part_at


def foreign_comments(document: Document, ours: Ours, match: Match) -> list[Span]:
    """Return the comments that others wrote; of several with one text, those are ours that stand by what is ours."""
    often = Counter(_text(document, span) for span in document.comments)
    if all(often[text] <= count for text, count in ours.comments.items()):
        return [span for span in document.comments if _text(document, span) not in ours.comments]
    left, chosen = Counter(ours.comments), set()
    for span in _nearest_first(document, ours, match):
        text = _text(document, span)
        if left[text] > 0:
            left[text] -= 1
            chosen.add(span)
    alone = {text for text, count in ours.comments.items() if often[text] <= count}
    return [span for span in document.comments if span not in chosen and _text(document, span) not in alone]


def _text(document: Document, span: Span) -> str:
    return document.text[span[0] : span[1]]


def _nearest_first(document: Document, ours: Ours, match: Match) -> list[Span]:
    """Return the comments that stand in, behind or directly above a value of ours, the nearest first."""
    places = ours.added | ours.values.keys() | ours.entries.keys()
    found = (part_at(document.root, place, match) for place in places if place)
    parts = [(part, _lines(document, part)) for part in found if part is not None]
    far = {
        span: min((_distance(part, span) for part, (start, end) in parts if start <= span[0] < end), default=-1)
        for span in document.comments
    }
    return sorted((span for span in document.comments if far[span] >= 0), key=lambda span: far[span])


def _distance(part: Part, comment: Span) -> int:
    return max(part.start - comment[0], comment[0] - end_of(part), 0)


def _lines(document: Document, part: Part) -> Span:
    start = comments_above(document.text, part.start, may_stand_above(document), 0)
    return start, line_end(document.text, end_with_below(document, part))


def spares(document: Document, span: Span, foreign: Iterable[Span]) -> None:
    """Raise Unmergeable if a comment of others stands in what would go away."""
    for start, end in foreign:
        if span[0] < end and start < span[1]:
            raise fault(document.text, start, "a comment of others stands in what would go away; move it first")
