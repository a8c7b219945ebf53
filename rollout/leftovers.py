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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout import atomic, git, gitdir, paths, tokens, unfinished
from rollout.atomic import Found
from rollout.checkout import Hindered, Move, git_for
from rollout.git import GitError, Objects
from rollout.gitdir import GitDir, Identity, NotOurs
from rollout.trees import Entry, git_id
from rollout.unfinished import home

_MOVES, _TARGET, _LOCKS = "moves", "target", "locks"
_STAMP = "%Y%m%dT%H%M%SZ"
_KEPT = 24 * 3600.0  # seconds that a file stays kept although nobody wrote into it
_KEPT_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}-")  # what is kept for ever has a plus sign for the last hyphen
_LONGEST = 150  # bytes of a file's own name that the name of a kept one ends in
_MAY_BE_SOMEBODYS = re.compile(r"\d")  # what was displaced has a number

Version = tuple[int, str]  # a file's whole mode and the id of its every byte


def any_left(git_dir: Path) -> bool:
    """Tell cheaply whether there may be something to clear."""
    lock = git_dir / "index.lock"
    asides = any(git_dir.glob("index.lock.rollout-*"))
    return asides or os.path.lexists(home(git_dir)) or (os.path.lexists(lock) and tokens.is_stale(lock))


@contextmanager
def scratch(repo: GitDir, notes: list[str]) -> Iterator[Path]:
    """Give a signed folder inside the git folder, where nothing that watches or adds files looks.

    What of a person's ends up in it is given back or kept, never deleted with it.
    """
    _plain_folder(home(repo.git_dir))
    place = home(repo.git_dir) / f"op-{os.getpid()}-{time.monotonic_ns()}"
    place.mkdir(mode=0o700, parents=True)
    try:
        with tokens.signed(place):
            try:
                yield place
            finally:
                notes += _settled(repo, place)
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()  # it is there still, and empty, only if it could not be signed
        _remove_home(repo)


def _plain_folder(folder: Path) -> None:
    """Raise Hindered for a place of ours where somebody put something else than a folder."""
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        raise Hindered(f"{folder} is not a folder; move it away")


def _remove_home(repo: GitDir) -> None:
    with contextlib.suppress(OSError):
        home(repo.git_dir).rmdir()


# --- notes of a move at work


def note(place: Path, number: str, move: Move, also: Iterable[Entry], whole: Iterable[Version]) -> None:
    """Leave word of which path a numbered file belongs to, and of what git knows it may be.

    `whole` is what may be displaced, or was made by us, to the byte and with all of its mode.
    """
    known = [entry for entry in (move.old, move.new, *also) if entry is not None]
    unfinished.write_down(place / _MOVES, [[number, str(move.path), move.new, known, list(whole)]])


def note_target(place: Path, start: str | None, commit: str, branch: str, tracking: tuple[str, str] | None) -> None:
    """Leave word of where the branch was and where it is to go, and which tracking ref is to go there from where."""
    unfinished.write_down(place / _TARGET, [[branch, start, commit, tracking]])


def note_locks(repo: GitDir, place: Path, commit: str, refs: Iterable[str]) -> None:
    """Leave word of the ref locks that git is about to take for us: those that nobody holds now."""
    free = [ref for ref in ("HEAD", *refs) if not os.path.lexists(_lock_of(repo, ref))]
    unfinished.write_down(place / _LOCKS, [[commit, free]])


def _lock_of(repo: GitDir, ref: str) -> Path:
    return repo.git_dir / "HEAD.lock" if ref == "HEAD" else repo.common_dir / f"{ref}.lock"


def _is_in(repo: GitDir, ref: str) -> bool:
    """Tell whether a ref that a note names is one: what lies in a git folder may be anybody's."""
    folder = os.path.realpath(_lock_of(repo, ref).parent)
    inside = folder.startswith(os.path.realpath(repo.common_dir) + "/refs/")
    return ref == "HEAD" or (ref.startswith("refs/") and ".." not in ref and inside)


def clear_locks(repo: GitDir, place: Path) -> bool:
    """Remove the ref locks that a git process of ours left when it was killed; tell whether none can be left.

    Such a lock does not say whose it is. Ours was not there before, is not older than our note, is empty or holds
    the very commit we were moving to, and no git process is at work in the repository that could hold it.
    """
    try:
        commit, free = json.loads((place / _LOCKS).read_text())
        noted = (place / _LOCKS).stat().st_mtime_ns
    except (OSError, ValueError):
        return True
    locks = [_lock_of(repo, ref) for ref in free if isinstance(ref, str) and _is_in(repo, ref)]
    left = [lock for lock in locks if _is_left(lock, noted, f"{commit}\n".encode())]
    if not left:
        return True
    try:
        if any(True for _ in gitdir.processes_in(repo.git_dir, repo.top)):
            return False
    except FileNotFoundError:
        return False  # nobody can be seen here; the lock is named in what git says
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


