"""Many targets in one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def names(found: Sequence[str], most: int = 6, *, whole: bool = False) -> str:
    """Return names in one line: all of them, or the first of many."""
    shown = ", ".join(found if whole else found[:most])
    return shown if whole or len(found) <= most else f"{shown} and {len(found) - most:,} more (-v names them)"


def grouped(said: Iterable[tuple[str, str]], *, whole: bool = False) -> list[str]:
    """Return each text once, with the targets that it is about."""
    groups: dict[str, list[str]] = {}
    for target, text in said:
        groups.setdefault(text, []).append(target)
    return [f"{names(targets, whole=whole)}: {text}" for text, targets in groups.items()]
