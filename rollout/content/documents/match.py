"""Which keys identify the entries of a list: `match` in `files`, and the lists that are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content.documents.document import Array, Node, Object, Part, find, meaning
from rollout.content.documents.key_path import ENTRY, KeyPath, ListEntry, Step

Pattern = tuple[Step | None, ...]
"""The steps that lead to lists: None is any step, and `ENTRY` any entry."""

_STEP = re.compile(r"\*|[^.\[\]*]+")
_HOOKS = {"hooks.*": ("matcher",), "hooks.*[].hooks": ("command",)}
_KNOWN = {".claude/settings.json": _HOOKS, ".claude/settings.local.json": _HOOKS}


class Match(Struct, frozen=True):
    """Patterns of lists, each with the keys that identify an entry there."""

    rules: tuple[tuple[Pattern, tuple[str, ...]], ...] = ()

    def keys(self, place: KeyPath) -> tuple[str, ...]:
        """Return the keys that identify the entries of a list; none if their values identify them."""
        return next((keys for pattern, keys in self.rules if fits(pattern, place)), ())


def match_for(path: PurePosixPath, told: Mapping[str, Sequence[str]]) -> Match:
    """Return how entries of lists in a file are matched; what the inventory says comes before what is known."""
    rules = {**_known(path), **told}
    return Match(tuple((steps_of(pattern) or (), tuple(keys)) for pattern, keys in rules.items()))


def _known(path: PurePosixPath) -> Mapping[str, tuple[str, ...]]:
    return next((rules for name, rules in _KNOWN.items() if f"/{path}".endswith(f"/{name}")), {})


def steps_of(pattern: str) -> Pattern | None:
    """Return the steps of a dotted path, `*` for any, `[]` for an entry; None if it is no such path."""
    steps: list[Step | None] = []
    for word in pattern.split("."):
        name = word
        brackets = 0
        while name.endswith("[]"):
            name, brackets = name[:-2], brackets + 1
        if not _STEP.fullmatch(name):
            return None
        steps += [None if name == "*" else name, *[ENTRY] * brackets]
    return tuple(steps)


def fits(pattern: Pattern, place: KeyPath) -> bool:
    """Tell whether a pattern leads to a place."""
    return len(pattern) == len(place) and all(
        one is None or one == step or (one is ENTRY and isinstance(step, ListEntry))
        for one, step in zip(pattern, place, strict=True)
    )


def entry_names(array: Array, keys: tuple[str, ...]) -> list[ListEntry]:
    """Return the name of each entry: its keys, and its number among the entries with the same keys."""
    seen: dict[str, int] = {}
    names = []
    for part in array.parts:
        identity = _identity(part.value, keys)
        seen[identity] = number = seen.get(identity, 0) + 1
        names.append(ListEntry(identity, number))
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


def named_parts(node: Object | Array, match: Match, place: KeyPath) -> list[tuple[Step, Part]]:
    """Return the parts of an object, or of a list whose entries are matched, each with its name in a place."""
    if isinstance(node, Object):
        return [(part.key, part) for part in node.parts]
    return list(zip(entry_names(node, match.keys(place)), node.parts, strict=True))
