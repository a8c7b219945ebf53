"""Which of the texts at a path are near enough to come from one template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rollout.learning.pieces import Differing, Piece, Same, lines_of, pieces, words_of

_ALIKE = 0.5  # the part of their words that two texts have in common before they are compared at all
_OWN_LINES = 0.25  # the part of a text that may be lines of its own
_OWN_WORDS = 0.5  # the part of a text that may differ in any way
_LEAST_DIFFERING, _LINES_EACH = 4, 8  # places that may differ in any text, and for how many lines another one
_SHORT = 60  # characters; of a file that is one short line, all may differ
_MOST = 40  # texts that are compared with each other


class Variant(Struct, frozen=True):
    """One text, and the repositories that have it, in their order."""

    text: str
    repositories: tuple[str, ...]


class Family(Struct, frozen=True):
    """Texts that come from one template: the first is what most have, and the pieces are in their order."""

    variants: tuple[Variant, ...]
    pieces: tuple[Piece, ...]

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(name for variant in self.variants for name in variant.repositories)


def families(variants: Sequence[Variant]) -> Iterator[Family]:
    """Yield the families of at least two repositories, the largest first."""
    left = sorted(variants, key=lambda one: -len(one.repositories))
    while left:
        family = _family(left[0], left[1:_MOST])
        if len(family.repositories) > 1:
            yield family
        left = [one for one in left if one not in family.variants]


def _family(first: Variant, others: Sequence[Variant]) -> Family:
    """Return the family of a text: as long as one of them has too much of its own, the least alike is sent away."""
    alike = {one: _overlap(first.text, one.text) for one in others}
    members = [first, *sorted((one for one in others if alike[one] >= _ALIKE), key=lambda one: -alike[one])]
    while True:
        row = pieces([one.text for one in members])
        if len(members) == 1 or (
            _is_simple(row, first) and max(_excess(row, n, members) for n in range(len(members))) <= 0
        ):
            return Family(tuple(members), tuple(row))
        members.pop()


def _is_simple(row: Sequence[Piece], first: Variant) -> bool:
    """Tell whether a template with these pieces would still be read rather as a text than as a list of variables."""
    differing = {piece.texts for piece in row if isinstance(piece, Differing)}
    return len(differing) <= _LEAST_DIFFERING + first.text.count("\n") // _LINES_EACH


def _overlap(one: str, two: str) -> float:
    """Return the part that two texts share of their words and of their lines, in whatever order."""
    if len(one) < _SHORT and len(two) < _SHORT and "\n" not in one.strip() + two.strip():
        return 1.0
    words = _shared(words_of(one), words_of(two))
    lines = _shared(lines_of(one), lines_of(two))
    return words if words < _ALIKE else words + lines


def _shared(one: Sequence[str], two: Sequence[str]) -> float:
    left, right = (Counter(part for part in parts if part.strip()) for parts in (one, two))
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def _excess(row: Sequence[Piece], number: int, members: Sequence[Variant]) -> float:
    """Return by how much more of a text is its own than may be."""
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
    """Tell whether lines are there or not, the same in several repositories."""
    there = [one for one, text in zip(members, piece.texts, strict=True) if text]
    several = sum(len(one.repositories) for one in there) > 1
    return piece.are_lines and several and len(there) < len(members) and len(set(piece.texts)) == 2
