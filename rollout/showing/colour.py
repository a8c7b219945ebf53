"""Colours and marks, which only repeat what the words say."""

from __future__ import annotations

from collections.abc import Callable

from rollout.model.action import Action

MARKS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.DELETE: ("-", "red"),
    Action.CHMOD: ("x", "yellow"),
    Action.ADOPT: ("?", "magenta"),
    Action.DRIFT: ("!", "magenta"),
    Action.CONFLICT: ("#", "red"),
    Action.ERROR: ("E", "red"),
    Action.IN_SYNC: (" ", ""),
}

_CODES = {"green": "32", "yellow": "33", "red": "31", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}


Paint = Callable[[str, str], str]


def painter(colour: bool) -> Paint:
    """Return a function that colours a text, or leaves it alone."""
    if not colour:
        return lambda text, _style: text
    return lambda text, style: f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style in _CODES else text


def count(number: int, thing: str) -> str:
    if thing.endswith("y") and thing[-2] not in "aeiou":
        plural = thing[:-1] + "ies"
    else:
        plural = thing + ("es" if thing.endswith(("s", "x", "ch", "sh")) else "s")
    return f"{number:,} {thing if number == 1 else plural}"
