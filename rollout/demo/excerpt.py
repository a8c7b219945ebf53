"""The part of a text around a word, short enough to read in passing."""

from __future__ import annotations

from collections.abc import Sequence

_BEFORE = 4  # lines shown above the word where its heading is further away


def around(text: str, word: str, most: int = 12) -> list[str]:
    """Return up to `most` lines from the heading above the first `word`; nothing if the word is not there."""
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if word in line), None)
    if at is None:
        return []
    heading = next((number for number in range(at, -1, -1) if lines[number].startswith("#")), at)
    first = heading if at - heading < most - _BEFORE else at - _BEFORE
    last = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
    return _trimmed(lines[first : min(last, first + most)])


def _trimmed(lines: Sequence[str]) -> list[str]:
    return "\n".join(lines).strip().splitlines()
