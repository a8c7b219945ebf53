"""Find the templates that git ignores, when the inventory lies in a repository."""

from __future__ import annotations

import os
from pathlib import Path

from rollout.checkout import discover
from rollout.errors import GitError
from rollout.git.git_folder import NotOurs
from rollout.git.run import Git


def ignored(folder: Path) -> frozenset[str]:
    """Return the files below a folder that git ignores and does not track, by their paths from there."""
    top = next((place for place in folder.resolve().parents if os.path.lexists(place / ".git")), None)
    if top is None or not _has_rules(folder.resolve(), top):
        return frozenset()
    inside = str(folder.resolve().relative_to(top))
    try:
        git = Git(discover.discover(top).git_dir, top)
        listed = git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", inside)
    except (NotOurs, GitError, OSError):
        return frozenset()  # an inventory that is not in a repository of the person's own has no such rules
    names = frozenset(os.path.relpath(os.fsdecode(name), inside) for name in listed.out.split(b"\0") if name)
    there = {os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    return frozenset() if there <= names else names  # a repository that ignores everything it does not track


def _has_rules(folder: Path, top: Path) -> bool:
    """Tell whether there are any rules, which saves running git."""
    above = [folder, *folder.parents]
    places = above[: above.index(top) + 1]
    if any((place / ".gitignore").is_file() for place in places):
        return True
    return any(".gitignore" in names for _, _, names in os.walk(folder))
