"""Find where lines begin and end around a place in a text, and cut out a part without a comment of others."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from msgspec.structs import replace

from rollout.content.documents.document import Edit, Span


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Return where the line's own text ends: before its line end, CRLF or LF."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def lines_in(text: str) -> list[str]:
    """Return the lines of a text without their ends; U+2028 and its like end none."""
    return re.split(r"\r?\n", re.sub(r"\r?\n\Z", "", text)) if text else []


def margin(text: str, at: int) -> str:
    """Return the white space at the beginning of a place's line."""
    line = text[line_start(text, at) : line_end(text, at)]
    return line[: len(line) - len(line.lstrip(" \t"))]


def column(text: str, at: int) -> int:
    return at - line_start(text, at)


def begins_line(text: str, at: int) -> bool:
    return not text[line_start(text, at) : at].strip(" \t\ufeff")


def lead(text: str, at: int, comments: Sequence[Span]) -> int:
    """Return where the comments begin that stand between the beginning of a line and a place; else the place."""
    before = next((span for span in comments if span[1] == len(text[:at].rstrip(" \t"))), None)
    return at if before is None else lead(text, before[0], comments)


def newline_of(text: str, at: int | None = None) -> str:
    """Return the line end of a text: the one at a place, else any."""
    if at is not None and text[at : at + 1] == "\n":
        return "\n"
    return "\r\n" if "\r\n" in text else "\n"


def rest_is_comment(text: str, at: int, comments: Sequence[Span]) -> bool:
    """Tell whether nothing but white space and comments follows on the line."""
    end = line_end(text, at)
    return not without(text, (at, end), comments).strip()


def without(text: str, span: Span, comments: Sequence[Span]) -> str:
    """Return a part of a text without its comments."""
    out, at = [], span[0]
    for start, end in comments:
        if span[0] <= start < span[1]:
            out.append(text[at:start])
            at = min(end, span[1])
    return "".join((*out, text[at : span[1]]))


def cut(text: str, span: Span, foreign: Sequence[Span]) -> list[Edit]:
    """Return the edits that take a span out and leave the comments of others in it, each on its line."""
    edits, at = [], span[0]
    for start, end in foreign:
        if not span[0] <= start < span[1]:
            continue
        keep_from, keep_to = start, min(max(end, next_line(text, end)), span[1])
        if text[end : next_line(text, end)].strip():
            keep_to = min(end, span[1])  # something of ours follows on the line
        if begins_line(text, start):
            keep_from = max(line_start(text, start), at)
        elif begins_line(text, at) or at == line_start(text, at):
            at += len(text[at:keep_from]) - len(text[at:keep_from].lstrip(" \t"))
        if keep_from > at:
            edits.append(Edit(at, keep_from, ""))
        at = max(at, keep_to)
    if at < span[1]:
        edits.append(Edit(at, span[1], ""))
    return edits


def apart(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits with new lines moved before the lines that go away and that they would stand behind.

    Where several come to one place, they keep their order.
    """
    cuts = [edit for edit in edits if not edit.text and edit.start < edit.end]
    moved: list[Edit] = []
    last = 0  # where the new lines before stand
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.text and edit.start == edit.end:
            moved.append(_not_before(text, last, _before_cuts(text, edit, cuts), edit))
            last = moved[-1].start
        else:
            moved.append(edit)
    return moved


def _not_before(text: str, last: int, edit: Edit, old: Edit) -> Edit:
    """Return new lines that stand behind others that came before them, though more went away above those."""
    if edit.start >= last:
        return edit
    lines = old if text[last - 1] != "\n" else _from_the_top(text, old)
    return replace(lines, start=last, end=last)


def _before_cuts(text: str, edit: Edit, cuts: Sequence[Edit]) -> Edit:
    at = edit.start
    while cut_here := next((cut for cut in cuts if _would_go(text, at, cut)), None):
        if not cut_here.start:
            return _from_the_top(text, edit)
        if text[cut_here.start - 1] != "\n":
            break
        at = line_end(text, line_start(text, cut_here.start - 1))
    if at == edit.start or edit.text.startswith(("\r", "\n")):
        return replace(edit, start=at, end=at)
    newline = newline_of(text, at)
    return replace(edit, start=at, end=at, text=newline + edit.text.removesuffix(newline))  # it stood before a line


def _would_go(text: str, at: int, cut: Edit) -> bool:
    """Tell whether the end of a line goes away; that of a blank line is where the line begins."""
    begun = cut.start < at or (cut.start == at and begins_line(text, at))
    return begun and at < cut.end + _reaches_end(text, cut)


def _from_the_top(text: str, edit: Edit) -> Edit:
    """Return new lines that come first, for all before them goes away."""
    lines = edit.text.lstrip("\r\n")
    return replace(edit, start=0, end=0, text=lines if lines.endswith("\n") else lines + newline_of(text))


def _reaches_end(text: str, cut: Edit) -> bool:
    """Tell whether a cut takes away the end of a text that has no line end."""
    return cut.end == len(text) and not text.endswith("\n")


def without_dangling(text: str, edits: Sequence[Edit], *, had_none: bool) -> list[Edit]:
    """Return the edits with one more where the end of a text goes away that had no line end: nor has what is left.

    It had none either where the one that is there was written with what goes away, or is written anew: `had_none`.
    """
    start = len(text)
    for number, edit in _backwards(edits):
        added_last = edit.start == edit.end == start < len(text)
        if added_last and not edit.ends_line and not text.endswith("\n"):
            last = replace(edit, text=edit.text.removesuffix("\n").removesuffix("\r"))  # it stood before a line
            return [*edits[:number], last, *edits[number + 1 :]]
        if had_none and start == len(text) and edit.end == line_end(text, line_start(text, start - 1)):
            return [*edits, Edit(edit.end, start, "")]
        if edit.text or edit.end != start or edit.start == edit.end:
            break
        start = edit.start
    if start in {0, len(text)} or (text.endswith("\n") and not had_none) or text[start - 1] != "\n":
        return list(edits)
    newline = start - 2 if text[start - 2 : start] == "\r\n" else start - 1
    return [*edits, Edit(newline, start, "")]


def _backwards(edits: Sequence[Edit]) -> list[tuple[int, Edit]]:
    """Return the edits with their numbers, the last one in the text first."""
    order = sorted(enumerate(edits), key=lambda pair: (pair[1].start, pair[1].end))
    return order[::-1]


def ends_anew(before: str, after: str, *, already: bool) -> bool:
    """Tell whether others had a last line without a line end, and it has one now."""
    return bool(before.strip()) and (already or not before.endswith("\n")) and after.endswith("\n")


def ended(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits with the line end that what comes last then needs, and that nothing before it needs."""
    at = len(text)
    for index, edit in _backwards(edits):
        if edit.end < at or edit.text:
            needs = edit.end == at and edit.ends_line
            return [
                replace(one, text=one.text + newline_of(text)) if needs and n == index else one
                for n, one in enumerate(edits)
            ]
        at = edit.start
    return list(edits)


def comments_above(text: str, at: int, comments: Sequence[Span], floor: int) -> int:
    """Return where the comments begin that stand directly above a line, at `floor` or later; else the line's start.

    `comments` stand in the order of the text.
    """
    start = line_start(text, at)
    while start > floor:
        number = bisect_left(comments, (start, start)) - 1
        begin, end = comments[number] if number >= 0 else (start, start)
        is_above = begin < start and line_end(text, end - 1) == line_end(text, line_start(text, start - 1))
        if not is_above or not begins_line(text, begin) or line_start(text, begin) < floor:
            break
        start = line_start(text, begin)
    return start
