"""A value over several lines of an INI file, written around the comments of others between them."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.document import Edit, Span
from rollout.content.documents.lines import begins_line, line_end, line_start, lines_in, newline_of, next_line


def around_comments(text: str, span: Span, new: str, comments: Sequence[Span]) -> list[Edit] | None:
    """Return the edits that put lines in the place of a span, each comment above the line that it describes.

    None if there are no comments, or if one of them stands behind a value or describes a line that goes away.
    """
    said = {text[start:end].strip() for start, end in comments}
    lines = [line for line in lines_in(new) if line.strip() not in said]
    places = _places(text, comments, lines)
    if not comments or places is None:
        return None
    newline = newline_of(text, line_end(text, span[0]))
    starts = [span[0], *(next_line(text, end) for _, end in comments)]
    ends = [*(line_start(text, start) for start, _ in comments), span[1]]
    parted = [lines[one:other] for one, other in zip([0, *places], [*places, len(lines)], strict=True)]
    written = ["".join(line + newline for line in part) for part in parted]
    written[-1] = written[-1].removesuffix(newline)
    edits = [Edit(start, end, one) for start, end, one in zip(starts, ends, written, strict=True)]
    return [edit for edit in edits if edit.text != text[edit.start : edit.end]]


def _places(text: str, comments: Sequence[Span], lines: Sequence[str]) -> list[int] | None:
    """Return before which of the lines each comment goes; the first line stands behind the key."""
    places, at = list[int](), 1
    for start, end in comments:
        described = _described(text, end)
        found = next((n for n in range(at, len(lines)) if lines[n].strip() == described), None)
        if found is None or not begins_line(text, start):
            return None
        places.append(at := found)
    return places


def _described(text: str, at: int) -> str:
    """Return the next line below a place that is no comment."""
    start = next_line(text, at)
    line = text[start : next_line(text, start)].strip()
    return _described(text, start) if line[:1] in {"#", ";"} else line
