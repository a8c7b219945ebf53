"""Find where nearly equal texts differ: the regions of one of them, and their counterparts in the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from msgspec import Struct


class Region(Struct, frozen=True):
    """A range of the first text, and the matching range of each text, the first included."""

    start: int
    end: int
    ranges: tuple[tuple[int, int], ...]


def regions(texts: Sequence[Sequence[str]]) -> list[Region]:
    """Return the regions in which texts differ from the first, in order; between two regions all are equal."""
    first, others = texts[0], texts[1:]
    aligned = [_operations(tuple(first), tuple(other)) for other in others]
    spans = sorted({(op[1], op[2]) for ops in aligned for op in ops if op[0] != "equal"})
    found = []
    for start, end in _merged(spans):
        places = [
            (_before(ops, start), _after(ops, end, len(first), len(other)))
            for ops, other in zip(aligned, others, strict=True)
        ]
        found.append(Region(start, end, ((start, end), *places)))
    return found


@lru_cache(maxsize=20_000)
def _operations(one: tuple[str, ...], two: tuple[str, ...]) -> _Ops:
    """Return the edits from one text to the other.

    Cached: a family is tried with more and with fewer of the same texts.
    """
    return SequenceMatcher(None, one, two, autojunk=False).get_opcodes()


_Ops = Sequence[tuple[str, int, int, int, int]]


def _merged(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans, with those that overlap or touch joined: then every text is equal on both sides of each."""
    start, end = -1, -1
    for one, two in spans:
        if start >= 0 and one <= end:
            end = max(end, two)
            continue
        if start >= 0:
            yield start, end
        start, end = one, two
    if start >= 0:
        yield start, end


def _before(ops: _Ops, at: int) -> int:
    """Return the place in the other text with the same text before it as `at` has in the first."""
    return next((k + at - i for kind, i, j, k, _ in ops if kind == "equal" and i < at <= j), 0)


def _after(ops: _Ops, at: int, length: int, other: int) -> int:
    """Return the place in the other text with the same text after it as `at` has in the first."""
    if at == length:
        return other
    return next(k + at - i for kind, i, j, k, _ in ops if kind == "equal" and i <= at < j)
