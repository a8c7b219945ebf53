"""Write a shared folder: one complete file at a time, if nobody was faster; every write is announced before."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import structs

from rollout.machine import file_access, look, replace, waiting
from rollout.machine.file_access import FileAccess
from rollout.machine.look import OnDisk
from rollout.machine.replace import Changed
from rollout.model.files import File, fingerprint
from rollout.model.plan import Change
from rollout.targets.folder import made_folders, memory, rescue
from rollout.targets.folder.displaced import Beside, scratch_name
from rollout.targets.folder.record import Announced, FileRecord
from rollout.targets.folder.shared import SharedFolder


class FolderWriter:
    """Write the changes of one step; each file is either old or new, never in between."""

    def __init__(self, folder: SharedFolder, run: str) -> None:
        self._folder = folder
        self._run = run
        self._dropped: list[str] = []  # contents that no entry names any more
        self.notes: list[str] = []  # what a person should know, whatever the result

    def write(self, changes: Iterable[Change]) -> list[Change]:
        """Write all changes, in order; raise Changed before the first write if any file is not as planned.

        Raises Changed in the middle too, when somebody is faster: the files before are written, theirs stays.
        """
        planned = list(changes)
        self._folder.root.mkdir(parents=True, exist_ok=True)
        self._folder.remembered.sweep()
        self.clear()
        for change in planned:
            self._expected(change)
        done = []
        for change in planned:
            self._put(change)
            done.append(change)
        if self._dropped:
            self._folder.remembered.forget(self._dropped)
        return done

    def _expected(self, change: Change) -> OnDisk | None:
        """Return the file to replace, or what is there already in its place."""
        found = look.look(self._folder.root, change.path)
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
            make, root = change.after is not None, self._folder.root
            with _by_name(root / change.path), look.parent(root, change.path, make=make) as inside:
                try:
                    self._replace(self._folder.beside(change.path, inside, announced.scratch), announced, change, found)
                finally:
                    with contextlib.suppress(OSError):
                        waiting.sync(inside)
        self._dropped += memory.settle(self._folder.remembered, change.path, announced)
        if change.after is None:
            made_folders.remove_empty(self._folder, change.path)

    def _announce(self, change: Change, found: OnDisk | None) -> Announced:
        """Record what is about to be written, so that a killed run's result is recognised as ours."""
        self._folder.remembered.keep(change.before)
        self._folder.remembered.keep(change.after)
        entries = self._folder.remembered.read()
        entry = entries.get(str(change.path), FileRecord())
        announced = Announced(
            print=fingerprint(change.after),
            before=fingerprint(change.before),
            run=self._run,
            merged=change.template,
            held=change.asks if change.hold else None,
            share=change.share,
            scratch=scratch_name(change.path.name),
            mode=_mode(change, found, entry),
            before_mode=found.mode if found else None,
            folders=() if change.after is None else made_folders.missing(self._folder.root, change.path),
            gone=self._access(change) if found and change.after is None else None,
            back=entry.gone if found is None and change.reverts else None,
        )
        entries[str(change.path)] = structs.replace(entry, announced=announced)
        self._folder.remembered.write(entries)
        return announced

    def _access(self, change: Change) -> FileAccess | None:
        """Return whose a file is that will be deleted; a link or a pipe that somebody puts there now is nobody's."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with look.parent(self._folder.root, change.path) as inside, contextlib.suppress(OSError):
            descriptor = os.open(change.path.name, flags, dir_fd=inside)
            try:
                return file_access.of(descriptor)
            finally:
                os.close(descriptor)
        return None

    def _replace(self, beside: Beside, announced: Announced, change: Change, found: OnDisk | None) -> None:
        try:
            if change.after is None:
                beside.renames.take(beside.folder, change.path.name, beside.folder, beside.scratch)
            else:
                self._exchange(beside, change.after, announced, found)
        except (FileExistsError, FileNotFoundError):
            raise Changed(f"{change.path} was changed meanwhile") from None
        if found is not None:
            self._judge(beside, announced, change, found)
        beside.check_place()

    def _exchange(self, beside: Beside, after: File, announced: Announced, found: OnDisk | None) -> None:
        """Put the new file in its place, and the old one under the name it had."""
        folder, scratch, name = beside.folder, beside.scratch, beside.path.name
        like = _opened(beside) if found else None
        try:
            assert announced.mode is not None
            refused = replace.stage(
                folder, scratch, after.content, announced.mode, announced.back if like is None else like
            )
        finally:
            if like is not None:
                os.close(like)
        try:
            swap = beside.renames.put_new if found is None else beside.renames.exchange
            swap(folder, scratch, folder, name)
        except OSError:
            os.unlink(scratch, dir_fd=folder)
            raise
        self._tell(refused and f"{beside.path} came back {refused}")

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

    def clear(self) -> None:
        """Clear what a killed run left beside the files, and settle its record."""
        self._dropped += rescue.clear(self._folder, self.notes.append)

    def sweep(self, paths: Iterable[PurePosixPath], after: float = memory.ABANDONED) -> None:
        """Keep and report what a killed run left beside the files if its record is lost."""
        rescue.sweep(self._folder, paths, after, self.notes.append)


@contextlib.contextmanager
def _by_name(file: Path) -> Iterator[None]:
    """Name the file that a person knows in what the system refuses, whatever we had made beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error


def _mode(change: Change, found: OnDisk | None, entry: FileRecord) -> int | None:
    """Return the permissions of the new file: those of the old one, also of one that we deleted and a revert brings."""
    if change.after is None:
        return None
    before = found.mode if found else entry.gone_mode if change.reverts else None
    executable = change.after.executable
    return replace.new_mode(executable) if before is None else replace.kept_mode(before, executable)


def _opened(beside: Beside) -> int:
    """Open the file that is replaced; a pipe or a link that somebody puts there now holds nobody up."""
    try:
        return os.open(beside.path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=beside.folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise Changed(f"{beside.path} was changed meanwhile") from None
        raise
