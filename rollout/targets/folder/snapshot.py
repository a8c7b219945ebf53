"""Read the managed files of a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from rollout.machine import clock, look
from rollout.machine.look import OnDisk
from rollout.model.changed import ChangedBy
from rollout.model.files import NO_FILE, File, Obstacle, Snapshot, Written, fingerprint
from rollout.model.own_writes import nothing_of_others
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import FileRecord


def open_to_all(root: Path) -> str | None:
    """Say where on the path to a folder anybody may replace an entry, or None.

    In a folder like /tmp, an entry stays its owner's: then it must be ours or the system's.
    """
    trusted = {0, os.geteuid()}
    for place in dict.fromkeys((Path(os.path.abspath(root)), Path(os.path.realpath(root)))):
        owner: int | None = None  # the owner of the entry below
        for folder in (place, *place.parents):
            if not os.path.lexists(folder):
                continue
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_mode & stat.S_IWOTH:
                if not about.st_mode & stat.S_ISVTX or folder == place:
                    return f"anybody may write to {folder}: chmod o-w {folder}"
                if owner is not None and owner not in trusted:
                    return f"anybody may write to {folder}, and what is there belongs to another user (uid {owner})"
            owner = about.st_uid
    return None


def read_snapshot(root: Path, wanted: Iterable[PurePosixPath], remembered: FolderMemory) -> Snapshot:
    """Return the managed paths as they are on the disk, and what rollout last wrote there."""
    there = {path: look.look(root, path) for path in wanted}
    files = {path: look.as_file(found) for path, found in there.items()}
    linked = frozenset(path for path, found in there.items() if isinstance(found, OnDisk) and found.links > 1)
    written: dict[PurePosixPath, Written] = {}
    record = remembered.read()
    keeps = {PurePosixPath(name): entry.kept for name, entry in record.items() if entry.kept}
    holds = {PurePosixPath(name): entry.held for name, entry in record.items() if entry.held}
    for name, entry in record.items():
        path = PurePosixPath(name)
        found = files[path] if path in files else look.as_file(look.look(root, path))
        last = last_written(entry, found, remembered)
        if last is not None and (path in files or found is not None):
            written[path] = last
    agreed = {PurePosixPath(name): entry.agreed for name, entry in record.items() if entry.agreed}
    back = frozenset(path for path in holds if record[str(path)].is_given_back(files.get(path)))
    return Snapshot(
        _revision(files), files, written, kept=keeps, held=holds, given_back=back, agreed=agreed, linked=linked
    )


def last_changes(root: Path, paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, ChangedBy]:
    """Return when files were last changed; a folder does not tell by whom."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[path] = ChangedBy(os.lstat(root / path).st_mtime, clock.epoch())
    return found


def _revision(files: Mapping[PurePosixPath, File | Obstacle | None]) -> str:
    text = "\0".join(f"{path}\0{fingerprint(found)}" for path, found in sorted(files.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def last_written(entry: FileRecord, found: File | Obstacle | None, remembered: FolderMemory) -> Written | None:
    """Settle what was written last: an announced write counts if its result is there."""
    current = _settled(entry, found)
    if current.print is None:
        return None
    base = None if current.print == NO_FILE else remembered.file(current.print)
    if base is None and current.print != NO_FILE:
        # The content is gone, but its hash is known: a file that differs from it is still drift.
        base = found if isinstance(found, File) and fingerprint(found) == current.print else File(b"\0gone")
    known = [(pair, both) for pair in current.present if (both := _both(pair, remembered)) is not None]
    merge_base = remembered.file(current.merge_base) if current.merged else None
    merges = _merges(current, remembered)
    noted = not current.ours or current.ours[-1][1] != current.print
    keys_only = noted and current.keys_only
    writes = [(None if before == NO_FILE else before, after) for before, after in current.present]
    ours = nothing_of_others(writes, current.share, current.merged)
    anew = frozenset(number for number, (pair, _) in enumerate(known) if pair in current.anew)
    return Written(
        base, current.run, tuple(both for _, both in known), current.merged, merge_base, merges,
        noted=noted, keys_only=keys_only, as_left=noted and current.as_left, there=remembered.file(current.there),
        alone=ours and not noted, share=current.share, anew=anew,
    )  # fmt: skip


def _settled(entry: FileRecord, found: File | Obstacle | None) -> FileRecord:
    """Return an entry after the write that it announces, if the result of that is there."""
    announced = entry.announced
    return entry.written(announced) if announced is not None and announced.print == fingerprint(found) else entry


def changed_since(root: Path, path: PurePosixPath, remembered: FolderMemory) -> bool:
    """Tell whether there is something else than we last wrote at a path, or took over as it stood."""
    found = look.as_file(look.look(root, path))
    entry = _settled(remembered.read().get(str(path), FileRecord()), found)
    return entry.print is not None and not entry.is_unchanged(found)


def _merges(current: FileRecord, remembered: FolderMemory) -> tuple[tuple[File, File], ...]:
    writes = current.ours[-current.merges :] if current.merges else ()
    sides = [(remembered.file(before), remembered.file(after)) for before, after in writes]
    return tuple((before, after) for before, after in sides if before is not None and after is not None)


def _both(pair: tuple[str, str], remembered: FolderMemory) -> tuple[bytes, bytes] | None:
    """Return what was there before and after a write of ours; None if it deleted the file, or that was lost."""
    before, after = (_bytes(side, remembered) for side in pair)
    return None if pair[1] == NO_FILE or before is None or after is None else (before, after)


def _bytes(entry: str, remembered: FolderMemory) -> bytes | None:
    """Return a file's content, nothing if there was no file, or None if its content was lost."""
    file = remembered.file(entry)
    return file.content if file else b"" if entry == NO_FILE else None
