"""What rollout's own writes of one file, one after the other, say about whose the file is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum


class FileShare(StrEnum):
    """How much of a file is ours after a write that left what others had written in it."""

    PART = "part"
    NONE = "none"
    GIVEN_BACK = "given-back"  # a revert put back what our write before it had found: whose it is, is as it was then


def alone(writes: Iterable[tuple[object, object]]) -> bool:
    """Tell whether all that our last write left is ours, from what stood there before and after each; None if nothing.

    It is if we created the file, and always found it as we had left it.
    """
    ours, last = False, None
    for before, after in writes:
        ours = before is None or (ours and before == last)
        last = after
    return ours


def nothing_of_others(writes: Sequence[tuple[object, object]], share: FileShare | None, merged: str | None) -> bool:
    """Tell whether all that our last write left is ours, also where we wrote over what others had there."""
    whole = share is None and merged is None
    return alone(writes) or (whole and _never_there_before(writes))


def _never_there_before(writes: Sequence[tuple[object, object]]) -> bool:
    """Tell whether what our last write left is new: a template may say again what others had."""
    sides = [side for pair in writes for side in pair]
    return bool(sides) and sides[-1] is not None and sides.count(sides[-1]) == 1
