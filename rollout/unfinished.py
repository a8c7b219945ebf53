"""What killed runs had put at the paths of a checkout before they could move its branch: no edit of a person's.

Should upstream move on before the next run, these files are neither what the branch has nor what upstream has, and
only this note tells that nobody edited them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from rollout import turns
from rollout.gitdir import GitDir
from rollout.trees import Entry


def home(git_dir: Path) -> Path:
    """Return the folder inside a git folder that is ours."""
    return git_dir / "rollout"


def _file(repo: GitDir) -> Path:
    return home(repo.git_dir) / "unfinished"


def known(repo: GitDir) -> dict[PurePosixPath, list[Entry]]:
    """Return what was put where, as long as the branch still is where it was then."""
    found: dict[PurePosixPath, list[Entry]] = {}
    for path, entry, branch, start in _lines(repo):
        if repo.ref(branch) == start:
            found.setdefault(PurePosixPath(path), []).append((entry[0], entry[1]) if entry else None)
    return found


def remember(repo: GitDir, branch: str, start: str, put: Iterable[tuple[PurePosixPath, Entry]]) -> None:
    """Remember what a move had put at its paths when the branch was at `start`."""
    write_down(_file(repo), ([str(path), entry, branch, start] for path, entry in put))


def write_down(note: Path, words: Iterable[list[Any]]) -> None:
    """Add words to a note and see them onto the disk: a power cut can leave what they speak of and not the words."""
    with open(note, "a") as file:
        for word in words:
            file.write(json.dumps(word) + "\n")
        file.flush()
        turns.sync(file.fileno())


def forget_moved_on(repo: GitDir) -> None:
    """Forget all of it once the branch is elsewhere: the move was finished, or a person went on."""
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
