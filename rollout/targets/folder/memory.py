"""What rollout remembers of a shared folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.machine import locks, state_folder
from rollout.machine.files import read, write_whole
from rollout.model.files import Agreed, File, TakenOver, file_print
from rollout.model.plan import Change
from rollout.targets.folder import record
from rollout.targets.folder.record import Announced, FileRecord, Record

ABANDONED = 600.0  # seconds after which a file beside ours, from an unknown run, counts as a killed run's
_IN_USE = 3600.0  # seconds for which a kept content stays, whatever the records say


class FolderMemory(Struct, frozen=True):
    """What rollout last wrote in a folder, kept in the state folder: a record, and contents by their hash."""

    record: Path
    contents: Path

    def read(self) -> dict[str, FileRecord]:
        return record.read(self.record)

    def write(self, entries: Record) -> None:
        record.write(self.record, entries)

    def keep(self, file: File | None) -> None:
        """Keep a content, readable by its owner only, for revert and for merges."""
        if file is None:
            return
        place = self.contents / file.sha256
        if self._content(file.sha256) is None:
            write_whole(place, file.content)
        else:
            os.utime(place)  # it is in use again

    def _content(self, sha256: str) -> bytes | None:
        """Return a kept content, if it is there and complete."""
        try:
            content = read(self.contents / sha256)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def file(self, entry: str | None) -> File | None:
        """Return the file of a fingerprint, if its content was kept."""
        printed = file_print(entry)
        content = None if printed is None else self._content(printed.sha256)
        return None if printed is None or content is None else File(content, printed.executable)

    def forget(self, prints: Iterable[str]) -> None:
        """Remove contents that no folder's record names any more; one that was just kept may be in use."""
        used = set[str]()
        for file in self.record.parent.glob("*.json"):
            entries = record.read_whole(file)
            if entries is None:
                return  # we cannot know what an unreadable record names
            used |= _contents(word for entry in entries.values() for word in entry.prints())
        for name in _contents(prints) - used:
            with contextlib.suppress(OSError):
                if time.time() - (self.contents / name).stat().st_mtime > _IN_USE:
                    (self.contents / name).unlink()

    def sweep(self) -> None:
        """Remove unfinished files of killed runs: they have not changed for long, and have no name yet."""
        for folder in (self.contents, self.record.parent):
            for left in folder.glob(".rollout-*"):
                with contextlib.suppress(OSError):
                    if time.time() - left.stat().st_mtime > ABANDONED:
                        left.unlink()


def _contents(prints: Iterable[str]) -> set[str]:
    """Return the hashes of the contents that fingerprints name."""
    return {printed.sha256 for word in prints if (printed := file_print(word)) is not None}


def memory(state: Path, root: Path) -> FolderMemory:
    name = state_folder.key(os.path.realpath(root))
    return FolderMemory(state / "folders" / f"{state_folder.slug(root.name)}-{name}.json", state / "contents")


@contextmanager
def locked(state: Path, root: Path, wait: float) -> Iterator[None]:
    lock = memory(state, root).record.with_suffix(".lock")
    with locks.locked(lock, f"{root}: the folder", wait):
        yield


def take_over(remembered: FolderMemory, found: Mapping[PurePosixPath, TakenOver]) -> None:
    """Take over files that others wrote exactly as they should be: from now on a change is drift."""
    entries = remembered.read()
    for path, one in found.items():
        remembered.keep(one.file)
        remembered.keep(one.there)
        was = entries.get(str(path), FileRecord())
        entries[str(path)] = was.taken_over(one)
    remembered.write(entries)


def settle(remembered: FolderMemory, path: PurePosixPath, announced: Announced) -> tuple[str, ...]:
    """Record that an announced write is done; return the fingerprints that its entry names no longer."""
    entries = remembered.read()
    entry = entries.get(str(path), FileRecord())
    entries[str(path)] = entry.written(announced)
    remembered.write(entries)
    return entry.forgotten(announced)


def keep(remembered: FolderMemory, changes: Iterable[Change]) -> None:
    """Record the files that a person decided to keep."""
    entries = remembered.read()
    for change in changes:
        entries[str(change.path)] = replace(entries.get(str(change.path), FileRecord()), kept=change.asks)
    remembered.write(entries)


def agree(remembered: FolderMemory, found: Mapping[PurePosixPath, Agreed]) -> None:
    """Remember which keys of documents others wrote just as they should be."""
    entries = remembered.read()
    for path, agreed in found.items():
        entries[str(path)] = replace(entries.get(str(path), FileRecord()), agreed=agreed)
    remembered.write(entries)


def any_announced(remembered: FolderMemory) -> bool:
    """Tell whether a killed run announced a write that nobody has settled."""
    return any(entry.announced is not None for entry in remembered.read().values())