# --- what is kept for a person


def _keep(repo: GitDir, file: Path, name: str, *, for_ever: bool) -> Path:
    """Keep what may be a person's, whatever it is, where only they remove it if it is to stay for ever."""
    kept = home(repo.git_dir) / "kept"
    _plain_folder(kept)
    kept.mkdir(mode=0o700, exist_ok=True)
    mark = "+" if for_ever else "-"
    short = os.fsdecode(os.fsencode(name)[-_LONGEST:])
    place = kept / f"{time.strftime(_STAMP, time.gmtime())}-{os.urandom(3).hex()}{mark}{short}"
    os.rename(file, place)
    return place


def forget_unchanged(repo: GitDir, objects: Objects, id_size: int) -> None:
    """Remove kept files into which nobody wrote: git has their every byte, and nobody has had them open for a day."""
    kept = home(repo.git_dir) / "kept"
    if not os.path.lexists(kept):
        return
    _plain_folder(kept)
    yesterday = time.strftime(_STAMP, time.gmtime(time.time() - _KEPT))
    for name in sorted(os.listdir(kept)):
        found = atomic.look(kept, PurePosixPath(name)) if _KEPT_NAME.match(name) and name < yesterday else None
        in_git = isinstance(found, Found) and objects.read(git_id(found.content, id_size)) is not None
        if isinstance(found, Found) and in_git and not gitdir.writers([found.identity]):
            os.unlink(kept / name)
    with contextlib.suppress(OSError):
        kept.rmdir()


# --- what a killed run left


def clear(top: Path) -> list[str]:
    """Clear what a killed run left in the checkout at `top`, if there is any; return what to tell of it."""
    git_dir = top / ".git"
    try:
        if git_dir.is_dir() and not any_left(git_dir):
            return []
        repo = gitdir.discover(top)
        return rescue(repo) if any_left(repo.git_dir) else []
    except (NotOurs, Hindered, OSError):
        return []  # whatever is wrong there is told when the target is looked at


def rescue(repo: GitDir) -> list[str]:
    """Clear what a killed run left in the git folder, giving back every byte that is a person's."""
    lock = repo.git_dir / "index.lock"
    tokens.clear_asides(lock)
    tokens.clear_stale(lock)
    notes: list[str] = []
    _plain_folder(home(repo.git_dir))
    for place in sorted(home(repo.git_dir).glob("op-*")):
        if not place.is_symlink() and not tokens.alive(place):
            _remember(repo, place)
            notes += _settled(repo, place)
    unfinished.forget_moved_on(repo)
    _remove_home(repo)
    return notes


def _settled(repo: GitDir, place: Path) -> list[str]:
    """Empty and remove a scratch folder; what cannot be settled now is left for the next run."""
    notes: list[str] = []
    with contextlib.suppress(OSError, Hindered, GitError):
        target = _target(place)
        noted = {one.number: one for one in _noted(place)}
        numbers = sorted((name for name in os.listdir(place) if name.isdigit()), key=int)
        busy = gitdir.writers({(about.st_dev, about.st_ino) for about in map(os.lstat, (place / n for n in numbers))})
        for number in numbers:  # looked at only now: whoever has none of them open any more has written all of it
            notes += _displaced(repo, place, number, noted.get(number), target, busy)
        if clear_locks(repo, place):
            _heal_tracking(repo, target)
            _remove(place)
    return notes


def _remove(place: Path) -> None:
    """Remove a scratch folder, unless there still is what somebody may miss."""
    for name in os.listdir(place):
        if _MAY_BE_SOMEBODYS.match(name) and not _is_half(place / name):
            return
    shutil.rmtree(place)


def _is_half(file: Path) -> bool:
    """Tell whether it is a file that we had not finished writing: it never had its name."""
    return file.name.endswith(atomic.PART) and stat.S_ISREG(file.lstat().st_mode)


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
        branch, start, commit, *more = json.loads((place / _TARGET).read_text())
        tracking = (str(more[0][0]), str(more[0][1])) if more and more[0] else None
    except (OSError, ValueError, TypeError, IndexError):
        return None
    words = [branch, commit, *([] if start is None else [start])]
    return _Target(branch, start, commit, tracking) if all(isinstance(word, str) for word in words) else None


