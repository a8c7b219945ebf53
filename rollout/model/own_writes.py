"""What rollout's own writes of one file, one after the other, say about whose the file is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class FileShare(StrEnum):
    """How much of a file is ours after a write that left what others had written in it."""

    PART = "part"
    NONE = "none"


def alone(writes: Iterable[tuple[object, object]]) -> bool:
    """Tell whether all that our last write left is ours, from what stood there before and after each; None if nothing.

    It is if we created the file, and always found it as we had left it.
    """
    ours, last = False, None
    for before, after in writes:
        ours = before is None or (ours and before == last)
        last = after
    return ours
