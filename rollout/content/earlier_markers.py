"""The lines that stood around our block before `markers:`, its id or its mode changed, as our own writes show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.content import blocks, markers, unmarked
from rollout.content.marker_words import begin_and_end, differing, may_be_markers, text_of, with_id, words
from rollout.content.markers import MarkerError, Spot
from rollout.model.files import Managed, Written

if TYPE_CHECKING:
    from rollout.content.documents.document import Document

_Pairs = tuple[tuple[bytes, bytes], ...]
_Lines = list[bytes]


def needs_past(item: Managed, written: Written | None) -> bool:
    """Tell whether only what we wrote earlier can show which lines of a file are the markers of our block."""
    spot, last = markers.spot_of(item), _last(written)
    return not _is_known(spot, last) or _has_several(spot, last)


def with_earlier(spot: Spot, written: Written | None, body: bytes) -> Spot:
    """Return the spot with the form that our block has in our last write, if that is another one than it should be."""
    last = _last(written)
    if written is None or _is_known(spot, last):
        return spot
    return replace(spot, earlier=_earlier(spot, last, written.ours, body))


def _last(written: Written | None) -> bytes:
    return b"" if written is None or written.file is None else written.file.content


def _has_several(spot: Spot, content: bytes) -> bool:
    """Tell whether a file has blocks of which one may be another's that has the id of ours now."""
    return len(blocks.find(content, spot)) > 1


def _is_known(spot: Spot, last: bytes) -> bool:
    """Tell whether our block stands in our last write as the inventory says, or does not stand there at all."""
    if not last:
        return True
    try:
        return spot.block_id in blocks.find(last, spot)
    except MarkerError:
        return False  # only one of the two lines is another one now


@lru_cache(maxsize=64)
def _earlier(spot: Spot, last: bytes, pairs: _Pairs, body: bytes) -> tuple[str, ...]:
    """Return the two lines with the word ID in them; nothing where it is not certain what they were."""
    followed = _followed(spot, pairs)
    if followed is not None and _fits(followed, last, body):
        return followed.custom
    forms = (form for lines in _candidates(last, pairs, body) if (form := _form(lines, spot, last)))
    return next((form for form in forms if _fits(replace(spot, custom=form), last, body)), ())


def _followed(spot: Spot, pairs: _Pairs) -> Spot | None:
    """Return the block, whatever its id, that we put into the file, followed through our writes that moved it.

    A write moves our block if nothing but blocks went for what it added, and begins one if none of ours stood there
    and we had never written before, the file was blank, or it appended, or replaced all that we had written. One that
    replaced all of a file by the same lines between two others gave our own text its markers.
    """
    found: Spot | None = None
    for number, (before, after) in enumerate(pairs):
        gone, added = _without_moved(*_difference(before.split(b"\n"), after.split(b"\n")))
        stands = _stands(found, before)
        fresh = not stands and (number == 0 or not before.strip() or _is_appended(after, added))
        moved = _only_blocks(gone, found if stands and found else spot)
        instead = not stands and number > 0 and gone == _full_lines(pairs[number - 1][1])
        around = gone == added[1:-1] == _full_lines(before)
        if (gone and moved) or (fresh and _began(before, gone, added)) or instead or around:
            named = (one for one in _named_alike(added, spot) if _stands(one, after))
            found = next((one for one in named if _surely(one.custom, added, after)), found)
    return found


def _began(before: bytes, gone: _Lines, added: _Lines) -> bool:
    """Tell whether our first write may be a block: appended, around text that was there, or in place of a section.

    For a section, other lines must stay, or we wrote the whole file; and the ends must differ in one word, as `begin`
    and `end` do, for the first and the last line of a text hardly ever do. A line that stood there before is no marker.
    """
    if {line.strip() for line in (*added[:1], *added[-1:])} & {line.strip() for line in gone}:
        return False
    return all(line in added[1:-1] for line in gone) or (len(gone) < len(_full_lines(before)) and differing(added) == 1)


def _is_appended(after: bytes, added: _Lines) -> bool:
    """Tell whether these lines end the file with a blank line above, as a block does in a file that others share."""
    above = [one for one, line in pairwise(after.split(b"\n")) if line in added[:1]]
    return _full_lines(after)[-len(added) :] == added and any(not one.strip() for one in above)


def _surely(form: tuple[str, ...], lines: _Lines, content: bytes) -> bool:
    """Tell whether lines that begin and end so are a block, and not a file that we wrote whole."""
    return lines != _full_lines(content) or begin_and_end(form)


def _stands(block: Spot | None, content: bytes) -> bool:
    try:
        return block is not None and block.block_id in blocks.find(content, block)
    except MarkerError:
        return False


