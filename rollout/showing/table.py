"""Tables that fit the width of the screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rollout.safety.shown import plain


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return columns aligned by their width on the screen, wrapping the last one to `width`."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(_cells(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    out = []
    for row in [list(head), *cells]:
        fixed = "  ".join(_pad(cell, widths[i]) for i, cell in enumerate(row[:-1]))
        left = (width - _cells(fixed) - 2) if width else 0
        pieces = _wrapped(row[-1], left) if width and left > 20 else [row[-1]]
        out.append(f"{fixed}  {pieces[0]}".rstrip())
        out += [" " * (_cells(fixed) + 2) + piece for piece in pieces[1:]]
    return "\n".join(out) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))
