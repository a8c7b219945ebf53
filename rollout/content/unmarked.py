"""Find a block's text that somebody wrote into a file, without markers, before rollout came."""

from __future__ import annotations

from rollout.content import three_way
from rollout.content.three_way import Hunk, PartUnclear

_ALIKE = 0.6  # of the letters of two lines, where one is taken for the other as others changed it
_LF, _CRLF = b"\n", b"\r\n"


def place(content: bytes, said: bytes) -> tuple[int, int] | None:
    """Return the span of lines with exactly this text; None unless they occur once and whole.

    `said` is a text with LF line ends and without blank lines around it.
    """
    if not said.strip():
        return None
    lines = content.split(_LF)
    plain = _LF + _LF.join(line.removesuffix(b"\r") for line in lines) + _LF
    wanted = _LF + said.removesuffix(_LF) + _LF
    at = plain.find(wanted)
    if at < 0 or plain.find(wanted, at + 1) >= 0:
        return None
    first = plain.count(_LF, 0, at)
    start = _offset(lines, first)
    return start, min(_offset(lines, first + wanted.count(_LF) - 1), len(content))


def moved(before: bytes, span: tuple[int, int], after: bytes) -> tuple[int, int] | None:
    """Return the span that lines of `before` have in `after`, where others changed them; None if they took them out.

    Raises PartUnclear if a line may be in it that others wrote beside them.
    """
    old, new = _lines(before), _lines(after)
    start, end = before.count(_LF, 0, span[0]), before.count(_LF, 0, span[1])
    changes = three_way.hunks(old, new)
    within = [one for one in changes if start < one[1] and one[0] < end]
    first = start + _grown([one for one in changes if one[1] <= start])
    last = first + (end - start) + _grown(within)
    if any(one[0] <= start and one[1] >= end and not one[2] for one in within):
        return None
    if not all(start <= one[0] and one[1] <= end and _is_ours(old, one) for one in within):
        raise PartUnclear(first + 1)
    lines = after.split(_LF)
    return _offset(lines, first), min(_offset(lines, last), len(after))


def is_gone(before: bytes, span: tuple[int, int], after: bytes) -> bool:
    """Tell whether no line of a span is left in `after`, neither as it was nor as somebody changed it."""
    old, new = _lines(before), _lines(after)
    start, end = before.count(_LF, 0, span[0]), before.count(_LF, 0, span[1])
    changes = three_way.hunks(old, new)
    replaced = {line: text for first, last, text in changes for line in range(first, last)}
    ours = [line for line in range(start, end) if old[line].strip()]
    return all(line in replaced and not any(_alike(old[line], one) for one in replaced[line]) for line in ours)


def _lines(content: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in content.removesuffix(_LF).split(_LF)]


def _grown(changes: list[Hunk]) -> int:
    return sum(len(text) - (end - start) for start, end, text in changes)


def _is_ours(old: list[bytes], change: Hunk) -> bool:
    """Tell whether a change only takes lines away or changes each of them: where lines are new, others may own some.

    That is so between our lines, too: the one below may be a line of others that says what ours said.
    """
    first, last, text = change
    return not text or (len(text) == last - first and all(map(_alike, old[first:last], text)))


def _alike(one: bytes, other: bytes) -> bool:
    from difflib import SequenceMatcher

    words = one.strip()
    return (words != b"" and words in other) or SequenceMatcher(None, one, other).ratio() >= _ALIKE


def _offset(lines: list[bytes], number: int) -> int:
    return sum(len(line) + 1 for line in lines[:number])
