"""Put a new index in place under git's own lock."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.checkout import index_lock
from rollout.checkout.moving.may_move import Moving
from rollout.checkout.moving.outside import outside
from rollout.checkout.standing import Hindered
from rollout.git.run import Git
from rollout.machine import look, waiting
from rollout.objects import index_file


def _stamp(file: Path) -> tuple[int, ...]:
    """Return what distinguishes one version of a file from the next."""
    about = file.lstat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


class Index(Struct):
    """The index of a checkout: as it was, and as it is to be."""

    moving: Moving
    was: tuple[int, ...] = ()
    is_ours: tuple[int, ...] = ()

    @property
    def _real(self) -> Path:
        return self.moving.repo.git_dir / "index"

    @property
    def _copy(self) -> Path:
        return self.moving.scratch / "index"

    @property
    def _before(self) -> Path:
        return self.moving.scratch / "index.before"

    def prepare(self) -> None:
        """Prepare the index beside the real one, which stays as it is until its turn."""
        if not self.moving.moves:
            return
        real = self._real
        self.was = _stamp(real)
        for made in (self._copy, self._before):
            shutil.copyfile(real, made)
            about = real.lstat()
            # git judges by the index's own time which entries it must look at again: a copy with a new time makes
            # edits of the same size invisible to it.
            os.utime(made, ns=(about.st_atime_ns, about.st_mtime_ns))
            os.chmod(made, about.st_mode & 0o777)
        lines = []
        for move in self.moving.moves:
            mode, name = move.new if move.new is not None else ("0", "0" * self.moving.size)
            lines.append(f"{mode} {name}\t{move.path}\0")
        runner = self._into_index(self._copy, lines)
        self._leave_out(runner)
        self._leaves_out_the_same()

    def _into_index(self, index: Path, lines: Iterable[str]) -> Git:
        runner = self.moving.runner.with_options(GIT_INDEX_FILE=str(index))
        runner.run("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"))
        return runner

    def _leave_out(self, runner: Git) -> None:
        """Mark again what a sparse checkout leaves out: a new entry has lost the mark."""
        marked = [f"{move.path}\0" for move in self.moving.moves if move.new and move.path in self.moving.left_out]
        if marked:
            words = "".join(marked).encode("utf-8", "surrogateescape")
            runner.run("update-index", "-z", "--skip-worktree", "--stdin", stdin=words)

    def _leaves_out_the_same(self) -> None:
        """Raise Hindered unless the same new files are left out still: else one that a person wants is missing."""
        moving = self.moving
        new = {move.path for move in moving.moves if move.old is None}
        now = outside(moving.repo, moving.runner, moving.moves, moving.scratch)
        for path in sorted(now ^ (moving.left_out & new)):
            raise Hindered(f"what the sparse checkout leaves out changed meanwhile: {path}")

    def put(self, placed: Mapping[PurePosixPath, tuple[int, int]]) -> None:
        """Put the new index in place, if the lock is still ours and nobody bypassed it."""
        if not self.moving.moves:
            return
        self._describe_files(placed)
        real, index = self._real, self._copy
        if not self._lock_is_ours() or _stamp(real) != self.was:
            raise Hindered("somebody removed its index.lock and went on")
        self.is_ours = _stamp(index)  # noted first: we may be interrupted right after the rename
        os.replace(index, real)

    def _describe_files(self, placed: Mapping[PurePosixPath, tuple[int, int]]) -> None:
        """Record in the new index how our files look on disk, so that git knows at once that they are clean."""
        index = self._copy
        stats: dict[bytes, os.stat_result] = {}
        for path, (inode, written) in placed.items():
            with contextlib.suppress(OSError), look.parent(self.moving.repo.top, path) as folder:
                about = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                as_placed = (inode, written, len(self.moving.contents[path]))
                if (about.st_ino, about.st_mtime_ns, about.st_size) == as_placed:
                    stats[os.fsencode(str(path))] = about
        content = index_file.with_stats(index.read_bytes(), stats, self.moving.size)
        if content is not None:
            with index.open("wb") as file:
                file.write(content)
                file.flush()
                waiting.sync(file.fileno())

    def _lock_is_ours(self) -> bool:
        return index_lock.is_ours(self.moving.scratch / "token", self.moving.repo.git_dir / "index.lock")

    def undo(self) -> None:
        """Put the old index back, unless somebody has written a newer one since."""
        real = self._real
        if self.is_ours and self._lock_is_ours() and _stamp(real) == self.is_ours:
            os.replace(self._before, real)
