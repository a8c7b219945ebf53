"""The section of a Markdown text that a block replaces when a file is adopted."""

from __future__ import annotations

from rollout.content import markdown
from rollout.content.markdown import Heading, Outline
from rollout.content.markers import MarkerError, MarkKind, Spot, marks

_BOM = b"\xef\xbb\xbf"


def fault_of(replaces: str) -> str | None:
    """Say what is wrong with `replaces:` of the inventory, or None."""
    found = markdown.heading(replaces)
    if found is None or "\n" in replaces:
        return f'{replaces!r} must be a heading as Markdown has it, such as "## Event logging"'
    return None if found[1] else f"{replaces!r} names no heading"


def named(content: bytes, spot: Spot) -> tuple[str, ...]:
    """Return those of the headings to replace that are in the text, as the inventory writes them."""
    there = {(one.level, one.text) for one in _outline(content, spot).headings} if spot.replaces else set()
    return tuple(name for name in spot.replaces if markdown.heading(name) in there)


def replaced(content: bytes, spot: Spot) -> tuple[tuple[int, int], ...]:
    """Return the spans that the block replaces, section by section; none if there is no such section.

    The block goes where the first section was. The blank lines after that one stay; those after the others are removed
    with them. Raises MarkerError if it is not clear which section is meant.
    """
    lines, outline = content.split(b"\n"), _outline(content, spot) if spot.replaces else Outline(frozenset(), ())
    wanted = [heading for name in spot.replaces if (heading := _only(name, outline)) is not None]
    found: list[tuple[int, int]] = []
    for heading in sorted(wanted, key=lambda one: one.start):
        if found and heading.start < found[-1][1]:
            continue  # it is inside a section that is replaced
        found.append((heading.start, _end(outline, heading, lines)))
    spans = [found[0], *(_with_blanks(span, lines) for span in found[1:])] if found else []
    return tuple(_bytes(content, lines, span, spot) for span in spans)


def _outline(content: bytes, spot: Spot) -> Outline:
    if not markdown.is_markdown(spot.path):
        raise MarkerError(f"'replaces' names a heading of Markdown, and {spot.path.name} is none")
    return markdown.outline(content.decode("utf-8", "replace"))


def _only(name: str, outline: Outline) -> Heading | None:
    """Return the only heading with this name; None if there is none."""
    wanted = markdown.heading(name)
    found = [one for one in outline.headings if (one.level, one.text) == wanted]
    if len(found) > 1:
        numbers = " and ".join(str(one.start + 1) for one in found)
        raise MarkerError(f"lines {numbers}: more than one section {name!r}; it is not clear which one to replace")
    return found[0] if found else None


def _bytes(content: bytes, lines: list[bytes], span: tuple[int, int], spot: Spot) -> tuple[int, int]:
    start, end = _offset(lines, span[0]), min(_offset(lines, span[1]), len(content))
    start += len(_BOM) if span[0] == 0 and content.startswith(_BOM) else 0
    _refuse_markers(content, spot, start, end)
    return start, end


def _with_blanks(span: tuple[int, int], lines: list[bytes]) -> tuple[int, int]:
    """Return the lines of a section to remove with the blank lines after it or, at the end, those before it."""
    start, end = span
    while end < len(lines) and not lines[end].strip():
        end += 1
    while end == len(lines) and not lines[start - 1].strip():
        start -= 1
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
    """Raise MarkerError if another block is in the section, or the section is in another block."""
    opened = False
    for mark in marks(content, spot):
        if start <= mark.start < end or (opened and mark.start >= end):
            names = " or ".join(map(repr, spot.replaces))
            raise MarkerError(f"a block {mark.name!r} stands in or around the section {names}", line=mark.number)
        opened = mark.kind is MarkKind.BEGIN
