"""Remember what killed runs put into a checkout before they could move its branch: nobody edited these files.

If upstream moves on before the next run, the files match neither the branch nor upstream, and only this note says that
nobody edited them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.checkout.edits import Move
from rollout.checkout.leftovers import home
from rollout.checkout.standing import Hindered
from rollout.git.git_folder import GitDir
from rollout.machine import waiting
from rollout.machine.look import OnDisk
from rollout.model import tree_modes
from rollout.objects.ids import git_id
from rollout.objects.trees import TreeEntry
from rollout.safety import paths

_MOVES, TARGET, LOCKS = "moves", "target", "locks"


Version = tuple[int, str]  # a file's full mode and the id of its content

Word = str | int | None | Sequence["Word"]  # what a line of a note is made of


def plain_folder(folder: Path) -> None:
    """Raise Hindered if something other than a folder is where our folder belongs."""
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        raise Hindered(f"{folder} is not a folder; move it away")


def remove_home(repo: GitDir) -> None:
    with contextlib.suppress(OSError):
        home(repo.git_dir).rmdir()


def note(place: Path, number: str, move: Move, also: Iterable[TreeEntry], whole: Iterable[Version]) -> None:
    """Note which path a numbered file belongs to, and what git knows it may be.

    `whole` is a file that may be displaced, or that we made, to the byte and with its full mode.
    """
    known = [entry for entry in (move.old, move.new, *also) if entry is not None]
    write_down(place / _MOVES, [[number, str(move.path), move.new, known, list(whole)]])


def note_target(place: Path, start: str | None, commit: str, branch: str, tracking: tuple[str, str] | None) -> None:
    """Note where the branch was and where it is to go, and the same for the tracking ref that goes along."""
    write_down(place / TARGET, [[branch, start, commit, tracking]])


class Noted(Struct, frozen=True):
    """One path of a killed move: the number of the displaced file, what git has of it, and what we saw or made."""

    number: str
    path: PurePosixPath
    new: TreeEntry
    known: frozenset[tuple[str, str]]
    whole: frozenset[Version]

    def is_known(self, found: OnDisk) -> bool:
        """Tell whether a file is git's or ours: every byte of it, and its mode as far as that is known."""
        size = len(next((name for _, name in (*self.known, *self.whole)), ""))
        if size == 0:
            return False
        name = git_id(found.content, size)
        if self.whole:
            return (found.mode, name) in self.whole
        return (tree_modes.of_file(executable=found.executable), name) in self.known


def noted_moves(place: Path) -> Iterator[Noted]:
    try:
        lines = (place / _MOVES).read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, IndexError):  # the last line of a killed run may be half a line
            number, path, new, known, *whole = json.loads(line)
            # Anybody may have written in a git folder: no name may lead out of the work tree.
            if str(number).isdigit() and isinstance(path, str) and paths.astray(path) is None:
                entry = (str(new[0]), str(new[1])) if new else None
                entries = frozenset((str(mode), str(name)) for mode, name in known)
                versions = frozenset((int(mode), str(name)) for mode, name in (whole[0] if whole else ()))
                yield Noted(str(number), PurePosixPath(path), entry, entries, versions)


def _file(repo: GitDir) -> Path:
    return home(repo.git_dir) / "unfinished"


def placed(repo: GitDir) -> dict[PurePosixPath, list[TreeEntry]]:
    """Return what was put where, if the branch is still where it was then."""
    found: dict[PurePosixPath, list[TreeEntry]] = {}
    for path, entry, branch, start in _lines(repo):
        if repo.ref(branch) == start:
            found.setdefault(PurePosixPath(path), []).append((entry[0], entry[1]) if entry else None)
    return found


def remember(repo: GitDir, branch: str, start: str, put: Iterable[tuple[PurePosixPath, TreeEntry]]) -> None:
    """Remember what a move had put at its paths when the branch was at `start`."""
    write_down(_file(repo), ([str(path), entry, branch, start] for path, entry in put))


def write_down(note: Path, lines: Iterable[Sequence[Word]]) -> None:
    """Add lines to a note and sync it: a power cut could keep what they describe and lose the lines."""
    with open(note, "a") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
        file.flush()
        waiting.sync(file.fileno())


def forget_moved_on(repo: GitDir) -> None:
    """Forget the notes once the branch is elsewhere: the move was finished, or a person moved on."""
    if all(repo.ref(branch) != start for _, _, branch, start in _lines(repo)):
        with contextlib.suppress(OSError):
            _file(repo).unlink()


def _lines(repo: GitDir) -> list[tuple[str, list[str] | None, str, str]]:
    try:
        lines = _file(repo).read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line of a killed run may be half a line
            path, entry, branch, start = json.loads(line)
            found.append((path, entry, branch, start))
    return found
