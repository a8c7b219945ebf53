"""Decide whether a checkout may move, and raise Hindered with the reason when it may not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.checkout.conversions import Conversions
from rollout.checkout.edits import Move, edited
from rollout.checkout.left_out import in_index
from rollout.checkout.standing import Hindered, hindrance, standing
from rollout.content import attributes
from rollout.git.git_folder import GitDir
from rollout.git.run import Git
from rollout.machine import processes, waiting
from rollout.machine.look import OnDisk
from rollout.model import tree_modes
from rollout.model.hindrances import Edited, OwnCommits
from rollout.objects.trees import TreeEntry
from rollout.safety.paths import astray

_POLL = 0.02  # seconds between two looks for git processes
_QUIET = 3.0  # seconds without a change where processes cannot be seen
_PLAIN = {tree_modes.FILE, tree_modes.EXECUTABLE}
_LINKS = {tree_modes.SYMLINK: "a symlink", tree_modes.SUBMODULE: "a submodule"}


class Moving(Struct, frozen=True):
    """One move of a checkout: its branch, the two commits, the changed paths, and where displaced files are kept."""

    repo: GitDir
    runner: Git
    branch: str
    local: str | None
    commit: str
    tracking: tuple[str, str] | None  # the ref that goes along, and where it is
    published: bool
    moves: tuple[Move, ...]
    how: Conversions
    contents: dict[PurePosixPath, bytes]
    scratch: Path
    begun: dict[PurePosixPath, list[TreeEntry]]  # what a killed run had already put in place
    left_out: frozenset[PurePosixPath] = frozenset()  # changed, but only in the index: a sparse checkout has no file

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def in_work_tree(self) -> tuple[Move, ...]:
        """Return the changes that the work tree sees."""
        return tuple(move for move in self.moves if move.path not in self.left_out)

    @property
    def size(self) -> int:
        return len(self.commit)


def start(repo: GitDir, runner: Git, branch: str, remote: str, upstream: str) -> str | None:
    """Return the branch's commit if the branch may be moved at all."""
    reason = hindrance(repo, runner, branch)
    if reason:
        raise Hindered(reason)
    where = standing(repo, runner, branch, remote, upstream)
    if where.local is None:
        raise Hindered(f"branch {branch} has no commit yet")
    if where.persons:
        raise Hindered(OwnCommits(len(where.persons)))
    return where.local


def plain_files(moves: Iterable[Move]) -> None:
    """Raise Hindered for anything but a plain file, and for a path that leads out of the work tree."""
    for move in moves:
        why = astray(str(move.path))
        if why:
            raise Hindered(f"upstream changed {move.path}, which {why}: pull it yourself")
        for entry in (move.old, move.new):
            if entry is not None and entry[0] not in _PLAIN:
                what = _LINKS.get(entry[0], f"an entry of mode {entry[0]}")
                raise Hindered(f"upstream changed {what}, {move.path}: pull it yourself")


def no_foreign_attributes(moves: Iterable[Move], how: Conversions) -> None:
    """Raise Hindered for a path that only a program of the person's could write."""
    for move in moves:
        foreign = attributes.foreign(how.of(move.path))
        if foreign:
            raise Hindered(f"{move.path} is under the attribute {foreign}: pull it yourself")


def look(moving: Moving, patience: float = 0.0) -> None:
    """Raise Hindered unless everything is still as the move needs it, and nobody is at work after so many seconds."""
    if moving.repo.ref(moving.ref) != moving.local:
        raise Hindered("its branch moved meanwhile")
    reason = hindrance(moving.repo, moving.runner, moving.branch)
    if reason:
        raise Hindered(reason)
    nobody_at_work(moving.repo, patience)
    modes = moving.repo.compares_modes()
    found = edited(moving.repo, moving.in_work_tree, moving.how, moving.size, file_mode=modes, begun=moving.begun)
    if found:
        raise Hindered(Edited(tuple(found.items())))
    _index_is_clean(moving)


def nobody_at_work(repo: GitDir, patience: float = 0.0) -> None:
    """Raise Hindered while a git process is at work in the checkout, after so many seconds in which it may end."""
    end = time.monotonic() + patience
    while busy := _at_work(repo):
        if time.monotonic() >= end:
            raise Hindered(f"busy: {busy[0]} is at work there")
        waiting.sleep(_POLL)


def _at_work(repo: GitDir) -> list[str]:
    try:
        return list(processes.processes_in(repo.git_dir, repo.top))
    except FileNotFoundError:
        return _recent(repo)


def _recent(repo: GitDir) -> list[str]:
    """Without /proc, take it that nobody is at work once git's files have not changed for a while."""
    now = time.time()
    for name in ("index", "HEAD", "logs/HEAD", "FETCH_HEAD", "refs/stash", "ORIG_HEAD"):
        with contextlib.suppress(OSError):
            if now - (repo.git_dir / name).lstat().st_mtime < _QUIET:
                return [f"a git command that just changed {name}"]
    return []


def _index_is_clean(moving: Moving) -> None:
    staged: dict[PurePosixPath, tuple[str, str]] = {}
    for path, (tag, mode, name, stage) in in_index(moving.runner, (move.path for move in moving.moves)):
        if stage != "0":
            raise Hindered(f"{path} is unmerged")
        if tag == "S" and path not in moving.left_out:
            raise Hindered(f"{path} is left out by a sparse checkout, but is there")
        if tag != "S" and path in moving.left_out:
            raise Hindered(f"{path} was taken into the sparse checkout meanwhile")
        staged[path] = (mode, name)
    for move in moving.moves:
        entry = staged.get(move.path)
        if entry not in (move.old, move.new, *moving.begun.get(move.path, ())):
            raise Hindered(f"{move.path} is staged with other content")


def fits(moving: Moving, move: Move, found: OnDisk | None) -> None:
    """Raise Hindered unless a file is one that the move may replace, in its content and its mode."""
    entries = (move.old, move.new, *moving.begun.get(move.path, ()))
    if found is None:
        if None not in entries:
            raise Hindered(f"{move.path} was deleted meanwhile")
        return
    ids = moving.how.ids(found.content, move.path, moving.size)
    same = [entry for entry in entries if entry is not None and entry[1] in ids]
    modes = moving.repo.compares_modes()
    if not any(not modes or (entry[0] == tree_modes.EXECUTABLE) == found.executable for entry in same):
        raise Hindered(f"{move.path} was changed meanwhile")
