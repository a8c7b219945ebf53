"""Comments between the values that others had, put back among them after a person changed, added or removed some.

What is known stands in the order in which others had it. A comment that is new stands above what is known below it, or
in the place of the one that it replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.document import Document, Edit, Replaced, Restore, Span, applied
from rollout.content.documents.lines import begins_line, line_start, margin, newline_of, next_line

_Known = Mapping[int, int]  # what is there now and was there before, by number


class _Piece(Struct, frozen=True):
    """A comment, or a line of a value."""

    said: str
    at: Span
    is_comment: bool = True


class _Gap(Struct, frozen=True):
    """The comments that are gone and those that are new between two pieces that stay; `below` is the second one."""

    gone: list[_Piece]
    new: list[_Piece]
    below: _Piece | None


def between_again(document: Document, back: Restore, inside: Sequence[Span], behind: Sequence[Span]) -> Restore:
    """Return the operation with what others had around the comments that are now inside our value or behind it.

    A comment behind it that never was inside stays where it is.
    """
    text, found, value = document.text, back.found, back.part.value
    had = [*_pieces(found.text, (0, len(found.text)), found.comments)]
    values = [*_pieces(text, (min(value.start, inside[0][0]), value.end), inside)] if inside else []
    now = [*values, *(_Piece(text[start:end], (start, end)) for start, end in run_of(text, behind))]
    known = _known(had, now)
    staying = max((len(values), *(number + 1 for number in known)))
    gone = [piece for piece in had[max(known.values(), default=-1) + 1 :] if piece.is_comment]
    last = max([value.end, *(piece.at[1] for piece in now[:staying])])
    now = [*now[:staying], *_changed(text, last, found, gone, now[staying:])]
    edits = [edit for gap in _gaps(had, now, known) for edit in _filled(found.text, gap)]
    left = tuple(piece.at for piece in now if piece.is_comment)
    return replace(back, found=replace(found, text=applied(found.text, edits), comments=()), left=left)


def run_of(text: str, comments: Sequence[Span]) -> Iterator[Span]:
    """Yield the first of these comments, and those that stand below it with nothing but blank lines between."""
    above = None
    for start, end in comments:
        if not begins_line(text, start) or (above is not None and text[above:start].strip()):
            return
        yield start, end
        above = end


def _pieces(text: str, span: Span, comments: Sequence[Span]) -> Iterator[_Piece]:
    at = span[0]
    for start, end in (*comments, (span[1], span[1])):
        for line in re.findall(r"[^\n]*\n|[^\n]+", text[at:start]):
            begin = at + len(line) - len(line.lstrip())
            if said := line.strip():
                yield _Piece(said, (begin, begin + len(said)), is_comment=False)
            at += len(line)
        if start < end:
            yield _Piece(text[start:end], (start, end))
        at = end


def _known(had: Sequence[_Piece], now: Sequence[_Piece]) -> _Known:
    """Return what stands in the order in which it stood, and the comments that only moved."""
    with_values = any(not piece.is_comment for piece in now)
    was = [number for number, piece in enumerate(had) if with_values or piece.is_comment]
    pair = [had[number].said for number in was], [piece.said for piece in now]
    blocks = SequenceMatcher(None, *pair, autojunk=False).get_matching_blocks()
    known = {block.b + n: was[block.a + n] for block in blocks for n in range(block.size)}
    moved: dict[str, list[int]] = {}
    staying = set(known.values())
    for number, piece in enumerate(had):
        if piece.is_comment and number not in staying:
            moved.setdefault(piece.said, []).append(number)
    for number, piece in enumerate(now):
        if number not in known and moved.get(piece.said):
            known[number] = moved[piece.said].pop(0)
    return known


def _changed(text: str, at: int, found: Replaced, gone: Sequence[_Piece], below: Sequence[_Piece]) -> Iterator[_Piece]:
    """Yield the comments directly below a place that stand as those stood that are gone; all others stay below."""
    margins = {margin(found.text, piece.at[0]) for piece in gone}
    for piece in below:
        if next_line(text, at) != line_start(text, piece.at[0]) or margin(text, piece.at[0]) not in margins:
            return
        if piece.said in found.below:
            return
        yield piece
        at = piece.at[1]


def _gaps(had: Sequence[_Piece], now: Sequence[_Piece], known: _Known) -> Iterator[_Gap]:
    above: dict[int, list[_Piece]] = {}
    new: list[_Piece] = []
    for number, piece in enumerate(now):
        if number in known:
            above[known[number]], new = new, []
        elif piece.is_comment:
            new.append(piece)
    gone: list[_Piece] = []
    for number, piece in enumerate(had):
        if number in above:
            yield _Gap(gone, above[number], piece)
            gone = []
        elif piece.is_comment:
            gone.append(piece)
    yield _Gap(gone, new, None)


def _filled(text: str, gap: _Gap) -> Iterator[Edit]:
    """Yield the edits that put new comments in the place of those that are gone, or above what stays below them."""
    if not gap.gone:
        yield from _above(text, gap.new, gap.below)
    last = len(gap.gone) - 1
    for number, piece in enumerate(gap.gone):
        new = gap.new[number:] if number == last else gap.new[number : number + 1]
        yield from _above(text, new[:-1], piece)
        yield Edit(*piece.at, new[-1].said) if new else _cut(text, piece)


def _above(text: str, new: Sequence[_Piece], piece: _Piece | None) -> Iterator[Edit]:
    """Yield the edit that puts comments above a piece, or below it on the line of a key; None is below all."""
    if not new:
        return
    newline = newline_of(text)
    if piece is None:
        yield Edit(len(text), len(text), "".join(newline + margin(text, len(text)) + one.said for one in new))
        return
    at = line_start(text, piece.at[0]) or next_line(text, piece.at[0])
    yield Edit(at, at, "".join(margin(text, at) + one.said + newline for one in new))


def _cut(text: str, piece: _Piece) -> Edit:
    """Return the edit that takes out a comment, and the line that holds nothing else."""
    start, end = piece.at
    if begins_line(text, start):
        return Edit(line_start(text, start), next_line(text, end), "")
    return Edit(len(text[:start].rstrip(" \t")), end, "")
