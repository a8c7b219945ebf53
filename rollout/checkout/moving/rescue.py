"""The folder `rollout` inside a git folder: where a move keeps what it displaces, and what a killed one left there.

Every step of a move is noted before it is taken, so that the next run can tell from the notes alone what is a
person's, what is git's and what is ours: no record outside the repository is needed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.checkout import discover, index_lock
from rollout.checkout.leftovers import any_left, home, nothing_left
from rollout.checkout.moving.give_back import displaced
from rollout.checkout.moving.intent import Intent, intent_of
from rollout.checkout.moving.move_refs import clear_locks, is_in
from rollout.checkout.notes import (
    forget_moved_on,
    noted_moves,
    plain_folder,
    remember,
    remove_home,
)
from rollout.checkout.standing import Hindered, git_for
from rollout.errors import GitError
from rollout.git.git_folder import GitDir, NotOurs
from rollout.machine import open_files, replace
from rollout.objects import ids

_MAY_BE_SOMEBODYS = re.compile(r"\d")  # what was displaced has a number


@contextmanager
def scratch(repo: GitDir, notes: list[str]) -> Iterator[Path]:
    """Make a signed folder inside the git folder, where no watcher and no `git add` looks.

    A person's files that end up in it are given back or kept, never deleted with it.
    """
    plain_folder(home(repo.git_dir))
    place = home(repo.git_dir) / f"op-{os.getpid()}-{time.monotonic_ns()}"
    place.mkdir(mode=0o700, parents=True)
    try:
        with index_lock.signed(place):
            try:
                yield place
            finally:
                notes += _emptied(repo, place)
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()  # it is there still, and empty, only if it could not be signed
        remove_home(repo)


def clear(top: Path) -> list[str]:
    """Clear what a killed run left in the checkout at `top`; return what a person should know about it."""
    if nothing_left(top):
        return []
    try:
        repo = discover.discover(top)
        return rescue(repo) if any_left(repo.git_dir) else []
    except (NotOurs, Hindered, OSError):
        return []  # whatever is wrong there is told when the target is looked at


def rescue(repo: GitDir) -> list[str]:
    """Clear what a killed run left in the git folder, giving back every byte that is a person's."""
    lock = repo.git_dir / "index.lock"
    index_lock.clear_asides(lock)
    index_lock.clear_stale(lock)
    notes: list[str] = []
    plain_folder(home(repo.git_dir))
    for place in sorted(home(repo.git_dir).glob("op-*")):
        if not place.is_symlink() and not index_lock.alive(place):
            _remember(repo, place)
            notes += _emptied(repo, place)
    forget_moved_on(repo)
    remove_home(repo)
    return notes


def _emptied(repo: GitDir, place: Path) -> list[str]:
    """Empty and remove a scratch folder; leave to the next run what cannot be settled now."""
    notes: list[str] = []
    with contextlib.suppress(OSError, Hindered, GitError):
        target = intent_of(place)
        noted = {one.number: one for one in noted_moves(place)}
        numbers = sorted((name for name in os.listdir(place) if name.isdigit()), key=int)
        busy = open_files.writers(place / number for number in numbers)
        for number in numbers:  # looked at last: once nobody has a file open, its content is final
            notes += displaced(repo, place, number, noted.get(number), target, busy)
        if clear_locks(repo, place):
            _heal_tracking(repo, target)
            _remove(place)
    return notes


def _remove(place: Path) -> None:
    """Remove a scratch folder, unless something that somebody may miss is still in it."""
    for name in os.listdir(place):
        if _MAY_BE_SOMEBODYS.match(name) and not _is_half(place / name):
            return
    shutil.rmtree(place)


def _is_half(file: Path) -> bool:
    """Tell whether it is a file that we had not finished writing: it never had its name."""
    return file.name.endswith(replace.PART) and stat.S_ISREG(file.lstat().st_mode)


def _heal_tracking(repo: GitDir, target: Intent | None) -> None:
    """Let the tracking ref follow its branch where git was interrupted between moving the two."""
    if target is None or target.tracking is None or not ids.ID.match(target.commit):
        return
    ref, before = target.tracking
    moved = is_in(repo, target.branch) and repo.ref(target.branch) == target.commit
    if moved and ref.startswith("refs/remotes/") and is_in(repo, ref) and repo.ref(ref) == before:
        git_for(repo).attempt("update-ref", "-m", "rollout: push", ref, target.commit, before)


def _remember(repo: GitDir, place: Path) -> None:
    """Remember what a move had put at its paths, if it did not get as far as the branch."""
    target = intent_of(place)
    if target is None or target.start is None:
        return
    if is_in(repo, target.branch) and repo.ref(target.branch) != target.commit:
        put = ((noted.path, noted.new) for noted in noted_moves(place))
        remember(repo, target.branch, target.start, put)


def finished(repo: GitDir) -> None:
    """Forget what killed runs had begun, now that the checkout has followed."""
    forget_moved_on(repo)
    remove_home(repo)
