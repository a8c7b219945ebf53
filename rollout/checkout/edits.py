"""Find what changes when a branch moves, and which of those files have local edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.checkout.conversions import Conversions
from rollout.git.git_folder import GitDir
from rollout.machine import look
from rollout.model import tree_modes
from rollout.model.files import Obstacle
from rollout.objects.trees import Tree, TreeEntry, difference

DELETED = "was deleted"


class Move(Struct, frozen=True):
    """One path that changes when the branch moves."""

    path: PurePosixPath
    old: TreeEntry
    new: TreeEntry


def edited(
    repo: GitDir,
    moves: Iterable[Move],
    how: Conversions,
    size: int,
    *,
    file_mode: bool,
    begun: Mapping[PurePosixPath, Iterable[TreeEntry]] | None = None,
) -> dict[PurePosixPath, str]:
    """Return the paths whose work tree file is neither the old nor the new one, and what it is instead.

    `begun` is what a killed run had already put there.
    """
    found: dict[PurePosixPath, str] = {}
    for move in moves:
        there = look.look(repo.top, move.path)
        if isinstance(there, Obstacle):
            found[move.path] = f"is {there.what}"
            continue
        entries = (move.old, move.new, *(begun or {}).get(move.path, ()))
        if there is None:
            if None not in entries:
                found[move.path] = DELETED
            continue
        ids = how.ids(there.content, move.path, size)
        fits = [
            entry
            for entry in entries
            if entry is not None
            and entry[1] in ids
            and (not file_mode or (entry[0] == tree_modes.EXECUTABLE) == there.executable)
        ]
        if not fits:
            found[move.path] = "has local edits" if move.old is not None else "is in the way and not tracked by git"
    return found


def moves_between(old: Tree, new: Tree) -> list[Move]:
    return [Move(path, before, after) for path, before, after in difference(old, new)]
