"""Many names in one line: the first of them, how many are left out, and what names the rest."""

from __future__ import annotations

from collections.abc import Sequence


def few(names: Sequence[object], most: int, rest: str) -> str:
    """Return all names, or the first of many; `rest` says what names the others."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more ({rest})"


def left_out(number: int, *, hint: bool) -> str:
    """Say how many more there are, and on a screen how to see them."""
    return f" (and {number:,} more{'; -v names them' if hint else ''})" if number else ""
