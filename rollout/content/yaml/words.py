"""What the exact parser has against a text, in words that a person can go by, with the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

QUOTE = "put it in quotes"

# What the parser says, and what to do about it; {0} is the first group.
_WORDS = {
    r"found character '\\t'": "a tab cannot indent in YAML; indent with blanks",
    r"found character '(.)'": f"text cannot begin with {{0}}; {QUOTE}",
    r"expected '<document start>'": f"a line that begins with % is a directive; if it is text, {QUOTE}",
    r"mapping values are not allowed": f"a key cannot stand here; mend the indentation, or if it is text, {QUOTE}",
    r"sequence entries are not allowed": f"an entry cannot stand here; begin a line with it, or if it is text, {QUOTE}",
    r"expected <block end>": "this does not continue what stands above; "
    "mend the indentation, and put nothing behind a closed quote or bracket",
    r"expected the node content, but found '(.)'": f"a value is missing in front of {{0}}; if it is text, {QUOTE}",
    r"expected escape sequence of (\d+) hexdecimal": "between double quotes, \\x, \\u and \\U take digits "
    "({0} of them here); write two backslashes, or use single quotes",
    r"found unknown escape character '(.)'": "'\\{0}' means nothing between double quotes; "
    "write '\\\\{0}', or use single quotes",
}
_OPENED = {"while parsing a flow mapping": "'{'", "while parsing a flow sequence": "'['"}
_NO_BLANK = re.compile(r"\s*(?:- )*([\w.-]+):[\[{]")
_KEY_BEFORE = re.compile(r"([\w.-]+):\Z")
LINE_END = re.compile(r"\r\n?|\n")


def told(error: MarkedYAMLError, text: str) -> tuple[int, str]:
    """Return the line of a fault in a text, and what is wrong there."""
    lines = LINE_END.split(text)
    line, what = _inside_braces(error, lines) or _told(error)
    key = _NO_BLANK.match("".join(lines[line - 1 : line]))
    return line, f"not valid YAML: {what if key is None else _no_blank(key[1])}"


def _no_blank(key: str) -> str:
    return f"a blank is missing behind the colon of {key!r}"


def _inside_braces(error: MarkedYAMLError, lines: list[str]) -> tuple[int, str] | None:
    """Say what is wrong in front of a brace or a bracket that cannot stand where it does inside others."""
    mark, found = error.problem_mark, re.search(r"got '([\[{])'\Z", str(error.problem))
    if mark is None or found is None or error.context not in _OPENED:
        return None
    key = _KEY_BEFORE.search(lines[mark.line][: mark.column])
    return mark.line + 1, f"{found[1]!r} in a text begins a value; {QUOTE}" if key is None else _no_blank(key[1])


def _told(error: MarkedYAMLError) -> tuple[int, str]:
    problem, context = str(error.problem or error.context), str(error.context or "")
    begun, met = (None if mark is None else mark.line + 1 for mark in (error.context_mark, error.problem_mark))
    line = met or begun or 1
    if problem == "found unexpected end of stream" and begun is not None:
        return begun, "the quote that begins on this line is not closed"
    if context == "while scanning a simple key" and begun is not None:
        return begun, f"no key and its value; put a colon and a blank behind the key, or if it is text, {QUOTE}"
    if context in _OPENED and begun == line and problem.endswith("got ':'"):
        return line, f"': ' in a text makes a key of it; {QUOTE}"
    if context in _OPENED and begun is not None:
        where = "" if begun == line else f" on line {begun}"
        return line, f"{problem}; close the {_OPENED[context]}{where}"
    for pattern, words in _WORDS.items():
        if found := re.match(pattern, problem):
            return line, words.format(*found.groups())
    return line, problem
