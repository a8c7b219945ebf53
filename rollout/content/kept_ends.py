"""Change a text and leave the line ends of all other lines as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")


def like(text: bytes, told: bytes, wanted: bytes) -> bytes:
    """Return `wanted` with the line ends of `text`, whose lines `told` has with other line ends.

    A line that ends as `told` does there ends as `text` does; one that a person ended otherwise stays so.
    """
    if text == told or with_end(text, b"\n") != with_end(told, b"\n"):
        return wanted
    own, seen, new = _LINE.findall(text), _LINE.findall(told), _LINE.findall(wanted)
    made: list[bytes] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, seen, new, autojunk=False).get_opcodes():
        if tag == "equal":
            made += own[i1:i2]
        else:
            made += [_ended(line, own, seen, min(i1 + at, i2 - (i2 > i1))) for at, line in enumerate(new[j1:j2])]
    return b"".join(made)


def _ended(line: bytes, own: Sequence[bytes], seen: Sequence[bytes], near: int) -> bytes:
    """Return a line that ends as its neighbour in the template, if both end alike in the file."""
    there = [at for at in range(len(seen)) if end(seen[at])]
    at = min(there, key=lambda one: abs(one - near), default=None)
    if at is None or end(line) != end(seen[at]):
        return line
    return line.removesuffix(end(line)) + end(own[at])


def end(line: bytes) -> bytes:
    """Return how a line ends: CRLF, LF, or not at all."""
    return b"\r\n" if line.endswith(b"\r\n") else line[-1:] if line.endswith(b"\n") else b""


def other_end(content: bytes, usual: bytes) -> int | None:
    """Return the number of the first line that ends otherwise than `usual`, None if there is none."""
    ends = map(end, _LINE.findall(content))
    return next((number for number, found in enumerate(ends, 1) if found not in {usual, b""}), None)


def with_end(content: bytes, newline: bytes) -> bytes:
    """Return a text all of whose lines end alike."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", newline)


def places(text: str) -> list[int]:
    """Return where each character of a text stands, and its end, if each CRLF counts as one character."""
    return [*(found.start() for found in re.finditer(r"\r\n|[\s\S]", text)), len(text)]


def newline_at(text: str, place: int) -> str:
    """Return how the line at a place ends; for the last line, how the one before does."""
    at = text.find("\n", place)
    at = text.rfind("\n") if at < 0 else at
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"
