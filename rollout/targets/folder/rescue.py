"""What a killed run left beside shared files: removed where it is ours, given back where it is a person's."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from msgspec import structs

from rollout.machine import look
from rollout.model.files import fingerprint
from rollout.targets.folder import made_folders, memory
from rollout.targets.folder.displaced import Beside, is_scratch_of
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import Announced, FileRecord
from rollout.targets.folder.shared import SharedFolder

_OUT_OF_REACH = "its folder is a link or no longer a folder; what a killed run may have left there is out of reach"
_BLOCKED = {errno.ENOTDIR, errno.ELOOP}  # somebody replaced a folder


Tell = Callable[[str], None]  # told at once, for what comes after may fail


def clear(folder: SharedFolder, tell: Tell) -> list[str]:
    """Remove what a killed run left beside the files, giving back people's files, and settle its record.

    Return the fingerprints that no entry names any more.
    """
    dropped: list[str] = []
    for name, entry in folder.remembered.read().items():
        if entry.announced is not None:
            path = PurePosixPath(name)
            _clear_file(folder, path, entry.announced, tell)
            dropped += _settle(folder, path, entry.announced)
            made_folders.remove_empty(folder, path)
    return dropped


def _clear_file(folder: SharedFolder, path: PurePosixPath, announced: Announced, tell: Tell) -> None:
    try:
        with look.parent(folder.root, path) as inside:
            for note in _cleared(folder.beside(path, inside, announced.scratch), announced, folder.remembered):
                tell(note)
    except FileNotFoundError:
        pass  # the folder is gone, with everything in it
    except OSError as error:
        if error.errno not in _BLOCKED:
            raise
        tell(f"{path}: {_OUT_OF_REACH}")


def _cleared(beside: Beside, announced: Announced, remembered: FolderMemory) -> Iterator[str]:
    half, whole = beside.part(), remembered.file(announced.print)
    if half.lies_there():
        note = half.removed(lambda found: whole is not None and whole.content.startswith(found.content))
        yield from () if note is None else (note,)
    for left in beside.ends():
        found = left.look()
        known = found is not None and announced.is_known(found)
        note = left.removed(announced.is_known) if known else left.rescued(announced.is_ours)
        yield from () if note is None else (note,)


def _settle(folder: SharedFolder, path: PurePosixPath, announced: Announced) -> tuple[str, ...]:
    """Record a killed run's announced write as done if its result is there, and forget it otherwise."""
    if fingerprint(look.as_file(look.look(folder.root, path))) == announced.print:
        return memory.settle(folder.remembered, path, announced)
    entries = folder.remembered.read()
    entry = entries.pop(str(path), FileRecord())
    entry = structs.replace(entry, announced=None, folders=entry.and_made_for(announced))
    if entry != FileRecord():
        entries[str(path)] = entry
    folder.remembered.write(entries)
    return ()


def sweep(folder: SharedFolder, paths: Iterable[PurePosixPath], after: float, tell: Tell) -> None:
    """Keep and report what a killed run left beside the files if its record is lost.

    Another machine may be writing here now: only files that have not changed for `after` seconds are taken.
    """
    for path in paths:
        with contextlib.suppress(OSError), look.parent(folder.root, path) as inside:
            for name in _abandoned(inside, path.name, after):
                kept = folder.beside(path, inside, name).kept()
                tell(f"{path}: what a killed run had left beside it is kept in {kept}")


def _abandoned(inside: int, name: str, after: float) -> list[str]:
    ours = is_scratch_of(name)
    matching = [entry for entry in os.listdir(inside) if ours.match(entry)]
    ages = [time.time() - os.stat(entry, dir_fd=inside, follow_symlinks=False).st_ctime for entry in matching]
    return [entry for entry, age in zip(matching, ages, strict=True) if age > after]
