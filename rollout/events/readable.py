"""Read JSON that exceeds Python's limits: a number of thousands of digits, and a text nested a thousand levels deep."""

from __future__ import annotations

import json
import re

# Python refuses to read longer numbers; as text they keep every digit.
LONGEST_NUMBER = 4000
# Nobody nests deeper by hand. What is deeper is kept as the text that it was.
DEEPEST = 100
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def parse(text: str | bytes) -> object:
    """Return the value that a JSON text denotes; raise ValueError if it is not JSON."""
    said = text if isinstance(text, str) else text.decode()
    if said.count("[") + said.count("{") > DEEPEST:
        said = _flattened(said)
    try:
        return json.loads(said, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("it is nested too deep, and never ends") from None


def _flattened(text: str) -> str:
    """Return a JSON text with each part that is nested too deep as a string."""
    pieces, depth, begun, done = list[str](), 0, 0, 0
    for mark in _MARKS.finditer(text):
        if mark[0] in "[{":
            depth += 1
            begun = mark.start() if depth == DEEPEST + 1 else begun
        elif mark[0] in "]}":
            if depth == DEEPEST + 1:
                pieces += [text[done:begun], json.dumps(text[begun : mark.end()], ensure_ascii=False)]
                done = mark.end()
            depth -= 1
    return "".join((*pieces, text[done:]))


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits
