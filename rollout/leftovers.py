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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout import atomic, attributes, gitdir, paths, tokens, unfinished
from rollout.atomic import Found
from rollout.checkout import Conversions, Hindered, Move
from rollout.git import Objects
from rollout.gitdir import GitDir, NotOurs
from rollout.trees import Entry, git_id
from rollout.unfinished import home

_MOVES, _TARGET, _LOCKS = "moves", "target", "locks"
_STAMP = "%Y%m%dT%H%M%SZ"
_KEPT = 24 * 3600.0  # seconds that a file stays kept although nobody wrote into it
_KEPT_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}-")


def any_left(git_dir: Path) -> bool:
    """Tell cheaply whether there may be something to clear."""
    lock = git_dir / "index.lock"
    asides = any(git_dir.glob("index.lock.rollout-*"))
    return asides or os.path.lexists(home(git_dir)) or (os.path.lexists(lock) and tokens.is_stale(lock))


@contextmanager
def scratch(repo: GitDir, notes: list[str]) -> Iterator[Path]:
    """Give a folder inside the git folder, where nothing that watches or adds files looks.

    What of a person's ends up in it is given back or kept, never deleted with it.
    """
    _plain_folder(home(repo.git_dir))
    place = home(repo.git_dir) / f"op-{os.getpid()}-{time.monotonic_ns()}"
    place.mkdir(mode=0o700, parents=True)
    try:
        tokens.sign(place)
        yield place
    finally:
        notes += _settled(repo, place)
        _remove_home(repo)


def _plain_folder(folder: Path) -> None:
    """Raise Hindered for a place of ours where somebody put something else than a folder."""
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        raise Hindered(f"{folder} is not a folder; move it away")


def _remove_home(repo: GitDir) -> None:
    with contextlib.suppress(OSError):
        home(repo.git_dir).rmdir()


# --- notes of a move at work


def note(place: Path, number: str, move: Move, also: Iterable[Entry]) -> None:
    """Leave word of which path a numbered file belongs to, and of what git knows it may be."""
    known = [entry for entry in (move.old, move.new, *also) if entry is not None]
    unfinished.write_down(place / _MOVES, [[number, str(move.path), move.new, known]])


def note_target(place: Path, branch: str, start: str | None, commit: str) -> None:
    """Leave word of where the branch was and where it is to go."""
    unfinished.write_down(place / _TARGET, [[branch, start, commit]])


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


def keep(repo: GitDir, file: Path, path: PurePosixPath) -> Path:
    """Keep a file of a person's where only they remove it."""
    kept = home(repo.git_dir) / "kept"
    _plain_folder(kept)
    kept.mkdir(mode=0o700, exist_ok=True)
    place = kept / f"{time.strftime(_STAMP, time.gmtime())}-{os.urandom(3).hex()}-{path.name}"
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
        if isinstance(found, Found) and in_git and gitdir.open_in(found.identity) is None:
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
    with contextlib.suppress(OSError, Hindered):
        for noted in _noted(place):
            notes += _given_back(repo, place, noted)
        if clear_locks(repo, place):
            shutil.rmtree(place)
    return notes


def _remember(repo: GitDir, place: Path) -> None:
    """Remember what a move had put at its paths, if it did not get as far as the branch."""
    try:
        branch, start, commit = json.loads((place / _TARGET).read_text())
    except (OSError, ValueError):
        return
    if _is_in(repo, branch) and repo.ref(branch) != commit:
        unfinished.remember(repo, branch, start, ((noted.path, noted.new) for noted in _noted(place)))


class _Noted(Struct, frozen=True):
    """One path of a killed move: the number its displaced file has, and every content of it that git has."""

    number: str
    path: PurePosixPath
    new: Entry
    known: frozenset[str]

    def is_known(self, found: Found) -> bool:
        size = len(next(iter(self.known), ""))
        how = Conversions((), attributes.LineEnds(autocrlf="input"))
        return bool(how.ids(found.content, self.path, size) & self.known) if size else False


def _noted(place: Path) -> Iterator[_Noted]:
    try:
        lines = (place / _MOVES).read_text().splitlines()
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, IndexError):  # the last line of a killed run may be half a line
            number, path, new, known = json.loads(line)
            # What lies in a git folder may be anybody's: only names that we would have written lead anywhere.
            if str(number).isdigit() and isinstance(path, str) and paths.refusal(path) is None:
                entry = (str(new[0]), str(new[1])) if new else None
                yield _Noted(str(number), PurePosixPath(path), entry, frozenset(e[1] for e in known))


def _given_back(repo: GitDir, place: Path, noted: _Noted) -> list[str]:
    """Give a displaced file back unless git has it; where somebody has gone on since, keep it beside."""
    out = atomic.look(place, PurePosixPath(noted.number))
    if not isinstance(out, Found) or noted.is_known(out):
        return []
    if _is_back(repo, place, noted):
        return [f"{noted.path}: local edits that a killed run had displaced are back"]
    kept = keep(repo, place / noted.number, noted.path)
    return [f"{noted.path}: local edits that a killed run had displaced are kept in {kept}"]


def _is_back(repo: GitDir, place: Path, noted: _Noted) -> bool:
    """Put a displaced file where it was, if what is there now is git's; tell whether it is there."""
    there = atomic.look(repo.top, noted.path)
    if there is not None and not (isinstance(there, Found) and noted.is_known(there)):
        return False
    number, name = noted.number, noted.path.name
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with atomic.parent(repo.top, noted.path) as folder:
            if there is None:
                atomic.put_new(descriptor, number, folder, name)
                return True
            atomic.exchange(descriptor, number, folder, name)
            out = atomic.look_at(descriptor, number)
            if isinstance(out, Found) and noted.is_known(out):
                return True
            atomic.exchange(descriptor, number, folder, name)  # somebody was faster: theirs stays, this is kept
            return False
    except (FileExistsError, FileNotFoundError):
        return False
    finally:
        os.close(descriptor)


def finished(repo: GitDir) -> None:
    """Forget what killed runs had begun, now that the checkout has followed."""
    unfinished.forget_moved_on(repo)
    _remove_home(repo)
