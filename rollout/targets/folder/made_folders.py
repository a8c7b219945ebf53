"""The folders that a write made for its file: they go with the last file in them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from rollout.machine import look
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.shared import SharedFolder


def missing(root: Path, path: PurePosixPath) -> tuple[str, ...]:
    """Return the folders that have to be made for a file."""
    return tuple(str(above) for above in list(path.parents)[:-1] if not os.path.lexists(root / above))


def remove_empty(folder: SharedFolder, path: PurePosixPath) -> None:
    """Remove the folders above a file that our writes made, as far as they are empty."""
    made = {name for entry in folder.remembered.read().values() for name in entry.folders}
    gone = set[str]()
    with suppress(OSError):  # there is something in it, or somebody moved it
        for above in list(path.parents)[:-1]:
            if str(above) not in made:
                break
            with look.parent(folder.root, above) as outside:
                os.rmdir(above.name, dir_fd=outside)
            gone.add(str(above))
    if gone:
        _forget(folder.remembered, gone)


def _forget(remembered: FolderMemory, gone: set[str]) -> None:
    entries = remembered.read()
    for name, entry in entries.items():
        if gone & {*entry.folders}:
            entries[name] = replace(entry, folders=tuple(one for one in entry.folders if one not in gone))
    remembered.write(entries)
