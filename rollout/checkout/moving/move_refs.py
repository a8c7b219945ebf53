"""Move the branch and its tracking ref, and clear the ref locks that a killed git left."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from rollout.checkout import notes
from rollout.checkout.moving.may_move import Moving
from rollout.checkout.notes import LOCKS
from rollout.checkout.standing import Hindered
from rollout.errors import GitError
from rollout.git.git_folder import GitDir
from rollout.machine import processes


def note_locks(repo: GitDir, place: Path, commit: str, refs: Iterable[str]) -> None:
    """Note the ref locks that git is about to take for us: those that nobody holds now."""
    free = [ref for ref in ("HEAD", *refs) if not os.path.lexists(_lock_of(repo, ref))]
    notes.write_down(place / LOCKS, [[commit, free]])


def _lock_of(repo: GitDir, ref: str) -> Path:
    return repo.git_dir / "HEAD.lock" if ref == "HEAD" else repo.common_dir / f"{ref}.lock"


def is_in(repo: GitDir, ref: str) -> bool:
    """Tell whether a note names a valid ref: anybody may write in a git folder."""
    folder = os.path.realpath(_lock_of(repo, ref).parent)
    inside = folder.startswith(os.path.realpath(repo.common_dir) + "/refs/")
    return ref == "HEAD" or (ref.startswith("refs/") and ".." not in ref and inside)


def clear_locks(repo: GitDir, place: Path) -> bool:
    """Remove the ref locks that a git process of ours left when it was killed; tell whether none can be left.

    Such a lock does not say whose it is. Ours was not there before, is not older than our note, is empty or holds
    the very commit we were moving to, and no git process is at work in the repository that could hold it.
    """
    try:
        commit, free = json.loads((place / LOCKS).read_text())
        noted = (place / LOCKS).stat().st_mtime_ns
    except (OSError, ValueError):
        return True
    locks = [_lock_of(repo, ref) for ref in free if isinstance(ref, str) and is_in(repo, ref)]
    left = [lock for lock in locks if _is_left(lock, noted, f"{commit}\n".encode())]
    if not left:
        return True
    try:
        if any(True for _ in processes.processes_in(repo.git_dir, repo.top)):
            return False
    except FileNotFoundError:
        return False  # we cannot see processes here; git's own message names the lock
    for lock in left:
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()
    return True


def _is_left(lock: Path, since: int, content: bytes) -> bool:
    try:
        about = lock.lstat()
        plain = stat.S_ISREG(about.st_mode) and about.st_mtime_ns >= since
        return plain and content.startswith(lock.read_bytes())  # git writes the id first and then the line end
    except OSError:
        return False


class Refs(Struct):
    """The refs of a move."""

    moving: Moving
    tried: bool = False  # from then on only the branch itself tells whether it moved

    def move(self) -> None:
        """Move the branch, and its tracking ref with it when upstream has the commit, in one transaction."""
        branch, tracking = self.moving.ref, self.moving.tracking
        refs = (branch, *([tracking[0]] if tracking else []))
        note_locks(self.moving.repo, self.moving.scratch, self.moving.commit, refs)
        if self.moving.local == self.moving.commit:
            if tracking:
                tried = self.moving.runner.attempt(
                    "update-ref", "-m", "rollout: push", tracking[0], self.moving.commit, tracking[1]
                )
                if tried.code:
                    clear_locks(self.moving.repo, self.moving.scratch)
            return
        update = f"update {branch}\0{self.moving.commit}\0{self.moving.local}\0"
        message = ("-m", "rollout: follow upstream" if self.moving.published else "rollout: commit")
        self.tried = True
        if tracking:
            both = update + f"update {tracking[0]}\0{self.moving.commit}\0{tracking[1]}\0"
            tried = self.moving.runner.attempt("update-ref", *message, "--stdin", "-z", stdin=both.encode())
            if tried.code == 0:
                return
            clear_locks(self.moving.repo, self.moving.scratch)
        try:
            self.moving.runner.run("update-ref", *message, "--stdin", "-z", stdin=update.encode())
        except GitError as error:
            clear_locks(self.moving.repo, self.moving.scratch)
            what = "could not be moved" if self.moving.repo.ref(branch) == self.moving.local else "moved meanwhile"
            raise Hindered(f"its branch {what} ({error})") from error

    def have_moved(self) -> bool | None:
        """Tell whether the branch has our commit; return None if that cannot be told.

        Putting files back under a branch that has moved would leave a revert of our change for the person to commit. So
        we read the branch, however its writer ended; a git of ours that was told to end has ended by now.
        """
        there = self.moving.repo.ref(self.moving.ref)
        if not self.tried or there == self.moving.local:
            return False
        if there == self.moving.commit:
            return True
        if there is None:
            return None
        try:
            asked = self.moving.runner.attempt("merge-base", "--is-ancestor", self.moving.commit, there)
        except GitError:
            return None
        return {0: True, 1: False}.get(asked.code)
