"""A file in this folder or in the nearest one above it, found as git finds its repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rollout.errors import UsageError


def above(name: str, start: Path) -> Path | None:
    """Return the nearest file of that name at or above a folder, or None.

    As with git the search ends at another file system and at GIT_CEILING_DIRECTORIES. Raises UsageError for a file
    in a folder above that another user owns: it could have commands run.
    """
    found = next((folder / name for folder in _searched(start) if (folder / name).is_file()), None)
    if found is not None and found.parent != start and found.stat().st_uid not in _trusted():
        raise UsageError.at(found, "belongs to another user", f"if you trust it, name it with: -i {found}")
    return found


def _searched(start: Path) -> Iterator[Path]:
    yield start
    ceilings = {Path(folder) for folder in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if folder}
    device = start.stat().st_dev
    for folder in start.parents:
        if folder in ceilings or folder.stat().st_dev != device:
            return
        yield folder


def _trusted() -> set[int]:
    """Return the users whose files we trust as our own: us, root, and the user who became root with sudo."""
    sudo = os.environ.get("SUDO_UID", "") if os.geteuid() == 0 else ""
    return {0, os.geteuid(), *([int(sudo)] if sudo.isdecimal() else [])}
