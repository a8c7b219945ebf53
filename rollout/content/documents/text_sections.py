"""Lines and sections put into a text and taken out of it: what TOML and INI files have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rollout.content.documents.document import Amend, Document, Edit, Part, Span
from rollout.content.documents.lines import comments_above, cut, line_end, line_start, newline_of, next_line


def cut_lines(document: Document, start: int, end: int, foreign: Sequence[Span]) -> list[Edit]:
    """Take out the lines from one place to another, with our comments above them."""
    return cut(document.text, _lines(document, start, end, foreign), foreign)


def cut_section(document: Document, start: int, end: int, foreign: Sequence[Span]) -> list[Edit]:
    """Take out a section with our comments above it, and the blank line that parts it from what stands before it."""
    text = document.text
    first, last = _lines(document, start, end, foreign)
    above = line_start(text, first - 1) if first else 0
    return cut(text, (first if text[above:first].strip() else above, last), foreign)


def _lines(document: Document, start: int, end: int, foreign: Sequence[Span]) -> Span:
    text, theirs = document.text, set(foreign)
    ours = [span for span in document.comments if span not in theirs]
    return comments_above(text, start, ours, 0), next_line(text, end)


def behind(document: Document, at: int, lines: Sequence[str]) -> Edit:
    """Put lines behind the line of a place."""
    end = line_end(document.text, at)
    newline = newline_of(document.text, end)
    text = newline.join(lines)
    return Edit(end, end, newline + text if document.text[:end] else text + newline)


def before_sections(document: Document, sections: Sequence[int], lines: Sequence[str], *, staying: bool = True) -> Edit:
    """Put lines before the first section and the comments directly above it, parted from it as the next ones are.

    Where no section stays, there is nothing to be parted from.
    """
    text, near = document.text, sections[:4]
    starts = [comments_above(text, at, document.comments, 0) for at in near]
    parted = staying and not any(text[line_start(text, start - 1) : start].strip() for start in starts[1:])
    newline = newline_of(text, line_end(text, sections[0]))
    return Edit(starts[0], starts[0], newline.join([*lines, ""] if parted else lines) + newline)


def are_glued(document: Document, sections: Sequence[int]) -> bool:
    """Tell whether the last sections stand directly below what is above them, all that have something above."""
    text = document.text
    starts = [comments_above(text, at, document.comments, 0) for at in sections[-8:]]
    above = [text[line_start(text, start - 1) : start].strip() for start in starts if text[:start].strip()]
    return bool(above) and all(above)


def blank_left(
    document: Document,
    operation: Amend,
    is_key: Callable[[Part], bool],
    end: Callable[[Part], int],
    foreign: Sequence[Span],
) -> list[Edit]:
    """Take out the blank line between the first section and the keys that go, if no other key stands before it."""
    if operation.container is not document.root:
        return []
    parts, gone = operation.container.parts, set(operation.gone)
    keys = [part for index, part in enumerate(parts) if index in gone and is_key(part)]
    staying = [part for index, part in enumerate(parts) if index not in gone]
    if not keys or not staying or any(map(is_key, staying)):
        return []
    text = document.text
    first, after = _lines(document, keys[0].start, end(keys[-1]), foreign)
    alone = not first or not text[line_start(text, first - 1) : first].strip()
    below = next_line(text, after)
    return [Edit(after, below, "")] if alone and after < below < len(text) and not text[after:below].strip() else []


def once(edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits without cuts inside of others: a blank line between two that go is taken out with both."""
    cuts = sorted({edit for edit in edits if not edit.text and edit.start < edit.end}, key=_first_and_longest)
    inside, end = set[Edit](), -1
    for cut_out in cuts:
        if cut_out.end <= end:
            inside.add(cut_out)
        end = max(end, cut_out.end)
    return [edit for edit in edits if edit not in inside]


def _first_and_longest(edit: Edit) -> tuple[int, int]:
    return edit.start, -edit.end


def last_content(text: str) -> int:
    """Return where the last line ends that is not blank."""
    return len(text.rstrip())
