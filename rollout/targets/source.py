"""The files of one target for templates that read them: read once for a plan, from one commit.

Most plans read none, so what reads them is loaded when the first is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, assert_never

from msgspec import Struct, field

from rollout.model.files import File, Obstacle, Snapshot
from rollout.model.inventory import Branch, Folder, Target
from rollout.model.plan import Step
from rollout.targets.job import Settings

if TYPE_CHECKING:
    from rollout.targets.branch.read import Tip

T = TypeVar("T")


class NotRead(Exception):
    """A target whose files cannot be read, and why."""

    def __init__(self, target: str, why: str) -> None:
        super().__init__(f"{target}: {why}")
        self.why = why


class FileSource(Struct):
    """One target, read only when needed, and never at two commits."""

    target: Target
    settings: Settings
    _tip: Tip | Step | None = None
    _heard: str | None = None
    _listed: dict[PurePosixPath, list[PurePosixPath]] = field(default_factory=dict)
    _known: dict[PurePosixPath, Snapshot] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def tip(self) -> str | None:
        """Return the commit to read from, None for a folder; raise NotRead if upstream does not say."""
        with self._lock:
            return self._tip_now()

    def _tip_now(self) -> str | None:
        if isinstance(self.target.location, Folder):
            return None
        if self._tip is None:
            from rollout.targets.branch import read as branch_read

            self._tip = branch_read.tip_of(self.target, self.settings, self._heard)
        return _had(self.target, self._tip).commit

    def hear(self, tip: str | None) -> None:
        """Read at the commit that upstream has told already, and do not ask again."""
        self._heard = tip

    def asked_at(self) -> float | None:
        """Return when the upstream of a repository was last asked, in seconds since the epoch, as of our reading."""
        self.tip()
        return None if self._tip is None else _had(self.target, self._tip).asked_at

    def plain_files(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the plain files below a folder of the target."""
        with self._lock:
            if folder not in self._listed:
                self._listed[folder] = self._listing(folder)
            return self._listed[folder]

    def _listing(self, folder: PurePosixPath) -> list[PurePosixPath]:
        match self.target.location:
            case Folder(root):
                from rollout.targets.folder import read as folder_read

                return list(folder_read.plain_files(root, folder))
            case Branch():
                from rollout.targets.branch import read as branch_read

                tip = self._tip_now()
                assert tip is not None
                return _had(self.target, branch_read.plain_files(self.target, tip, folder, self.settings))
            case never:
                assert_never(never)

    def beside(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the plain files in a folder of a folder target, without those in deeper folders."""
        from rollout.targets.folder import read as folder_read

        assert isinstance(self.target.location, Folder)
        return list(folder_read.beside(self.target.location.root, folder))

    def executable(self, path: PurePosixPath, tip: str | None) -> bool | None:
        """Return None if nothing is at a path, else whether it is executable; `tip` was heard already."""
        if self._tip is None:
            self._heard = tip
        if isinstance(self.target.location, Folder):
            place = self.target.location.root / path
            return os.access(place, os.X_OK) if os.path.lexists(place) else None
        from rollout.targets.branch import read as branch_read

        with self._lock:
            now = self._tip_now()
            assert now is not None
            return _had(self.target, branch_read.executable(self.target, now, path, self.settings))

    def at(self, path: PurePosixPath) -> File | Obstacle | None:
        """Return what is at a path."""
        return self.snapshot(path).files.get(path)

    def snapshot(self, path: PurePosixPath) -> Snapshot:
        """Return a snapshot that has this path."""
        self.look_at([path])
        return self._known[path]

    def look_at(self, paths: Iterable[PurePosixPath], merged: Collection[PurePosixPath] = ()) -> None:
        """Read these paths; those that are not known yet are read together."""
        with self._lock:
            new = [path for path in dict.fromkeys(paths) if path not in self._known]
            if new:
                found = self._snapshot(new, merged)
                self._known |= dict.fromkeys(new, found)

    def _snapshot(self, paths: Collection[PurePosixPath], merged: Collection[PurePosixPath]) -> Snapshot:
        match self.target.location:
            case Folder(root):
                from rollout.targets.folder import read as folder_read

                return folder_read.snapshot(root, paths, self.settings.state)
            case Branch():
                from rollout.targets.branch import read as branch_read

                tip = self._tip_now()
                assert tip is not None
                return _had(self.target, branch_read.paths_at(self.target, tip, paths, merged, self.settings))
            case never:
                assert_never(never)


def _had(target: Target, found: T | Step) -> T:
    if isinstance(found, Step):
        raise NotRead(target.name, found.reason)
    return found
