"""Write a shared folder: one complete file at a time, if nobody was faster; every write is announced before."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import structs

from rollout.machine import look, replace, waiting
from rollout.machine.look import OnDisk
from rollout.machine.replace import Changed
from rollout.model.files import File, fingerprint
from rollout.model.plan import Change
from rollout.targets.folder import memory
from rollout.targets.folder.displaced import Beside, is_scratch_of, scratch_name
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import Announced, FileRecord

_OUT_OF_REACH = "its folder is a link or no longer a folder; what a killed run may have left there is out of reach"
_BLOCKED = {errno.ENOTDIR, errno.ELOOP}  # somebody replaced a folder


class FolderWriter:
    """Write the changes of one step; each file is either old or new, never in between."""

    def __init__(self, root: Path, kept: FolderMemory, run: str) -> None:
        self._root = root
        self._kept = kept
        self._run = run
        self._dropped: list[str] = []  # contents that no entry names any more
        self.notes: list[str] = []  # what a person should know, whatever the result

    def write(self, changes: Iterable[Change]) -> list[Change]:
        """Write all changes, in order; raise Changed before the first write if any file is not as planned.

        Raises Changed in the middle too, when somebody is faster: the files before are written, theirs stays.
        """
        planned = list(changes)
        self._root.mkdir(parents=True, exist_ok=True)
        self._kept.sweep()
        self.clear()
        for change in planned:
            self._expected(change)
        done = []
        for change in planned:
            self._put(change)
            done.append(change)
        if self._dropped:
            self._kept.forget(self._dropped)
        return done

    def _expected(self, change: Change) -> OnDisk | None:
        """Return the file to replace, or what is there already in its place."""
        found = look.look(self._root, change.path)
        if look.as_file(found) not in (change.before, change.after):
            raise Changed(f"{change.path} was changed meanwhile")
        assert found is None or isinstance(found, OnDisk)
        return found

    def _put(self, change: Change) -> None:
        found = self._expected(change)
        if found is not None and found.links > 1 and look.as_file(found) != change.after:
            raise Changed(f"{change.path} has hard links, which replacing it would part")
        announced = self._announce(change, found)
        if look.as_file(found) != change.after:
            with look.parent(self._root, change.path, make=change.after is not None) as inside:
                try:
                    self._replace(Beside(self._root, change.path, inside, announced.scratch), announced, change, found)
                finally:
                    with contextlib.suppress(OSError):
                        waiting.sync(inside)
        self._settle(change.path, announced)

    def _announce(self, change: Change, found: OnDisk | None) -> Announced:
        """Record what is about to be written, so that a killed run's result is recognised as ours."""
        self._kept.keep(change.before)
        self._kept.keep(change.after)
        announced = Announced(
            print=fingerprint(change.after),
            before=fingerprint(change.before),
            run=self._run,
            merged=change.template,
            held=change.asks if change.hold else None,
            scratch=scratch_name(change.path.name),
            mode=_mode(change.after, found) if change.after is not None else None,
            before_mode=found.mode if found else None,
        )
        entries = self._kept.read()
        entries[str(change.path)] = structs.replace(entries.get(str(change.path), FileRecord()), announced=announced)
        self._kept.write(entries)
        return announced

    def _replace(self, beside: Beside, announced: Announced, change: Change, found: OnDisk | None) -> None:
        try:
            if change.after is None:
                replace.take(beside.folder, change.path.name, beside.folder, beside.scratch)
            else:
                self._exchange(beside, change.after, found)
        except (FileExistsError, FileNotFoundError):
            raise Changed(f"{change.path} was changed meanwhile") from None
        if found is not None:
            self._judge(beside, announced, change, found)
        beside.check_place()

    def _exchange(self, beside: Beside, after: File, found: OnDisk | None) -> None:
        """Put the new file in its place, and the old one under the name it had."""
        folder, scratch, name = beside.folder, beside.scratch, beside.path.name
        like = _opened(beside) if found else None
        try:
            replace.stage(folder, scratch, after.content, _mode(after, found), like)
        finally:
            if like is not None:
                os.close(like)
        try:
            swap = replace.put_new if found is None else replace.exchange
            swap(folder, scratch, folder, name)
        except OSError:
            os.unlink(scratch, dir_fd=folder)
            raise

    def _judge(self, beside: Beside, announced: Announced, change: Change, planned: OnDisk) -> None:
        """Check the displaced file; anything but the file that we looked at goes back."""
        if beside.look() == planned:
            self._tell(beside.removed(lambda found: found == planned))
            return
        self._tell(beside.put_back() if change.after is None else beside.given_back(announced.is_ours))
        raise Changed(f"{change.path} was changed meanwhile")

    def _tell(self, note: str | None) -> None:
        if note is not None:
            self.notes.append(note)

    # --- the record

    def _settle(self, path: PurePosixPath, announced: Announced) -> None:
        entries = self._kept.read()
        entry = entries.get(str(path), FileRecord())
        entries[str(path)] = entry.written(announced)
        self._dropped += entry.forgotten(announced)
        self._kept.write(entries)

    def remember(self, files: Mapping[PurePosixPath, File]) -> None:
        """Take over files that are already as they should be: from now on a change is drift."""
        entries = self._kept.read()
        new = {str(path): file for path, file in files.items() if entries.get(str(path), FileRecord()).print is None}
        if new:
            for path, file in new.items():
                self._kept.keep(file)
                entries[path] = FileRecord(print=fingerprint(file), run=self._run)
            self._kept.write(entries)

    def keep(self, changes: Iterable[Change]) -> None:
        """Record the files that a person decided to keep."""
        entries = self._kept.read()
        for change in changes:
            entries[str(change.path)] = structs.replace(entries.get(str(change.path), FileRecord()), kept=change.asks)
        self._kept.write(entries)

    # --- what a killed run left

    def clear(self) -> None:
        """Remove what a killed run left beside the files, giving back people's files, and settle its record."""
        for name, entry in self._kept.read().items():
            if entry.announced is not None:
                path, announced = PurePosixPath(name), entry.announced
                try:
                    with look.parent(self._root, path) as inside:
                        self._cleared(Beside(self._root, path, inside, announced.scratch), announced)
                except FileNotFoundError:
                    pass  # the folder is gone, with everything in it
                except OSError as error:
                    if error.errno not in _BLOCKED:
                        raise
                    self._tell(f"{path}: {_OUT_OF_REACH}")
                self._settle_killed(path, announced)

    def _cleared(self, beside: Beside, announced: Announced) -> None:
        half, whole = beside.part(), self._kept.file(announced.print)
        if half.lies_there():
            self._tell(half.removed(lambda found: whole is not None and whole.content.startswith(found.content)))
        for left in beside.ends():
            found = left.look()
            known = found is not None and announced.is_known(found)
            self._tell(left.removed(announced.is_known) if known else left.rescued(announced.is_ours))

    def _settle_killed(self, path: PurePosixPath, announced: Announced) -> None:
        """Record a killed run's announced write as done if its result is there, and forget it otherwise."""
        if fingerprint(look.as_file(look.look(self._root, path))) == announced.print:
            self._settle(path, announced)
            return
        entries = self._kept.read()
        entry = structs.replace(entries.pop(str(path), FileRecord()), announced=None)
        if entry != FileRecord():
            entries[str(path)] = entry
        self._kept.write(entries)

    def sweep(self, paths: Iterable[PurePosixPath], after: float = memory.ABANDONED) -> None:
        """Keep and report what a killed run left beside the files if its record is lost.

        Another machine may be writing here now: only files that have not changed for `after` seconds are taken.
        """
        for path in paths:
            with contextlib.suppress(OSError), look.parent(self._root, path) as inside:
                for name in _abandoned(inside, path.name, after):
                    kept = Beside(self._root, path, inside, name).kept()
                    self._tell(f"{path}: what a killed run had left beside it is kept in {kept}")


def _mode(after: File, found: OnDisk | None) -> int:
    return replace.kept_mode(found.mode, after.executable) if found else replace.new_mode(after.executable)


def _opened(beside: Beside) -> int:
    """Open the file that is replaced; a pipe or a link that somebody puts there now holds nobody up."""
    try:
        return os.open(beside.path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=beside.folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise Changed(f"{beside.path} was changed meanwhile") from None
        raise


def _abandoned(inside: int, name: str, after: float) -> list[str]:
    ours = is_scratch_of(name)
    matching = [entry for entry in os.listdir(inside) if ours.match(entry)]
    ages = [time.time() - os.stat(entry, dir_fd=inside, follow_symlinks=False).st_ctime for entry in matching]
    return [entry for entry, age in zip(matching, ages, strict=True) if age > after]
