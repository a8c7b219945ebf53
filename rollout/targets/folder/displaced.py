"""The displaced file: removed if it is proved to be the expected one, else a person's.

Proved means: every byte, the mode, and that nobody has it open for writing. Anything else goes back to its place or, if
that is taken, is kept beside it and reported, whatever it is: a file, a symlink, a folder with its content. Names
beside a file do not grow with its name, which may be as long as the file system allows.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct, structs

from rollout.machine import look, open_files, replace
from rollout.machine.look import OnDisk
from rollout.machine.renames import RENAMES, Renames
from rollout.machine.replace import Changed

_ASIDE = ".aside"  # the end of a name under which older versions held a file where a file system lacks exchange
_FREE = {errno.ENOENT, errno.ENAMETOOLONG}  # there is nothing with that name; if the name is too long, there cannot be


Proof = Callable[[OnDisk], bool]


def scratch_name(name: str) -> str:
    """Return an unused name beside a file."""
    return f".rollout-{_digest(name)}-{os.urandom(4).hex()}"


def is_scratch_of(name: str) -> re.Pattern[str]:
    """Return a pattern for the names that runs give to files beside a file, and those of older versions."""
    stem = f"{re.escape(f'.rollout-{_digest(name)}-')}|{re.escape(f'.{name}.rollout-')}"
    return re.compile(rf"(?:{stem})[0-9a-f]{{8}}(?:{re.escape(replace.PART)}|{re.escape(_ASIDE)})?\Z")


def _digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]


class Beside(Struct, frozen=True):
    """What is under a name of ours beside the shared file at `path`, in the open folder `folder`."""

    root: Path
    path: PurePosixPath
    folder: int
    scratch: str
    renames: Renames = RENAMES

    def lies_there(self, name: str | None = None) -> bool:
        try:
            os.stat(name or self.scratch, dir_fd=self.folder, follow_symlinks=False)
        except OSError as error:
            if error.errno in _FREE:
                return False
            raise
        return True

    def look(self) -> OnDisk | None:
        """Return it if it is a plain file."""
        found = look.look_at(self.folder, self.scratch)
        return found if isinstance(found, OnDisk) else None

    def ends(self) -> Iterator[Beside]:
        """Yield everything that a killed run may have left under this name."""
        for name in (self.scratch, self.scratch + _ASIDE):
            if self.lies_there(name):
                yield structs.replace(self, scratch=name)

    def part(self) -> Beside:
        """Return the file that is still being written."""
        return structs.replace(self, scratch=self.scratch + replace.PART)

    def removed(self, proved: Proof) -> str | None:
        """Remove it if that loses nothing, else keep it; return what to report."""
        writer = self._writer()  # first: once nobody has it open, its content is final
        found = self.look()
        if found is None or not proved(found):
            return f"{self.path} was changed while it was replaced; what came out is kept in {self.kept()}"
        if writer is not None:
            return f"{self.path} was replaced while {writer} had it open; what it still writes goes to {self.kept()}"
        os.unlink(self.scratch, dir_fd=self.folder)
        return None

    def given_back(self, ours: Proof) -> str | None:
        """Put back a displaced file that was not the planned one; return what to report if it is kept instead."""
        try:
            self.renames.exchange(self.folder, self.scratch, self.folder, self.path.name)
        except FileNotFoundError:
            return self.put_back()
        found = self.look()
        if found is not None and ours(found):
            return self.removed(ours)
        # Somebody was faster again: theirs stays in place, and what they replaced is kept.
        with contextlib.suppress(FileNotFoundError):
            self.renames.exchange(self.folder, self.scratch, self.folder, self.path.name)
        return f"{self.path} was changed twice while it was replaced; the first change is kept in {self.kept()}"

    def put_back(self) -> str | None:
        """Put it back in its place if that is free; return what to report if it is kept instead."""
        try:
            self.renames.put_new(self.folder, self.scratch, self.folder, self.path.name)
        except FileExistsError:
            return f"{self.path} was changed twice meanwhile; the first change is kept in {self.kept()}"
        return None

    def rescued(self, ours: Proof) -> str:
        """Give back what a killed run displaced, if its place holds our file or nothing; else keep it."""
        if self._is_back(ours):
            return f"{self.path}: an edit that a killed run had displaced is back"
        return f"{self.path}: an edit that a killed run had displaced is kept in {self.kept()}"

    def _is_back(self, ours: Proof) -> bool:
        there = look.look_at(self.folder, self.path.name)
        try:
            if there is None:
                self.renames.put_new(self.folder, self.scratch, self.folder, self.path.name)
                return True
            if not isinstance(there, OnDisk) or not ours(there):
                return False
            self.renames.exchange(self.folder, self.scratch, self.folder, self.path.name)
        except (FileExistsError, FileNotFoundError):
            return False
        writer = self._writer()  # first, as above
        found = self.look()
        if writer is None and found is not None and ours(found):
            os.unlink(self.scratch, dir_fd=self.folder)
            return True
        self.renames.exchange(
            self.folder, self.scratch, self.folder, self.path.name
        )  # somebody was faster: theirs stays
        return False

    def kept(self) -> Path:
        """Keep it where only its person removes it: in its folder, so that late writes still reach it."""
        name = f".rollout-kept-{os.urandom(8).hex()}"
        try:
            self.renames.put_new(self.folder, self.scratch, self.folder, name)
        except OSError:
            name = self.scratch  # it cannot be renamed, so it keeps its name
        return self.where() / name

    def where(self) -> Path:
        """Return where the folder is now; somebody may have moved it."""
        with contextlib.suppress(OSError):
            return Path(os.readlink(f"/proc/self/fd/{self.folder}"))
        return self.root / self.path.parent

    def check_place(self) -> None:
        """Raise Changed if the path leads to another folder now."""
        with contextlib.suppress(OSError), look.parent(self.root, self.path) as now:
            if os.path.sameopenfile(self.folder, now):
                return
        raise Changed(f"the folder of {self.path} was replaced meanwhile, and what was written is in {self.where()}")

    def _writer(self) -> str | None:
        """Name who has the file open for writing."""
        return open_files.writer(self.folder, self.scratch, probe=scratch_name(self.scratch))
