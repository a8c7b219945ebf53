"""Read what a folder has on the disk: for templates that read files, whoever manages these."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from rollout.model.files import Snapshot
from rollout.targets.folder import memory
from rollout.targets.folder.snapshot import read_snapshot

_GIT = ".git"


def plain_files(root: Path, folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield every plain file below a folder, but nothing that is reached through a link or is in a `.git`."""
    if any((root / above).is_symlink() for above in (folder, *folder.parents) if above.parts):
        return
    for above, folders, names in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if name != _GIT)
        for name in sorted(names):
            path = Path(above, name)
            if path.is_file() and not path.is_symlink():
                yield PurePosixPath(path.relative_to(root).as_posix())


def beside(root: Path, folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the plain files in one folder."""
    if any((root / above).is_symlink() for above in (folder, *folder.parents) if above.parts):
        return
    try:
        with os.scandir(root / folder) as entries:
            yield from (folder / entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return


def snapshot(root: Path, paths: Iterable[PurePosixPath], state: Path) -> Snapshot:
    """Return these paths as they are on the disk."""
    return read_snapshot(root, paths, memory.memory(state, root))
