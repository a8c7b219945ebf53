"""Tabs that YAML 1.2 allows between tokens and that the parsers stumble over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_WHITE = re.compile(r"[ \t]*")
_BLANK_OR_COMMENT = re.compile(r"\r?\n|#|\Z")
_COLLECTION = re.compile(r"[-?:](?:\s|$)|.*:(?:\s|$)")
_MAX_TABS = 500


def tried(text: str, parse: Callable[[str], T]) -> T:
    """Parse a text; where the parser stumbles over a tab that may stand there, a space stands in for it."""
    from ruamel.yaml.error import MarkedYAMLError

    for _ in range(_MAX_TABS):
        try:
            return parse(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark
            other = None if mark is None else _without_tab(text, mark.index)
            if other is None:
                raise
            text = other
    return parse(text)


def _without_tab(text: str, at: int) -> str | None:
    """Return a text of the same length with spaces for the tab at a place, None if it may not stand there."""
    if text[at : at + 1] != "\t":
        return None
    found = _WHITE.match(text, at)
    assert found is not None
    line = text.rfind("\n", 0, at) + 1
    alone = not text[line:at].strip(" ") and _BLANK_OR_COMMENT.match(text, found.end())
    return text[:at] + " " * len(found[0]) + text[found.end() :] if alone or _before_value(text, line, at) else None


def _before_value(text: str, line: int, at: int) -> bool:
    """Tell whether a single value stands behind a place in a line, and something before it."""
    rest = text[at:].partition("\n")[0].strip()
    return bool(text[line:at].strip()) and _COLLECTION.match(rest) is None
