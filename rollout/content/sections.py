"""The section of a Markdown text that a block takes the place of when a file is adopted."""

from __future__ import annotations

from rollout.content import markdown
from rollout.content.markdown import Heading, Outline
from rollout.content.markers import MarkerError, Spot, marks


def fault_of(replaces: str) -> str | None:
    """Say what is wrong with `replaces:` of the inventory, or None."""
    found = markdown.heading(replaces)
    if found is None or "\n" in replaces:
        return f'{replaces!r} must be a heading as Markdown has it, such as "## Event logging"'
    return None if found[1] else f"{replaces!r} names no heading"


def replaced(content: bytes, spot: Spot) -> tuple[int, int] | None:
    """Return the bytes that the block takes the place of, or None where there is no such section.

    Blank lines after the section stay. Raises MarkerError where it cannot be said which section is meant.
    """
    wanted = markdown.heading(spot.replaces or "")
    if wanted is None:
        return None
    if not markdown.is_markdown(spot.path):
        raise MarkerError(f"'replaces' names a heading of Markdown, and {spot.path.name} is none")
    lines = content.split(b"\n")
    text = content.decode("utf-8", "replace")
    outline = markdown.outline(text)
    found = [one for one in outline.headings if (one.level, one.text) == wanted]
    if len(found) > 1:
        numbers = " and ".join(str(one.start + 1) for one in found)
        raise MarkerError(
            f"lines {numbers}: more than one section {spot.replaces!r}; which one to replace is not clear"
        )
    if not found:
        return None
    first, last = found[0].start, _end(outline, found[0], lines)
    start, end = _offset(lines, first), min(_offset(lines, last), len(content))
    start += 3 if first == 0 and content.startswith(b"\xef\xbb\xbf") else 0
    _refuse_markers(content, spot, start, end)
    return start, end


def _end(outline: Outline, section: Heading, lines: list[bytes]) -> int:
    """Return one past the last line of a section that is not blank."""
    later = (one.start for one in outline.headings if one.start >= section.end and one.level <= section.level)
    end = next(later, len(lines))
    while end > section.end and not lines[end - 1].strip():
        end -= 1
    return end


def _offset(lines: list[bytes], number: int) -> int:
    return sum(len(line) + 1 for line in lines[:number])


def _refuse_markers(content: bytes, spot: Spot, start: int, end: int) -> None:
    """Raise MarkerError where another block stands in the section, or the section in another block."""
    opened = False
    for mark in marks(content, spot):
        if start <= mark.start < end or (opened and mark.start >= end):
            raise MarkerError(
                f"line {mark.number}: a block {mark.name!r} stands in or around the section {spot.replaces!r}"
            )
        opened = mark.kind == "begin"
