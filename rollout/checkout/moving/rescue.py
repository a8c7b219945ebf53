"""The folder `rollout` inside a git folder: where a move keeps what it displaces, and what a killed one left there.

Every step of a move is noted before it is taken, so that the next run can tell from the notes alone what is a
person's, what is git's and what is ours: no record outside the repository is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.checkout import discover, index_lock
from rollout.checkout.moving.kept import STAMP
from rollout.checkout.moving.move_refs import clear_locks, is_in
from rollout.checkout.notes import (
    TARGET,
    Noted,
    forget_moved_on,
    home,
    noted_moves,
    plain_folder,
    remember,
    remove_home,
)
from rollout.checkout.standing import Hindered, git_for
from rollout.errors import GitError
from rollout.git.git_folder import GitDir, NotOurs
from rollout.machine import look, processes, replace
from rollout.machine.look import OnDisk
from rollout.machine.processes import Identity
from rollout.objects import ids

_LONGEST = 150  # bytes of a file's own name that the name of a kept one ends in
_MAY_BE_SOMEBODYS = re.compile(r"\d")  # what was displaced has a number


def any_left(git_dir: Path) -> bool:
    """Tell cheaply whether there may be something to clear."""
    lock = git_dir / "index.lock"
    asides = any(git_dir.glob("index.lock.rollout-*"))
    return asides or os.path.lexists(home(git_dir)) or (os.path.lexists(lock) and index_lock.is_stale(lock))


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
                notes += _settled(repo, place)
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()  # it is there still, and empty, only if it could not be signed
        remove_home(repo)


# --- what is kept for a person


def _keep(repo: GitDir, file: Path, name: str, *, for_ever: bool) -> Path:
    """Keep what may be a person's, whatever it is, where only they remove it if it is to stay for ever."""
    kept = home(repo.git_dir) / "kept"
    plain_folder(kept)
    kept.mkdir(mode=0o700, exist_ok=True)
    mark = "+" if for_ever else "-"
    short = os.fsdecode(os.fsencode(name)[-_LONGEST:])
    place = kept / f"{time.strftime(STAMP, time.gmtime())}-{os.urandom(3).hex()}{mark}{short}"
    os.rename(file, place)
    return place


# --- what a killed run left


def clear(top: Path) -> list[str]:
    """Clear what a killed run left in the checkout at `top`; return what a person should know about it."""
    git_dir = top / ".git"
    try:
        if git_dir.is_dir() and not any_left(git_dir):
            return []
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
            notes += _settled(repo, place)
    forget_moved_on(repo)
    remove_home(repo)
    return notes


def _settled(repo: GitDir, place: Path) -> list[str]:
    """Empty and remove a scratch folder; leave to the next run what cannot be settled now."""
    notes: list[str] = []
    with contextlib.suppress(OSError, Hindered, GitError):
        target = _target(place)
        noted = {one.number: one for one in noted_moves(place)}
        numbers = sorted((name for name in os.listdir(place) if name.isdigit()), key=int)
        busy = processes.writers(
            {(about.st_dev, about.st_ino) for about in map(os.lstat, (place / n for n in numbers))}
        )
        for number in numbers:  # looked at last: once nobody has a file open, its content is final
            notes += _displaced(repo, place, number, noted.get(number), target, busy)
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


class _Target(Struct, frozen=True):
    """Where a branch was when its move began and where it was to go, and its tracking ref, if that was to go along."""

    branch: str
    start: str | None
    commit: str
    tracking: tuple[str, str] | None = None

    def is_at_its_start(self, repo: GitDir) -> bool:
        return repo.ref(self.branch) == self.start


def _target(place: Path) -> _Target | None:
    try:
        branch, start, commit, *more = json.loads((place / TARGET).read_text())
        tracking = (str(more[0][0]), str(more[0][1])) if more and more[0] else None
    except (OSError, ValueError, TypeError, IndexError):
        return None
    words = [branch, commit, *([] if start is None else [start])]
    return _Target(branch, start, commit, tracking) if all(isinstance(word, str) for word in words) else None


