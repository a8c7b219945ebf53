"""Tell that a checkout is as upstream has it: the common case, decided without a process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rollout.git.git_folder import GitDir
from rollout.machine import look
from rollout.model import tree_modes
from rollout.model.files import Obstacle
from rollout.objects.ids import git_id
from rollout.objects.trees import TreeEntry


def has_all(repo: GitDir, branch: str, upstream: str, entries: Mapping[PurePosixPath, TreeEntry]) -> bool:
    """Tell whether the branch is checked out at upstream's commit with every managed file as upstream has it.

    If not, `observe` finds out why.
    """
    ref = f"refs/heads/{branch}"
    if repo.head() != ref or repo.ref(ref) != upstream:
        return False
    try:
        with look.opened(repo.top) as top:
            return all(_entry_at(top, path, len(upstream)) == entry for path, entry in entries.items())
    except OSError:
        return False


def _entry_at(top: int, path: PurePosixPath, size: int) -> TreeEntry | Obstacle:
    """Return the tree entry of a work tree file, as if git stored it unconverted."""
    there = look.look_below(top, path)
    if there is None or isinstance(there, Obstacle):
        return there
    return tree_modes.of_file(executable=there.executable), git_id(there.content, size)
