"""The steps that lead to a value of a document: the keys of objects, and what identifies the entries of lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import shorten

from msgspec import Struct


class ListEntry(Struct, frozen=True, cache_hash=True):
    """What identifies an entry of a list, and its number among those with the same; without both it is any entry."""

    identity: str = ""
    number: int = 0


Step = str | ListEntry
KeyPath = tuple[Step, ...]

ENTRY = ListEntry()
BELOW = ListEntry(number=-1)  # no entry: what stands below all that is in an object or a list

_ENTRY = re.compile(r"\[(?:(.*)#([0-9]+))?\]", re.DOTALL)
_KIND = re.compile(r"(?:(?<=^)|(?<=,)|(?<=: ))=?(?:str|word|int|float|number) ")
_SHOWN = 60  # characters of a text of several lines


def with_above(places: Iterable[KeyPath]) -> set[KeyPath]:
    """Return places, and all those above them but the root."""
    return {place[:depth] for place in places for depth in range(1, len(place) + 1)}


def is_entry(place: KeyPath) -> bool:
    """Tell whether a place is an entry of a list."""
    return bool(place) and isinstance(place[-1], ListEntry)


def shown(place: KeyPath) -> str:
    """Return a place as a person writes it: keys with dots between them, entries in brackets."""
    said = ""
    for step in place:
        if isinstance(step, ListEntry):
            said += f"[{_on_one_line(_KIND.sub('', step.identity))}]"
        else:
            said += ("." if said else "") + (step or '""')
    return said


def _on_one_line(said: str) -> str:
    return shorten(said, _SHOWN, placeholder=" ...") if "\n" in said else said


def as_texts(place: KeyPath) -> tuple[str, ...]:
    """Return a place as it is recorded: no two places are recorded alike."""
    return tuple(map(_as_text, place))


def _as_text(step: Step) -> str:
    if isinstance(step, ListEntry):
        return f"[{step.identity}#{step.number}]" if step.number else "[]"
    return f"\\{step}" if _looks_like_an_entry(step) else step


def of_texts(recorded: Iterable[str]) -> KeyPath:
    """Return the place that was recorded so."""
    return tuple(map(_of_text, recorded))


def _of_text(recorded: str) -> Step:
    entry = _ENTRY.fullmatch(recorded)
    if entry is not None:
        return ListEntry(entry[1] or "", int(entry[2] or 0))
    return recorded[1:] if _looks_like_an_entry(recorded) else recorded


def _looks_like_an_entry(text: str) -> bool:
    """Tell whether a text would be read as an entry, but for backslashes in front of it."""
    return text.endswith("]") and _ENTRY.fullmatch(text.lstrip("\\")) is not None
