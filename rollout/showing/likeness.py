"""Tell which differences are one difference but for some words, such as the name of a target or a version."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from rollout.showing.diffs import ChangedLines

_WORD = re.compile(r"\w+(?:[.@-]\w+)*")
_MOST = 4  # words that are others in a like difference
_SHARE = 0.5  # of the words that may be others

Words = tuple[str, ...]


class Shape(Struct, frozen=True):
    """Changed lines without their words: what differs in words alone has the same shape."""

    head: tuple[str, ...]
    lines: tuple[str, ...]


def shape(found: ChangedLines) -> Shape:
    return Shape(found.head, tuple(_WORD.sub("\0", line) for line in found.lines))


def words(found: ChangedLines) -> Words:
    return tuple(word for line in found.lines for word in _WORD.findall(line))


def replaced(one: Words, other: Words, names: Mapping[str, str]) -> dict[str, str] | None:
    """Return which words of one difference are others in a difference of the same shape; None where these are too many.

    A word that is another in one place is that in all places, so that what is shown tells all. `names` are words that
    are expected to be others: the names of the targets.
    """
    found: dict[str, str] = {}
    for was, now in zip(one, other, strict=True):
        if found.setdefault(was, now) != now:
            return None
    found = {was: now for was, now in found.items() if was != now}
    unexpected = {was for was, now in found.items() if names.get(was) != now}
    number = sum(was in unexpected for was in one)
    return found if len(unexpected) <= _MOST and number <= _SHARE * len(one) else None


def told(found: Mapping[str, str]) -> str:
    """Return which words are others."""
    return ", ".join(f"{was} -> {now}" for was, now in found.items())