def _heal_tracking(repo: GitDir, target: _Target | None) -> None:
    """Let the tracking ref follow its branch where git was interrupted between moving the two."""
    if target is None or target.tracking is None or not ids.ID.match(target.commit):
        return
    ref, before = target.tracking
    moved = is_in(repo, target.branch) and repo.ref(target.branch) == target.commit
    if moved and ref.startswith("refs/remotes/") and is_in(repo, ref) and repo.ref(ref) == before:
        git_for(repo).attempt("update-ref", "-m", "rollout: push", ref, target.commit, before)


def _remember(repo: GitDir, place: Path) -> None:
    """Remember what a move had put at its paths, if it did not get as far as the branch."""
    target = _target(place)
    if target is None or target.start is None:
        return
    if is_in(repo, target.branch) and repo.ref(target.branch) != target.commit:
        put = ((noted.path, noted.new) for noted in noted_moves(place))
        remember(repo, target.branch, target.start, put)


def _displaced(
    repo: GitDir, place: Path, number: str, noted: Noted | None, target: _Target | None, busy: Mapping[Identity, str]
) -> list[str]:
    """Remove what was displaced if it can be proven to be git's or ours; otherwise give it back, or keep it."""
    out = look.look(place, PurePosixPath(number))
    proven = noted is not None and isinstance(out, OnDisk) and noted.is_known(out)
    writer = busy.get(out.identity) if isinstance(out, OnDisk) else None
    if noted is None:
        kept = _keep(repo, place / number, number, for_ever=True)
        return [f"what a run that ended early had displaced is kept in {kept}: nothing tells what it was"]
    if proven and writer is None:
        os.unlink(place / number)
        return []
    if proven:
        kept = _keep(repo, place / number, noted.path.name, for_ever=False)
        return [f"{noted.path} was replaced while {writer} had it open; what it still writes goes to {kept}"]
    if (target is None or target.is_at_its_start(repo)) and _is_back(repo, place, noted):
        # We put back what was displaced; what we took out for it was proven to be ours before.
        return [f"{noted.path}: local edits that a run that ended early had displaced are back"]
    kept = _keep(repo, place / number, noted.path.name, for_ever=True)
    return [f"{noted.path} was changed while it was replaced; what was there is kept in {kept}"]


def _is_back(repo: GitDir, place: Path, noted: Noted) -> bool:
    """Put what was displaced where it was, if what is there now is git's or ours; tell whether it is there."""
    there = look.look(repo.top, noted.path)
    if there is not None and not (isinstance(there, OnDisk) and noted.is_known(there)):
        return False
    number, name = noted.number, noted.path.name
    try:
        with look.opened(place) as scratch, look.parent(repo.top, noted.path) as folder:
            if there is None:
                replace.put_new(scratch, number, folder, name)
                return True
            return _swapped_back(scratch, number, folder, name, noted)
    except OSError:
        return False  # somebody was faster, or the file system cannot: it is kept


def _swapped_back(scratch: int, number: str, folder: int, name: str, noted: Noted) -> bool:
    replace.exchange(scratch, number, folder, name)
    if _nobody_misses(scratch, number, noted):
        os.unlink(number, dir_fd=scratch)
        return True
    replace.exchange(scratch, number, folder, name)  # somebody was faster: theirs stays, this is kept
    return False


def _nobody_misses(scratch: int, number: str, noted: Noted) -> bool:
    """Tell whether the displaced file is git's or ours, and nobody has it open.

    We ask who has it open first: once nobody has, its content is final.
    """
    identity = replace.identity_at(scratch, number)
    if identity is None or processes.writers([identity]):
        return False
    out = look.look_at(scratch, number)
    return isinstance(out, OnDisk) and out.identity == identity and noted.is_known(out)


def finished(repo: GitDir) -> None:
    """Forget what killed runs had begun, now that the checkout has followed."""
    forget_moved_on(repo)
    remove_home(repo)
