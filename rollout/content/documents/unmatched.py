"""Find paths in `match` that lead to no list of a template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.documents.document import Array, Node, Object, Unmergeable
from rollout.content.documents.formats import format_of
from rollout.content.documents.key_path import ENTRY, KeyPath
from rollout.content.documents.match import fits, match_for, steps_of
from rollout.content.documents.merged_file import MergedFile
from rollout.model.inventory import FileRule


def unmatched(path: PurePosixPath, rule: FileRule, body: bytes) -> list[str]:
    """Return what `match` of a file names and its template has no list at; what is wrong with it is told elsewhere."""
    told, name = dict(rule.match), format_of(path, rule.format)
    try:
        found = [] if name is None else list(_lists(MergedFile(path, name, match_for(path, told)).read(body).root, ()))
    except Unmergeable:
        return []
    return [one for one in told if name and not any(fits(steps_of(one) or (), place) for place in found)]


def _lists(node: Node, place: KeyPath) -> Iterator[KeyPath]:
    """Yield where lists are; every entry of one is named alike."""
    if isinstance(node, Array):
        yield place
        for part in node.parts:
            yield from _lists(part.value, (*place, ENTRY))
    elif isinstance(node, Object):
        for part in node.parts:
            yield from _lists(part.value, (*place, part.key))
