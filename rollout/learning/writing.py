"""Turn pieces into the text of a template, with delimiters that the text itself does not use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from rollout.model.delimiters import Delimiters


class Verbatim(Struct, frozen=True):
    """What a template says in every repository."""

    said: str


class Print(Struct, frozen=True):
    """A printed variable; `is_line` if it is whole lines and not part of one; `may_be_empty` if it may be none."""

    expression: str
    is_line: bool = False
    may_be_empty: bool = False


class Optional(Struct, frozen=True):
    """Lines that are present if a variable is true."""

    flag: str
    said: str


TemplatePart = Verbatim | Print | Optional


def delimiters_for(rows: Sequence[Sequence[TemplatePart]]) -> Delimiters:
    """Return the delimiters that collide least with the template's texts."""
    texts = [part.said for row in rows for part in row if isinstance(part, Verbatim | Optional)]
    return min(Delimiters, key=lambda one: sum(text.count(mark) for text in texts for mark in one.marks.opening))


def template(row: Sequence[TemplatePart], delimiters: Delimiters) -> str:
    """Return the text of a template."""
    kept = _joined(row)
    written = []
    for number, part in enumerate(kept):
        before_mark = number + 1 < len(kept) and not isinstance(kept[number + 1], Verbatim)
        written.append(_written(part, delimiters, before_mark=before_mark))
    return "".join(written)


def _joined(row: Sequence[TemplatePart]) -> list[TemplatePart]:
    """Return the parts with adjacent texts joined, so that no tag is split between them."""
    found: list[TemplatePart] = []
    for part in row:
        last = found[-1] if found else None
        if isinstance(part, Verbatim) and isinstance(last, Verbatim):
            found[-1] = Verbatim(last.said + part.said)
        elif part != Verbatim(""):
            found.append(part)
    return found


def _written(part: TemplatePart, delimiters: Delimiters, *, before_mark: bool) -> str:
    (opens, closes), (begins, ends) = delimiters.marks.expression, delimiters.marks.statement
    match part:
        case Verbatim(said):
            return _escaped(said, delimiters, before_mark=before_mark)
        case Optional(flag, said):
            return f"{begins} if {flag} {ends}\n{_escaped(said, delimiters)}{begins} endif {ends}\n"
        case Print(expression, is_line=False):
            return f"{opens} {expression} {closes}"
        case Print(expression, may_be_empty=False):
            return f"{opens} {expression} {closes}\n"
        case Print(expression):
            return f"{begins} if {expression} {ends}\n{opens} {expression} {closes}\n{begins} endif {ends}\n"
        case never:
            assert_never(never)


def _escaped(text: str, delimiters: Delimiters, *, before_mark: bool = False) -> str:
    """Escape a text so that it renders to itself, even if it contains the template's own tags."""
    opens, closes = delimiters.marks.expression
    # What stands directly before a tag must not make another one with its first character.
    first = re.escape(opens[0])
    starts = f"{first}*(?:{'|'.join(map(re.escape, delimiters.marks.opening))})"
    clash = rf"{starts}|{first}+\Z" if before_mark else starts
    return re.sub(clash, lambda found: f'{opens} "{found[0]}" {closes}', text)
