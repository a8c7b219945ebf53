"""Our comments above a key of ours and below all in it follow the template; one that others changed or moved stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.documents.comments_below import column_below, end_with_below, may_stand_above
from rollout.content.documents.document import (
    Array,
    Document,
    Edit,
    Node,
    Object,
    Part,
    Span,
    Unmergeable,
    applied,
    meaning,
)
from rollout.content.documents.foreign_comments import foreign_comments
from rollout.content.documents.ini.read import IniSection
from rollout.content.documents.key_path import BELOW, KeyPath, ListEntry
from rollout.content.documents.lines import begins_line, column, line_end, line_start, margin, newline_of, next_line
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.ours.comments import comment_texts, comments_since
from rollout.content.documents.ours.past import Above, Ours, is_implied
from rollout.content.documents.places import part_at


class _Head(Struct, frozen=True):
    """Comment lines, where each begins and what it says, and the place that they are above: a part, or what is below.

    `margin` are the blanks before them.
    """

    start: int
    margin: str
    lines: tuple[tuple[int, str], ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(said for _, said in self.lines)

    def ends_with(self, said: tuple[str, ...]) -> bool:
        return len(said) <= len(self.lines) and self.said[len(self.lines) - len(said) :] == said

    def last(self, count: int) -> int:
        """Return where the last lines begin."""
        return self.lines[-count][0]

    def end_of(self, holds: Callable[[int, str], bool]) -> int:
        """Return the number of the first of the last lines for which something holds."""
        own = len(self.lines)
        while own and holds(*self.lines[own - 1]):
            own -= 1
        return own


def known_above(ours: Ours, before: Document, after: Document, match: Match) -> Above:
    """Return the comments that stand above keys of ours because we wrote them there; None where others changed them.

    `ours` is what is ours after a write, but for those above keys, which are from before it.
    """
    if not ours.above and not after.comments:
        return {}
    had, has = _heads(before, match), _heads(after, match)
    here = {place: head for place, head in has.items() if _is_ours(ours, place)}
    fresh = any(head.lines and (place not in had or had[place].said != head.said) for place, head in here.items())
    foreign = {line_start(after.text, start) for start, _ in foreign_comments(after, ours, match)} if fresh else set()
    left = _left(ours.above, before, had, has) if fresh else Counter()
    new = Counter(said for _, said in _lines_of(after, after.comments)) - left
    known = {place: _put(ours.above.get(place, ()), had.get(place), head, foreign, new) for place, head in here.items()}
    return {place: said for place, said in known.items() if said != ()}


def _left(above: Above, before: Document, had: Mapping[KeyPath, _Head], has: Mapping[KeyPath, _Head]) -> Counter[str]:
    """Return the comment lines of a document but those of ours above keys from which a write took or moved them."""
    moved = (place for place, head in had.items() if place not in has or has[place].said != head.said)
    gone = Counter(said for place in moved for said in above.get(place) or ())
    return Counter(said for _, said in _lines_of(before, before.comments)) - gone


def _put(
    last: tuple[str, ...] | None, had: _Head | None, has: _Head, foreign: set[int], new: Counter[str]
) -> tuple[str, ...] | None:
    """Return which of the comments above a part we wrote there, now or earlier; None where others changed them."""
    own = has.end_of(lambda at, _: at not in foreign)
    if had is None:
        # What stood here before the part came is not above it by our doing, unless we had written it there before.
        return has.said[max(own, has.end_of(lambda _, said: said in new or said in (last or ()))) :]
    if last is None or not had.ends_with(last):
        return None
    kept = len(had.lines) - len(last)
    if had.said == has.said:
        return last
    return has.said[kept:] if has.said[:kept] == had.said[:kept] and own <= kept else None


def followed_above(before: Document, text: str, template: Document, ours: Ours, kind: MergedFile) -> str:
    """Return what we made of a document, with our comments above keys as the template has them now."""
    if not template.root.parts or not (ours.above or template.comments):
        return text
    wanted = _heads(template, kind.match)
    if text == before.text and not any(_differs(ours, place, head) for place, head in wanted.items()):
        return text
    document = kind.form.read(text)
    now = _since(ours, before, document, kind.match)
    foreign = foreign_comments(document, now, kind.match)
    edits = list(_edits(document, wanted, now, foreign, kind.match))
    result = applied(text, edits)
    return result if edits and _is_right(document, result, foreign, kind) else text


def _differs(ours: Ours, place: KeyPath, wanted: _Head) -> bool:
    """Tell whether a template has other comments above a key of ours than we wrote there last."""
    last = ours.above.get(place, ())
    return _is_ours(ours, place) and last is not None and last != wanted.said


def _is_ours(ours: Ours, place: KeyPath) -> bool:
    """Tell whether we added a part, or put an object or a list there, below which comments stand."""
    return place in ours.added or (place[-1] == BELOW and (place[:-1] in ours.added or place[:-1] in ours.found))


def _since(ours: Ours, before: Document, after: Document, match: Match) -> Ours:
    """Return what is ours once we have written a document."""
    new = {place for place, _ in _parts(after.root, match, ()) if part_at(before.root, place, match) is None}
    now = replace(ours, added=ours.added | new, comments=comments_since(ours.comments, before, after))
    return replace(now, above=known_above(now, before, after, match))


def _edits(
    document: Document, wanted: Mapping[KeyPath, _Head], ours: Ours, foreign: Sequence[Span], match: Match
) -> Iterator[Edit]:
    there = _heads(document, match)
    for place in [place for place in there.keys() & wanted.keys() if _differs(ours, place, wanted[place])]:
        head, last = there[place], ours.above.get(place) or ()
        if begins_line(document.text, head.start) and head.ends_with(last) and (last or not head.lines):
            end = line_start(document.text, head.start)
            span = (head.last(len(last)) if last else end, end)
            if _is_whole(document, span, foreign):
                yield Edit(*span, _written(document.text, head, wanted[place].said))


def _is_whole(document: Document, span: Span, foreign: Sequence[Span]) -> bool:
    """Tell whether a span holds whole comments, and none of others."""
    inside = [one for one in document.comments if one[0] < span[1] and span[0] < one[1]]
    return all(span[0] <= one[0] and one[1] <= span[1] and one not in foreign for one in inside)


def _written(text: str, head: _Head, said: Sequence[str]) -> str:
    """Return comment lines as they stand above a place, in its margin."""
    newline = newline_of(text, line_end(text, head.start))
    return "".join(head.margin + line + newline for line in said)


def _is_right(document: Document, result: str, foreign: Sequence[Span], kind: MergedFile) -> bool:
    """Tell whether a document still says the same, and has all comments of others."""
    try:
        said = kind.form.read(result)
    except Unmergeable:
        return False
    theirs = Counter(document.text[start:end] for start, end in foreign)
    same = meaning(said.root, followed=False) == meaning(document.root, followed=False)
    return same and theirs <= Counter(comment_texts(said))


def _heads(document: Document, match: Match) -> Mapping[KeyPath, _Head]:
    lines = dict(_lines_of(document, may_stand_above(document)))
    heads = dict[KeyPath, _Head]()
    for place, part in _parts(document.root, match, ()):
        heads[place] = _head(document.text, part, lines)
        if (below := _below(document, part)) is not None:
            heads[*place, BELOW] = below
    return heads


def _below(document: Document, part: Part) -> _Head | None:
    """Return the comments below all that is in an object or a list; there is no place for any on the line of others."""
    node, text = part.value, document.text
    if not isinstance(node, Object | Array) or node.style not in {"", "block", "flow"}:
        return None
    lines = tuple(_lines_of(document, document.below.get(node.start, ())))
    last = node.parts[-1] if node.parts else None
    if node.style == "flow" or (last is None and not lines):
        return _Head(node.end, "")
    above = lines[-1][0] if last is None or lines else end_with_below(document, last)
    start = next_line(text, above)
    if last is None or node.style == "":
        return _Head(min(start, node.end - 1), margin(text, lines[-1][0] if last is None else last.start), lines)
    width = column_below(column(text, last.start), column(text, part.start))
    return _Head(start, " " * width, lines)


def _head(text: str, part: Part, comments: Mapping[int, str]) -> _Head:
    found: list[tuple[int, str]] = []
    at = line_start(text, part.start)
    while at and begins_line(text, part.start) and (above := line_start(text, at - 1)) in comments:
        found.insert(0, (above, comments[above]))
        at = above
    return _Head(part.start, margin(text, part.start), tuple(line for line in found if line[1]))


def _lines_of(document: Document, comments: Sequence[Span]) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold a comment and nothing else: where each begins, and what it says."""
    text = document.text
    for start, stop in comments:
        end = start + len(text[start:stop].rstrip())
        at = line_start(text, start)
        if not begins_line(text, start) or text[end : line_end(text, end)].strip():
            continue
        while at < end:
            yield at, text[at : line_end(text, at)].strip()
            at = next_line(text, at)


def _parts(node: Node, match: Match, place: KeyPath) -> Iterator[tuple[KeyPath, Part]]:
    """Yield the keys and the matched entries that stand in one place, and of which there is no other of their name."""
    if not isinstance(node, Object | Array) or (isinstance(node, Array) and not match.keys(place)):
        return
    named = named_parts(node, match, place)
    names = [step.identity if isinstance(step, ListEntry) else step for step, _ in named]
    often = Counter(names)
    for (step, part), name in zip(named, names, strict=True):
        if often[name] > 1:
            continue
        if not _is_scattered(part.value):
            yield (*place, step), part
        yield from _parts(part.value, match, (*place, step))


def _is_scattered(node: Node) -> bool:
    """Tell whether a value stands in several places, or where something of others may stand, too."""
    return is_implied(node) or (isinstance(node, IniSection) and len(node.spans) > 1)
