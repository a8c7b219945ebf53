"""Find the git repositories below a folder without touching them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rollout.checkout import discover
from rollout.git.git_folder import GitDir, NotOurs
from rollout.model.inventory import FoundCheckout
from rollout.model.learning import LeftOut

_DEEP = 4  # folders below the one that is scanned
_DEEP_INSIDE = 3  # folders below the top of a repository in which others are looked for
_MOST_INSIDE = 2_000  # folders of a repository that are looked into
_HIDDEN = "init takes in no hidden folder; rename it, or name it in the inventory by hand"
_HEADS = "refs/heads/"


def checkouts(folder: Path) -> Iterator[FoundCheckout | LeftOut]:
    """Yield every checkout at or below a folder in order of path, or the reason why rollout cannot use it.

    The search enters no hidden folder and follows no symlink. A repository that is hidden, or inside another, is
    reported and not used.
    """
    yield from _below(Path(os.path.realpath(folder)), PurePosixPath(), _DEEP)


def _below(folder: Path, path: PurePosixPath, depth: int) -> Iterator[FoundCheckout | LeftOut]:
    if os.path.lexists(folder / ".git"):
        try:
            yield _checkout(discover.discover(folder), path)
        except NotOurs as error:
            yield LeftOut(_shown(path, folder), str(error))
        yield from _inside(folder, path)
        return
    if discover.is_bare(folder):
        yield LeftOut(_shown(path, folder), "is a bare repository; init reads checkouts")
        return
    if depth > 0:
        for name, is_link in _folders(folder):
            is_top = os.path.lexists(folder / name / ".git")
            if is_link and is_top:
                yield LeftOut(str(path / name), f"is a symlink to {os.path.realpath(folder / name)}")
            elif name.startswith(".") and is_top:
                yield LeftOut(str(path / name), _HIDDEN)
            elif not (is_link or name.startswith(".")):
                yield from _below(folder / name, path / name, depth - 1)


def _shown(path: PurePosixPath, folder: Path) -> str:
    return folder.name if str(path) == "." else str(path)


def _folders(folder: Path) -> list[tuple[str, bool]]:
    """Return the folders in a folder, and whether they are symlinks."""
    try:
        found = [(entry.name, entry.is_symlink()) for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return []
    return sorted(found)


def _inside(top: Path, path: PurePosixPath) -> Iterator[LeftOut]:
    """Yield the repositories inside another one: submodules, and clones made there."""
    waiting, looked_into = [(top, path, _DEEP_INSIDE)], 0
    while waiting and looked_into < _MOST_INSIDE:
        folder, place, depth = waiting.pop(0)
        looked_into += 1
        for name, is_link in _folders(folder):
            here = folder / name
            if is_link or name in {".git", "node_modules"}:
                continue
            if os.path.lexists(here / ".git"):
                kind = "a submodule of" if os.path.isfile(here / ".git") else "a repository inside"
                yield LeftOut(str(place / name), f"is {kind} {_shown(path, top)}")
            elif depth > 1 and not name.startswith("."):
                waiting.append((here, place / name, depth - 1))


def _checkout(repo: GitDir, path: PurePosixPath) -> FoundCheckout:
    remotes = repo.remotes()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    return FoundCheckout(repo.top.name, path, _current_branch(repo) or "main", remote)


def _current_branch(repo: GitDir) -> str | None:
    head = repo.head() or ""
    return head.removeprefix(_HEADS) if head.startswith(_HEADS) else None
