"""Two lines that may be the markers of a block, by what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import ne

from rollout.content import comments, markers
from rollout.content.markers import Spot

Word = tuple[str, int]  # and where it begins in its line

# How a line may begin to be a marker whatever else it says: nothing of these begins a key of a document.
_COMMENTS = tuple(form.opening for form in comments.KNOWN if re.fullmatch(r"[#;]|\W{2,}", form.opening))
_SIGNS = ("==", ">>", "<< ", "<<<", "~~", "@@", "%%")

_BEGINS, _ENDS = {"begin", "begins", "start", "starts", "open"}, {"end", "ends", "stop", "finish", "close"}

_MAY_BE_KEY = re.compile(r"[\s\[{\"'-]|[^:=]+[:=]")  # a key, a section or an entry of a document


def may_be_markers(ends: Sequence[bytes], spot: Spot) -> bool:
    """Tell whether two lines are no keys of a document: they are comments, or differ as `begin` and `end` do."""
    opening = () if spot.form is None else (spot.form.opening,)
    if all(text_of(line).startswith((*_COMMENTS, *_SIGNS, *opening)) for line in ends):
        return True
    keys = any(_MAY_BE_KEY.match(line.decode("utf-8", "replace").removeprefix("\ufeff")) for line in ends)
    return not keys and differing(ends) in {0, 1}


def begin_and_end(form: tuple[str, ...]) -> bool:
    """Tell whether two lines say where something begins and ends, or say the same between other signs.

    In a file that we created they may as well be the first and the last line of what we wrote whole.
    """
    first, last = ({word.lower() for word in re.findall(r"[^\W_]+", line)} for line in form)
    return first == last or (bool(first & _BEGINS) and bool(last & _ENDS))


def differing(lines: Sequence[bytes]) -> int | None:
    """Return in how many words the first and the last of these lines differ; None if one has more words."""
    first, last = ([] if not lines else re.findall(r"\w+", text_of(lines[end])) for end in (0, -1))
    return sum(map(ne, first, last)) if len(first) == len(last) else None


def words(line: str) -> list[Word]:
    """Return the words of a line, the last one first, and then the parts of those that a sign holds together."""
    whole, parts = ([(one[0], one.start()) for one in re.finditer(form, line)] for form in (markers.ID, r"[^\W_]\w*"))
    return list(dict.fromkeys((*reversed(whole), *reversed(parts))))


def with_id(line: str, word: Word) -> str:
    name, start = word
    return f"{line[:start]}ID{line[start + len(name) :]}"


def text_of(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip().lstrip("\ufeff")