def _named_alike(lines: _Lines, spot: Spot) -> Iterator[Spot]:
    """Yield what the first and the last of these lines are as markers, if a word of both is the id.

    Which of the words was the id does not matter to find the two lines again, so the likely ones come first.
    """
    ends = [*lines[:1], *lines[1:][-1:]]
    if len(ends) == 2 and may_be_markers(ends, spot):
        begin, end = map(text_of, ends)
        pairs = [(one, other) for one in words(begin) for other in words(end) if one[0] == other[0]]
        for one, other in sorted(pairs, key=lambda pair: pair[0][0] != spot.block_id):
            form = (with_id(begin, one), with_id(end, other))
            if markers.fault_of(form) is None:
                yield replace(spot, block_id=one[0], custom=form)


def _candidates(last: bytes, pairs: _Pairs, body: bytes) -> Iterator[_Lines]:
    """Yield lines that are blocks with their markers: what we put into the file, and what is around our text."""
    for before, after in reversed(pairs):
        yield _difference(before.split(b"\n"), after.split(b"\n"))[1]
    span = unmarked.place(last, blocks.said(body))
    if span is not None:
        above, below = (_full(part.split(b"\n")) for part in (last[: span[0]], last[span[1] :]))
        yield [*above[-1:], *_full(last[span[0] : span[1]].split(b"\n")), *below[:1]]


def _difference(before: _Lines, after: _Lines) -> tuple[_Lines, _Lines]:
    """Return the lines of both between those that they have in common at their beginning and at their end."""
    top = _common(before, after)
    bottom = _common(before[top:][::-1], after[top:][::-1])
    return _full(before[top : len(before) - bottom]), _full(after[top : len(after) - bottom])


def _without_moved(gone: _Lines, added: _Lines) -> tuple[_Lines, _Lines]:
    """Return both without the lines that only moved up: those at the end of the one that begin the other."""
    moved = max(number for number in range(len(gone) + 1) if gone[len(gone) - number :] == added[:number])
    return gone[: len(gone) - moved], added[moved:]


def _common(one: _Lines, other: _Lines) -> int:
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False)))


def _full_lines(content: bytes) -> _Lines:
    return _full(content.split(b"\n"))


def _full(lines: _Lines) -> _Lines:
    return [line for line in lines if line.strip()]


def _form(lines: _Lines, spot: Spot, last: bytes) -> tuple[str, ...] | None:
    """Return what the first and the last line that name the block say around its id, if nothing but blocks is there."""
    word = re.compile(rf"(?<!\w){re.escape(spot.block_id)}(?!\w)")
    named = [text for line in lines if word.search(text := text_of(line))]
    if len(named) < 2 or any(len(word.findall(text)) != 1 for text in (named[0], named[-1])):
        return None
    form = (word.sub("ID", named[0]), word.sub("ID", named[-1]))
    if markers.fault_of(form) is not None or not _surely(form, lines, last):
        return None
    return form if _only_blocks(lines, replace(spot, custom=form)) else None


def _only_blocks(lines: _Lines, spot: Spot) -> bool:
    content = b"\n".join(lines) + b"\n"
    try:
        return not blocks.without(content, blocks.find(content, spot).values()).strip()
    except MarkerError:
        return False


def _fits(spot: Spot, last: bytes, body: bytes) -> bool:
    """Tell whether our last write holds our block in this form; then nothing in the template may look like it."""
    try:
        return _stands(spot, last) and not blocks.find(body, spot) and not _is_content(spot, last)
    except MarkerError:
        return False


def _is_content(block: Spot, content: bytes) -> bool:
    """Tell whether the lines of a block say something in a document: then they are no markers, but an entry or a key.

    A line of others in it can be among those that we wrote: an entry got a comma.
    """
    from rollout.content.documents import formats
    from rollout.content.documents.document import Unmergeable
    from rollout.content.documents.merge import MergedFile

    kind = MergedFile(block.path, formats.format_of(block.path, block.format))
    try:
        document = kind.read(content)
    except Unmergeable:
        return False  # its format is not known, or the lines are what makes it none
    found = blocks.find(content, block)[block.block_id]
    return not all(_is_comment(document, mark.number) for mark in (found.begin, found.end))


def _is_comment(document: Document, number: int) -> bool:
    """Tell whether a line, counted from one, is a comment, or part of one."""
    lines = document.text.split("\n")
    line, above = lines[number - 1], sum(len(line) + 1 for line in lines[: number - 1])
    start, end = above + len(line) - len(line.lstrip()), above + len(line.rstrip())
    return any(one <= start and end <= other for one, other in document.comments)
