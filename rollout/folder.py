"""A shared folder outside git: its managed files as they are, and the memory of what rollout wrote there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from rollout import atomic, locks, places
from rollout.model import File, Obstacle, Snapshot, Written
from rollout.plan import fingerprint

ABANDONED = 600.0  # seconds after which a file beside ours, of a run nobody knows of, is a killed run's
_IN_USE = 3600.0  # seconds for which a content that was kept stays, whatever the records say


class Memory(Struct, frozen=True):
    """What rollout last wrote in a folder, kept in the state folder: a record, and contents by their hash."""

    record: Path
    contents: Path

    def read(self) -> dict[str, Any]:
        return places.read_json(self.record)

    def write(self, record: Mapping[str, Any]) -> None:
        places.write_whole(self.record, json.dumps(record).encode())

    def keep(self, file: File | None) -> None:
        """Keep a content, readable by its owner only, for revert and for merges."""
        if file is None:
            return
        place = self.contents / file.sha256
        if self._content(file.sha256) is None:
            places.write_whole(place, file.content)
        else:
            os.utime(place)  # it is in use again

    def _content(self, sha256: str) -> bytes | None:
        """Return a content that was kept, if it is there and whole."""
        try:
            content = places.read(self.contents / sha256)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def file(self, entry: str | None) -> File | None:
        """Return the file a fingerprint speaks of, if its content was kept."""
        if entry is None or entry in {"", "-"} or ":" not in entry:
            return None
        mode, _, sha256 = entry.partition(":")
        content = self._content(sha256)
        return None if content is None else File(content, mode == "100755")

    def forget(self, prints: Iterable[str]) -> None:
        """Remove contents that no record of any folder speaks of any more; one that was just kept may be in use."""
        records = [places.read_json(file) for file in self.record.parent.glob("*.json")]
        if not all(records):
            return  # who knows what the one that cannot be read speaks of
        used = {_sha256(entry) for record in records for entry in _prints(record)}
        for name in {_sha256(entry) for entry in prints} - used:
            with contextlib.suppress(OSError):
                if time.time() - (self.contents / name).stat().st_mtime > _IN_USE:
                    (self.contents / name).unlink()

    def sweep(self) -> None:
        """Remove what killed runs had not written to its end: it has lain still for long, and has no name yet."""
        for folder in (self.contents, self.record.parent):
            for left in folder.glob(".rollout-*"):
                with contextlib.suppress(OSError):
                    if time.time() - left.stat().st_mtime > ABANDONED:
                        left.unlink()


def _sha256(entry: str) -> str:
    return entry.partition(":")[2]


def _prints(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fingerprint of every content that a record speaks of."""
    for entry in record.values():
        announced = entry.get("announced") or {}
        yield from (entry.get("print", ""), entry.get("merge_base") or "", *entry.get("theirs", []))
        yield from (announced.get("print", ""), announced.get("before", ""))
        for pair in entry.get("ours", []):
            yield from pair


def memory(state: Path, root: Path) -> Memory:
    name = places.key(os.path.realpath(root))
    return Memory(state / "folders" / f"{places.slug(root.name)}-{name}.json", state / "contents")


def open_to_all(root: Path) -> str | None:
    """Say where on the way to a folder anybody may put something else in its place, or None.

    In a folder like /tmp what is there stays its owner's: then it must be ours or the system's.
    """
    trusted = {0, os.geteuid()}
    for place in dict.fromkeys((Path(os.path.abspath(root)), Path(os.path.realpath(root)))):
        owner: int | None = None  # of the entry below
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


@contextmanager
def locked(state: Path, root: Path, wait: float) -> Iterator[None]:
    record = memory(state, root).record
    with locks.locked(record.with_suffix(".lock"), f"{root}: the folder", wait):
        yield


def snapshot(root: Path, wanted: Iterable[PurePosixPath], kept: Memory) -> Snapshot:
    """Return the managed paths as they are on the disk, and what rollout last wrote there."""
    files = {path: atomic.as_file(atomic.look(root, path)) for path in wanted}
    written: dict[PurePosixPath, Written] = {}
    for name, entry in kept.read().items():
        path = PurePosixPath(name)
        found = files[path] if path in files else atomic.as_file(atomic.look(root, path))
        last = _last_written(entry, found, kept)
        if last is not None and (path in files or found is not None):
            written[path] = last
    return Snapshot(_revision(files), files, written)


def _revision(files: Mapping[PurePosixPath, File | Obstacle | None]) -> str:
    text = "\0".join(f"{path}\0{fingerprint(found)}" for path, found in sorted(files.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _last_written(entry: Mapping[str, Any], found: File | Obstacle | None, kept: Memory) -> Written | None:
    """Settle what was written last: a write that was announced counts if its result is there."""
    announced = entry.get("announced")
    current = entry
    if announced and announced["print"] == fingerprint(found):
        current = announced
    if "print" not in current:
        return None
    base = None if current["print"] == "-" else kept.file(current["print"])
    if base is None and current["print"] != "-":
        # The content is gone, but not what it was: a file that differs from it still is drift.
        base = found if isinstance(found, File) and fingerprint(found) == current["print"] else File(b"\0gone")
    pairs = tuple(
        (_bytes(before, kept), _bytes(after, kept)) for before, after in entry.get("ours", []) if after != "-"
    )
    merged = current.get("merged")
    merge_base = kept.file(entry.get("merge_base")) if merged else None
    return Written(base, current.get("run"), pairs, merged, merge_base)


def _bytes(entry: str, kept: Memory) -> bytes:
    file = kept.file(entry)
    return file.content if file else b""


def take_over(kept: Memory, files: Mapping[PurePosixPath, File]) -> None:
    """Take files that others wrote just as they should be for ours: from now on a change is drift."""
    record = kept.read()
    for path, file in files.items():
        kept.keep(file)
        entry = {key: value for key, value in record.get(str(path), {}).items() if key in {"ours", "theirs"}}
        record[str(path)] = {**entry, "print": fingerprint(file), "run": None}
    kept.write(record)


def any_announced(kept: Memory) -> bool:
    """Tell whether a killed run announced a write that nobody settled."""
    return any(entry.get("announced") for entry in kept.read().values())
