"""A shared folder: where it is, what is remembered of it, and how files in it get other names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.machine.renames import RENAMES, Renames
from rollout.targets.folder.displaced import Beside
from rollout.targets.folder.memory import FolderMemory


class SharedFolder(Struct, frozen=True):
    root: Path
    remembered: FolderMemory
    renames: Renames = RENAMES

    def beside(self, path: PurePosixPath, inside: int, scratch: str) -> Beside:
        """Return what is under a name of ours beside a file; `inside` is the open folder that it is in."""
        return Beside(self.root, path, inside, scratch, self.renames)
