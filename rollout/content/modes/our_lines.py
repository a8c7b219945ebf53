"""Our lines of a text, known from our writes alone, where no format tells whose they are."""

from __future__ import annotations

from collections import Counter

from rollout.content import three_way

Writes = tuple[tuple[bytes, bytes], ...]


def without(content: bytes, writes: Writes) -> bytes | None:
    """Return a text without the lines of our writes, (before, after) and oldest first; None if they are not clear."""
    if not _kept_others(writes):
        return None
    try:
        for before, after in reversed(writes):
            content = three_way.merge(after, content, before)
    except three_way.MergeConflict:
        return None
    return content


def _kept_others(writes: Writes) -> bool:
    """Tell whether every write of ours kept all lines of others: one that did not wrote the file whole, or a value."""
    ours: Counter[bytes] = Counter()
    for before, after in writes:
        foreign, now = _lines(before) - ours, _lines(after)
        if foreign - now:
            return False
        ours = now - foreign
    return bool(writes)


def _lines(content: bytes) -> Counter[bytes]:
    return Counter(content.splitlines())