def _heal_tracking(repo: GitDir, target: _Target | None) -> None:
    """Let the tracking ref follow its branch where only git's way from one to the other was cut short."""
    if target is None or target.tracking is None or not git.ID.match(target.commit):
        return
    ref, before = target.tracking
    moved = _is_in(repo, target.branch) and repo.ref(target.branch) == target.commit
    if moved and ref.startswith("refs/remotes/") and _is_in(repo, ref) and repo.ref(ref) == before:
        git_for(repo).attempt("update-ref", "-m", "rollout: push", ref, target.commit, before)


def _remember(repo: GitDir, place: Path) -> None:
    """Remember what a move had put at its paths, if it did not get as far as the branch."""
    target = _target(place)
    if target is None or target.start is None:
        return
    if _is_in(repo, target.branch) and repo.ref(target.branch) != target.commit:
        put = ((noted.path, noted.new) for noted in _noted(place))
        unfinished.remember(repo, target.branch, target.start, put)


class _Noted(Struct, frozen=True):
    """One path of a killed move: the number of what it displaced, what git has of it, and what we saw or made of it."""

    number: str
    path: PurePosixPath
    new: Entry
    known: frozenset[tuple[str, str]]
    whole: frozenset[Version]

    def is_known(self, found: Found) -> bool:
        """Tell whether a file is git's or ours: every byte of it, and its mode as far as that is known."""
        size = len(next((name for _, name in (*self.known, *self.whole)), ""))
        if size == 0:
            return False
        name = git_id(found.content, size)
        if self.whole:
            return (found.mode, name) in self.whole
        return ("100755" if found.executable else "100644", name) in self.known


def _noted(place: Path) -> Iterator[_Noted]:
    try:
        lines = (place / _MOVES).read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, IndexError):  # the last line of a killed run may be half a line
            number, path, new, known, *whole = json.loads(line)
            # What lies in a git folder may be anybody's: no name leads anywhere but below the work tree.
            if str(number).isdigit() and isinstance(path, str) and paths.astray(path) is None:
                entry = (str(new[0]), str(new[1])) if new else None
                entries = frozenset((str(mode), str(name)) for mode, name in known)
                versions = frozenset((int(mode), str(name)) for mode, name in (whole[0] if whole else ()))
                yield _Noted(str(number), PurePosixPath(path), entry, entries, versions)


def _displaced(
    repo: GitDir, place: Path, number: str, noted: _Noted | None, target: _Target | None, busy: Mapping[Identity, str]
) -> list[str]:
    """Remove what was displaced if it can be proven to be git's or ours; otherwise give it back, or keep it."""
    out = atomic.look(place, PurePosixPath(number))
    proven = noted is not None and isinstance(out, Found) and noted.is_known(out)
    writer = busy.get(out.identity) if isinstance(out, Found) else None
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
        # What went back is what was displaced; what came out for it was proven before.
        return [f"{noted.path}: local edits that a run that ended early had displaced are back"]
    kept = _keep(repo, place / number, noted.path.name, for_ever=True)
    return [f"{noted.path} was changed while it was replaced; what was there is kept in {kept}"]


def _is_back(repo: GitDir, place: Path, noted: _Noted) -> bool:
    """Put what was displaced where it was, if what is there now is git's or ours; tell whether it is there."""
    there = atomic.look(repo.top, noted.path)
    if there is not None and not (isinstance(there, Found) and noted.is_known(there)):
        return False
    number, name = noted.number, noted.path.name
    try:
        with atomic.opened(place) as scratch, atomic.parent(repo.top, noted.path) as folder:
            if there is None:
                atomic.put_new(scratch, number, folder, name)
                return True
            return _swapped_back(scratch, number, folder, name, noted)
    except OSError:
        return False  # somebody was faster, or the file system cannot: it is kept


def _swapped_back(scratch: int, number: str, folder: int, name: str, noted: _Noted) -> bool:
    atomic.swap(scratch, number, folder, name)
    out = atomic.look_at(scratch, number)
    if isinstance(out, Found) and noted.is_known(out) and not gitdir.writers([out.identity]):
        os.unlink(number, dir_fd=scratch)
        return True
    atomic.swap(scratch, number, folder, name)  # somebody was faster: theirs stays, this is kept
    return False


def finished(repo: GitDir) -> None:
    """Forget what killed runs had begun, now that the checkout has followed."""
    unfinished.forget_moved_on(repo)
    _remove_home(repo)
