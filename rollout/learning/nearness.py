"""Find which of the texts at a path are similar enough to come from one template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from rollout.learning.pieces import Differing, Piece, Same, lines_of, pieces, words_of

_ALIKE = 0.5  # the share of words that two texts must have in common to be compared at all
_OWN_LINES = 0.25  # the share of a text that may be lines of its own
_OWN_WORDS = 0.5  # the share of a text that may differ in any way
_LEAST_DIFFERING, _LINES_EACH = 4, 8  # places that may differ in any text, and for how many lines another one
_SHORT = 60  # characters; of a file that is one short line, all may differ
_ALONE = 12  # after so many texts without a similar one, the rest count as such
_MOST = 1_000  # texts to compare with each other


class Variant(Struct, frozen=True):
    """One text, and the repositories that have it, in their order."""

    text: str
    repositories: tuple[str, ...]


class Family(Struct, frozen=True):
    """Texts that come from one template: the first is the most common, and the pieces are in its order."""

    variants: tuple[Variant, ...]
    pieces: tuple[Piece, ...]

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(name for variant in self.variants for name in variant.repositories)


def families(variants: Sequence[Variant]) -> Iterator[Family]:
    """Yield the families of at least two repositories, the largest first."""
    left = sorted(variants, key=lambda one: -len(one.repositories))
    alone = 0
    while left and alone < _ALONE:
        family = _family(left[0], left[1:_MOST])
        if len(family.repositories) > 1:
            yield family
        alone += len(family.repositories) == 1
        left = [one for one in left if one not in family.variants]


def _family(first: Variant, others: Sequence[Variant]) -> Family:
    """Return the family of a text: it and as many of the most similar ones as make a good template."""
    alike = {one: _overlap(first.text, one.text) for one in others}
    members = [first, *sorted((one for one in others if alike[one] >= _ALIKE), key=lambda one: -alike[one])]
    chosen = members if len(members) == 1 or _is_good(members) else members[: _most_good(members)]
    return Family(tuple(chosen), tuple(pieces([one.text for one in chosen])))


def _most_good(members: Sequence[Variant]) -> int:
    """Return how many of the first texts fit together, given that all of them are too many."""
    good, bad = 1, len(members)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _is_good(members[:middle]):
            good = middle
        else:
            bad = middle
    return good


def _is_good(members: Sequence[Variant]) -> bool:
    """Tell whether one template for these texts leaves no text too much of its own."""
    row = pieces([one.text for one in members])
    return _is_simple(row, members[0]) and all(_excess(row, n, members) <= 0 for n in range(len(members)))


def _is_simple(row: Sequence[Piece], first: Variant) -> bool:
    """Tell whether a template with these pieces still reads as a text and not as a list of variables."""
    differing = {piece.texts for piece in row if isinstance(piece, Differing)}
    return len(differing) <= _LEAST_DIFFERING + first.text.count("\n") // _LINES_EACH


def _overlap(one: str, two: str) -> float:
    """Return the share of words and of lines that two texts have in common, in any order."""
    if len(one) < _SHORT and len(two) < _SHORT and "\n" not in one.strip() + two.strip():
        return 1.0
    words = _shared(_words(one), _words(two))
    return words if words < _ALIKE else words + _shared(_lines(one), _lines(two))


@lru_cache(maxsize=4_000)
def _words(text: str) -> Counter[str]:
    return Counter(word for word in words_of(text) if not word.isspace())


@lru_cache(maxsize=4_000)
def _lines(text: str) -> Counter[str]:
    return Counter(line for line in lines_of(text) if line.strip())


def _shared(left: Counter[str], right: Counter[str]) -> float:
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def _excess(row: Sequence[Piece], number: int, members: Sequence[Variant]) -> float:
    """Return by how much a text's own share is over the limit."""
    text = members[number].text
    size = max(1, len(text.strip()))
    if size < _SHORT and "\n" not in text.strip():
        return 0.0
    shared, own = 0, 0
    for piece in row:
        if isinstance(piece, Same) or is_optional(piece, members):
            shared += len((piece.text if isinstance(piece, Same) else piece.texts[number]).strip())
        elif piece.are_lines:
            own += len(piece.texts[number])
    return max(own / size - _OWN_LINES, 1 - _OWN_WORDS - shared / size)


def is_optional(piece: Differing, members: Sequence[Variant]) -> bool:
    """Tell whether optional lines are the same in several repositories."""
    there = [one for one, text in zip(members, piece.texts, strict=True) if text]
    several = sum(len(one.repositories) for one in there) > 1
    return piece.are_lines and several and len(there) < len(members) and len(set(piece.texts)) == 2
