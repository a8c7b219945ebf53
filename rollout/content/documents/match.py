"""Which keys identify the entries of a list: `match` in `files`, and the lists that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from textwrap import shorten

from msgspec import Struct

from rollout.content.documents.document import Array, Node, Object, Part, find, meaning

KeyPath = tuple[str, ...]

"""The keys that lead to a value; an entry of a list is named by what identifies it, see `entry_name`."""


_STEP = re.compile(r"\*|[^.\[\]*]+")
_ENTRY = re.compile(r"\[(?:(.+)#[0-9]+)?\]", re.DOTALL)
_KIND = re.compile(r"(?:(?<=^)|(?<=,)|(?<=: ))=?(?:str|word|int|float|number) ")
_SHOWN = 60  # characters of a text of several lines
_HOOKS = {"hooks.*": ("matcher",), "hooks.*[].hooks": ("command",)}
_KNOWN = {".claude/settings.json": _HOOKS, ".claude/settings.local.json": _HOOKS}


class Match(Struct, frozen=True):
    """Paths of lists, in steps, each with the keys that identify an entry there."""

    rules: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    def keys(self, place: KeyPath) -> tuple[str, ...]:
        """Return the keys that identify the entries of a list; none if their values identify them."""
        return next((keys for steps, keys in self.rules if fits(steps, place)), ())


def match_for(path: PurePosixPath, told: Mapping[str, Sequence[str]]) -> Match:
    """Return how entries of lists in a file are matched; what the inventory says comes before what is known."""
    rules = {**_known(path), **told}
    return Match(tuple((steps_of(pattern) or (), tuple(keys)) for pattern, keys in rules.items()))


def _known(path: PurePosixPath) -> Mapping[str, tuple[str, ...]]:
    return next((rules for name, rules in _KNOWN.items() if f"/{path}".endswith(f"/{name}")), {})


def steps_of(pattern: str) -> tuple[str, ...] | None:
    """Return the steps of a dotted path, `[]` for an entry of a list; None if it is no such path."""
    steps: list[str] = []
    for word in pattern.split("."):
        name = word
        brackets = 0
        while name.endswith("[]"):
            name, brackets = name[:-2], brackets + 1
        if not _STEP.fullmatch(name):
            return None
        steps += [name, *["[]"] * brackets]
    return tuple(steps)


def fits(steps: tuple[str, ...], place: KeyPath) -> bool:
    """Tell whether a path in steps leads to a place."""
    return len(steps) == len(place) and all(
        names_entry(name) if step == "[]" else step in {"*", name} for step, name in zip(steps, place, strict=True)
    )


def entry_names(array: Array, keys: tuple[str, ...]) -> list[str]:
    """Return the name of each entry: its keys, and its number among the entries with the same keys."""
    seen: dict[str, int] = {}
    names = []
    for part in array.parts:
        name = _identity(part.value, keys)
        seen[name] = number = seen.get(name, 0) + 1
        names.append(f"[{name}#{number}]")
    return names


def _identity(node: Node, keys: tuple[str, ...]) -> str:
    if not isinstance(node, Object):
        return f"={meaning(node)}"
    found = [find(node, key) for key in keys]
    if not any(found):
        return _without_keys(node)
    return ",".join("-" if part is None else meaning(part.value) for part in found)


def _without_keys(node: Object) -> str:
    """Return what identifies an entry that has none of the keys: its plain values, and the names of the others."""
    said = [(part.key, "" if isinstance(part.value, Object | Array) else meaning(part.value)) for part in node.parts]
    return ",".join(f"{key}: {value}" if value else key for key, value in sorted(said)) or "-"


def named_parts(node: Object | Array, match: Match, place: KeyPath) -> list[tuple[str, Part]]:
    """Return the parts of an object, or of a list whose entries are matched, each with its name in a place."""
    if isinstance(node, Object):
        return [(part.key, part) for part in node.parts]
    return list(zip(entry_names(node, match.keys(place)), node.parts, strict=True))


def with_above(places: Iterable[KeyPath]) -> set[KeyPath]:
    """Return places, and all those above them but the root."""
    return {place[:depth] for place in places for depth in range(1, len(place) + 1)}


def is_entry(place: KeyPath) -> bool:
    """Tell whether a place is an entry of a matched list."""
    return bool(place) and names_entry(place[-1])


def names_entry(step: str) -> bool:
    """Tell whether a step of a place names an entry, and is no key in brackets, such as `[python]`."""
    return _ENTRY.fullmatch(step) is not None


def shown(place: KeyPath) -> str:
    """Return a place as a person writes it: keys with dots between them, entries in brackets."""
    said = ""
    for step in place:
        entry = _ENTRY.fullmatch(step)
        if entry is not None:
            said += f"[{_on_one_line(_KIND.sub('', entry[1] or ''))}]"
        else:
            said += ("." if said else "") + (step or '""')
    return said


def _on_one_line(said: str) -> str:
    return shorten(said, _SHOWN, placeholder=" ...") if "\n" in said else said
