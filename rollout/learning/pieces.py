"""Split nearly equal texts into pieces: what all of them say, and what each of them says instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import groupby, takewhile

from msgspec import Struct

from rollout.learning.alignment import regions

_WORD = re.compile(r"\w+(?:[.+-]+\w+)*|\s+|[^\w\s]")
_KEY = re.compile(
    r"(\s*(?:- )?(?:export )?[\"']?[\w.-]+(?: [\w.-]+)?[\"']?\s*[:=]\s*)(\S.*?)(\s*,?\s*\n?)\Z", re.DOTALL
)
_NAMED = re.compile(r"\s*(?:- )?[\w.-]+(?::(?:\s|\Z)|\s*=)")
_RELEASE = re.compile(r"v?\d+(?:\.\d+)*(-[a-z][\w-]*)")
_QUOTES = "\"'`"
_LITERAL = 0.4  # the share of a line that all texts must have in common for its words to be compared


class Same(Struct, frozen=True):
    """What every text says here."""

    text: str


class Differing(Struct, frozen=True):
    """What each text says here; `are_lines` if these are whole lines, and not words of one line."""

    texts: tuple[str, ...]
    are_lines: bool = False


Piece = Same | Differing


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their ends; only LF ends a line."""
    found = [line + "\n" for line in text.split("\n")]
    found[-1] = found[-1][:-1]
    return found if found[-1] else found[:-1]


def words_of(line: str) -> list[str]:
    return _WORD.findall(line)


def pieces(texts: Sequence[str]) -> list[Piece]:
    """Return the common and the differing pieces, in order; joined for one text they give that text."""
    split = [lines_of(text) for text in texts]
    found: list[Piece] = []
    at = 0
    for region in regions(split):
        found.append(Same("".join(split[0][at : region.start])))
        found += _differing([lines[a:b] for lines, (a, b) in zip(split, region.ranges, strict=True)])
        at = region.end
    found.append(Same("".join(split[0][at:])))
    return list(_joined(found))


def said(row: Sequence[Piece], number: int) -> str:
    """Return what one of the texts says."""
    return "".join(piece.text if isinstance(piece, Same) else piece.texts[number] for piece in row)


def _differing(lines: Sequence[Sequence[str]]) -> list[Piece]:
    """Return the pieces of some lines: by words if the lines correspond in all texts, else as a whole."""
    most = min(len(one) for one in lines)
    if all(len(one) == most for one in lines):
        return [piece for row in zip(*lines, strict=True) for piece in _words(row)]
    front = _beside(list(zip(*lines, strict=False)))
    rest = [one[len(front) :] for one in lines]
    back = _beside(list(zip(*([*reversed(one)] for one in rest), strict=False)))
    middle = Differing(tuple("".join(one[: len(one) - len(back)]) for one in rest), are_lines=True)
    return [*(piece for row in front for piece in row), middle, *(piece for row in reversed(back) for piece in row)]


def _beside(rows: Sequence[Sequence[str]]) -> list[list[Piece]]:
    """Return the pieces of the first lines that are one line in different wordings."""
    found = (_words(row) for row in rows)
    return list(takewhile(lambda row: not any(isinstance(one, Differing) and one.are_lines for one in row), found))


def _words(row: Sequence[str]) -> list[Piece]:
    """Return the pieces of one line as it is in each text."""
    if len(set(row)) == 1:
        return [Same(row[0])]
    value = _value(row)
    found = _by_word(row)
    if value is not None and len({piece.texts for piece in found if isinstance(piece, Differing)}) > 1:
        return value
    if _are_wordings(row, found):
        return found
    return value or [Differing(tuple(row), are_lines=True)]


def _are_wordings(row: Sequence[str], found: Sequence[Piece]) -> bool:
    """Tell whether lines are one line in different wordings, and not different lines."""
    words = [text for piece in found if isinstance(piece, Differing) for text in piece.texts]
    if len({line[: len(line) - len(line.lstrip())] for line in row}) > 1 or any(not w or w != w.strip() for w in words):
        return False
    keys = {key[0] if (key := _NAMED.match(line)) else "" for line in row}
    if len(keys) > 1:
        return False
    shared = sum(len(piece.text.strip()) for piece in found if isinstance(piece, Same))
    return shared >= _LITERAL * max(len(line.strip()) for line in row) or _is_one_word(found)


