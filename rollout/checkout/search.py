"""Find the git repositories below a folder without touching them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rollout.checkout import discover
from rollout.git.git_folder import GitDir, NotOurs
from rollout.model.inventory import FoundCheckout

_DEEP = 4  # folders below the one that is scanned
_HEADS = "refs/heads/"


def checkouts(folder: Path) -> Iterator[FoundCheckout | NotOurs]:
    """Yield every checkout at or below a folder in order of path, or why rollout cannot use it.

    The search does not enter repositories or hidden folders, and follows no symlinks.
    """
    yield from _below(Path(os.path.realpath(folder)), PurePosixPath(), _DEEP)


def _below(folder: Path, path: PurePosixPath, depth: int) -> Iterator[FoundCheckout | NotOurs]:
    if os.path.lexists(folder / ".git"):
        try:
            yield _checkout(discover.discover(folder), path)
        except NotOurs as error:
            yield error
        return
    if depth == 0:
        return
    try:
        names = sorted(e.name for e in os.scandir(folder) if e.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in names:
        if not name.startswith("."):
            yield from _below(folder / name, path / name, depth - 1)


def _checkout(repo: GitDir, path: PurePosixPath) -> FoundCheckout:
    remotes = repo.remotes()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    return FoundCheckout(repo.top.name, path, _default_branch(repo, remote) or _current_branch(repo) or "main", remote)


def _default_branch(repo: GitDir, remote: str) -> str | None:
    """Return the remote's default branch, if the clone knows it."""
    head = repo.common_dir / "refs/remotes" / remote / "HEAD"
    try:
        text = head.read_text().strip() if head.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return None
    start = f"ref: refs/remotes/{remote}/"
    return text.removeprefix(start) if text.startswith(start) else None


def _current_branch(repo: GitDir) -> str | None:
    head = repo.head() or ""
    return head.removeprefix(_HEADS) if head.startswith(_HEADS) else None
