"""Text in lines that fit the screen; a command to be copied stays in one piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_COMMANDS = (
    "apply", "completion", "demo", "diff", "discover", "events", "explain", "help", "history", "init", "plan", "push",
    "report", "revert", "review", "status", "take", "validate", "verify",
)  # fmt: skip
# From the program's name to the end of the sentence or of its part.
_COMMAND = re.compile(rf"\S*\brollout (?:{'|'.join(_COMMANDS)})\b.*?(?=[;,:.)]+(?:\s|$)|$)")
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_JOINT = "\0"  # a blank that no line is broken at; what is shown has no such character


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return a text in lines of a width, all but the first indented; what has no blank in it is never broken."""
    if width is None or cells(text) <= width:
        return [text]
    margin = text[: len(text) - len(text.lstrip(" "))]
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        longer = f"{line} {piece}" if line else piece
        before = indent if lines else margin
        if line and cells(before + longer) > width:
            lines.append(before + line)
            line = piece
        else:
            line = longer
    lines.append((indent if lines else margin) + line)
    return [line.replace(_JOINT, " ") for line in lines]


def _pieces(text: str) -> list[str]:
    return _COMMAND.sub(lambda found: found[0].replace(" ", _JOINT), text.strip(" ")).split(" ")


def longest(text: str) -> int:
    """Return how many columns of the screen the longest piece takes that is never broken."""
    return max(map(cells, _pieces(text)))


def cells(text: str) -> int:
    """Return how many columns of the screen a text takes."""
    text = _COLOUR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def height(lines: Iterable[str], width: int | None) -> int:
    """Return how many lines of the screen lines take."""
    return sum(max(1, -(-cells(line) // width)) if width else 1 for line in lines)