def _is_one_word(found: Sequence[Piece]) -> bool:
    """Tell whether a line differs in one word only, and contains something else."""
    words = [piece for piece in found if isinstance(piece, Differing)]
    shared = any(isinstance(piece, Same) and piece.text.strip() for piece in found)
    return shared and len(words) == 1 and all(re.fullmatch(r"\S+", text) for text in words[0].texts)


def _by_word(row: Sequence[str]) -> list[Piece]:
    split = [words_of(line) for line in row]
    found: list[Piece] = []
    at = 0
    for region in regions(split):
        found.append(Same("".join(split[0][at : region.start])))
        texts = ["".join(words[a:b]) for words, (a, b) in zip(split, region.ranges, strict=True)]
        ending = _ending(texts)
        found.append(Differing(tuple(text.removesuffix(ending) for text in texts)))
        found.append(Same(ending))
        at = region.end
    found.append(Same("".join(split[0][at:])))
    return list(_phrases([piece for piece in found if piece != Same("")]))


def _ending(texts: Sequence[str]) -> str:
    """Return the common ending of all texts after a version, as in 3.11-slim and 3.12-slim."""
    found = [_RELEASE.fullmatch(text) for text in texts]
    endings = {one[1] if one is not None else "" for one in found}
    return endings.pop() if len(endings) == 1 else ""


def _phrases(found: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces of a line, with a name of several words as one: `Ana Smith` and `Bob Jones` differ once."""
    waiting: list[Piece] = []
    for piece in found:
        waiting.append(piece)
        if len(waiting) >= 3 and waiting[-2] == Same(" ") and _are_names(waiting[-3]) and _are_names(piece):
            first, last = waiting[-3], waiting[-1]
            assert isinstance(first, Differing)
            assert isinstance(last, Differing)
            both = zip(first.texts, last.texts, strict=True)
            waiting[-3:] = [Differing(tuple(f"{one} {two}" for one, two in both))]
    yield from waiting


def _are_names(piece: Piece) -> bool:
    return isinstance(piece, Differing) and all(re.fullmatch(r"[^\W\d_][\w.' -]*", text) for text in piece.texts)


def _value(row: Sequence[str]) -> list[Piece] | None:
    """Return a line as a key and its values, or None unless it is such a line in every text."""
    found = [_KEY.match(line) for line in row]
    whole = [one for one in found if one is not None]
    if len(whole) != len(row) or len({(one[1], one[3]) for one in whole}) != 1:
        return None
    before, values, after = whole[0][1], [one[2] for one in whole], whole[0][3]
    quote = values[0][0]
    if quote in _QUOTES and all(len(v) > 2 and v[0] == v[-1] == quote and quote not in v[1:-1] for v in values):
        before, values, after = before + quote, [v[1:-1] for v in values], quote + after
    owner = {value.partition("@")[0] for value in values}
    if len(owner) == 1 and all("@" in value.strip("@") for value in values):
        start = f"{owner.pop()}@"
        before, values = before + start, [value.removeprefix(start) for value in values]
    return [Same(before), Differing(tuple(values)), Same(after)]


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces with neighbours of the same kind joined."""
    for kind, group in groupby(found, key=_kind):
        row = list(group)
        if kind == _Joins.SAME:
            text = "".join(piece.text for piece in row if isinstance(piece, Same))
            if text:
                yield Same(text)
        elif kind == _Joins.LINES:
            texts = zip(*(piece.texts for piece in row if isinstance(piece, Differing)), strict=True)
            yield Differing(tuple("".join(one) for one in texts), are_lines=True)
        else:
            yield from row


class _Joins(Enum):
    """What a piece can be joined with: pieces of its own kind; words that differ stay apart."""

    SAME = auto()
    LINES = auto()
    WORDS = auto()


def _kind(piece: Piece) -> _Joins:
    if isinstance(piece, Same):
        return _Joins.SAME
    return _Joins.LINES if piece.are_lines else _Joins.WORDS
